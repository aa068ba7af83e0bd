import Base
import HTTP

/// Why a job was not taken in.
enum SubmitError: Error {
    case invalid(String)
    case unavailable(String)
    /// There are as many jobs as the coordinator takes.
    case exhausted(String)

    static let tooManyJobs = SubmitError.exhausted(
        "RESOURCE_EXHAUSTED: \(Limits.openJobs) jobs have not ended, the most that the coordinator "
            + "takes; submit the job again when some have, see otjob list"
    )

    var reason: String {
        switch self {
        case .invalid(let text), .unavailable(let text), .exhausted(let text): text
        }
    }

    var response: HTTPResponse {
        switch self {
        case .invalid(let text): .error(400, text)
        case .exhausted(let text): .error(429, text)
        case .unavailable(let text): .error(503, text)
        }
    }
}
