package import API
import Base
package import HTTP
import Wire

/// The coordinator's API, typed.
package struct CoordinatorClient: Sendable {
    package let url: String
    private let http: HTTPClient

    /// How long an answer may take; submits and explains look at the input's size first.
    private static let patience: Duration = .seconds(30)

    package init(url: String, access: ClientAccess) throws(CLIError) {
        self.url = url
        do throws(HTTPError) {
            http = try HTTPClient(baseURL: url, access: access)
        } catch {
            throw CLIError(error)
        }
    }

    package func get<Answer: Decodable>(
        _ type: Answer.Type,
        _ path: String,
        query: [(String, String)] = []
    ) throws(CLIError) -> Answer {
        try decode(type, try send(.get, path, query: query), path)
    }

    package func post<Answer: Decodable>(
        _ type: Answer.Type,
        _ path: String,
        body: [UInt8]
    ) throws(CLIError) -> Answer {
        try decode(type, try send(.post, path, body: body), path)
    }

    /// Asks for something to be done; the answer's content is not worth reading.
    package func post(
        _ path: String,
        body: [UInt8] = Array("{}".utf8),
        patience: Duration = patience
    ) throws(CLIError) {
        _ = try send(.post, path, body: body, patience: patience)
    }

    /// An answer as it stands.
    package func bytes(
        _ path: String,
        query: [(String, String)] = []
    ) throws(CLIError) -> [UInt8] {
        try send(.get, path, query: query)
    }

    private func send(
        _ method: HTTPMethod,
        _ path: String,
        query: [(String, String)] = [],
        body: [UInt8]? = nil,
        patience: Duration = patience
    ) throws(CLIError) -> [UInt8] {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try http.send(method, path, query: query, body: body, timeout: patience)
        } catch {
            throw CLIError(error)
        }
        guard (200..<300).contains(response.status) else { throw Self.refusal(response, path) }
        return response.body
    }

    /// Whether it answers at all.
    package var isHealthy: Bool {
        do throws(CLIError) {
            _ = try send(.get, Routes.health, patience: .seconds(1))
            return true
        } catch {
            return false
        }
    }

    /// A coordinator of another protocol version is not spoken to.
    package func requireSameProtocol() throws(CLIError) {
        let theirs = try get(VersionInfo.self, Routes.version)
        guard theirs.protocolVersion == Int(protocolVersion) else {
            throw .failed(
                "the coordinator \(theirs.version) speaks protocol \(theirs.protocolVersion), this "
                    + "otjob \(productVersion) speaks \(protocolVersion); install the same version"
            )
        }
    }

    /// Reads a job's states as they come, until `onStatus` returns false or the stream ends.
    package func events(
        ofJob id: String,
        onStatus: (JobStatus) -> Bool
    ) throws(CLIError) {
        let path = Routes.jobEvents(id)
        var garbage: JSONError?
        do throws(HTTPError) {
            try http.events(path) { event in
                guard event.name == "status" else { return true }
                do throws(JSONError) {
                    return onStatus(try JSON.decode(JobStatus.self, from: Array(event.data.utf8)))
                } catch {
                    garbage = error
                    return false
                }
            }
        } catch {
            if case .notAStream(_, let response) = error { throw Self.refusal(response, path) }
            throw CLIError(error)
        }
        if let garbage { throw .notUnderstood(path: path, reason: garbage.description) }
    }

    private func decode<Answer: Decodable>(
        _ type: Answer.Type,
        _ body: [UInt8],
        _ path: String
    ) throws(CLIError) -> Answer {
        do throws(JSONError) {
            return try JSON.decode(type, from: body)
        } catch {
            throw .notUnderstood(path: path, reason: error.description)
        }
    }

    /// The error that an answer carries; one without is from something else than a coordinator.
    private static func refusal(_ response: HTTPResponse, _ path: String) -> CLIError {
        do throws(JSONError) {
            return .refused(try JSON.decode(ErrorBody.self, from: response.body).error)
        } catch {
            let reason = "status \(response.status) without an error in it"
            return .notUnderstood(path: path, reason: reason)
        }
    }
}
