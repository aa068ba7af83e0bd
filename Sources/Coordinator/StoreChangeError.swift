import API
import Base
import Catalog
import HTTP

/// Why a change to the table store that a user asked for was not made.
enum StoreChangeError: Error {
    /// What was asked for cannot be; nothing will change that.
    case invalid(String)
    /// The store does not have what was named.
    case unknown(String)
    case unavailable(String)

    var reason: String {
        switch self {
        case .invalid(let text), .unknown(let text), .unavailable(let text): text
        }
    }

    init(_ error: PublishError) {
        switch error {
        case .catalog(.noView), .catalog(.noTable): self = .unknown(error.description)
        case .refused(let text): self = .invalid(text)
        case .catalog(.badName), .catalog(.nameTaken), .catalog(.notRestorable):
            self = .invalid(error.description)
        default: self = .unavailable(error.description)
        }
    }
}

extension HTTPExchange {
    /// Answers with the version that shows the change, or with why there is none.
    func respond(_ outcome: Result<SnapshotID, StoreChangeError>) {
        switch outcome {
        case .success(let snapshot): respond(json: VersionResponse(snapshot: snapshot.rawValue))
        case .failure(let error): respond(error)
        }
    }

    func respond(_ error: StoreChangeError) {
        switch error {
        case .invalid(let text): respond(.error(400, text))
        case .unknown(let text): respond(.notFound(text))
        case .unavailable(let text): respond(.error(503, text))
        }
    }
}
