import API
import Base
import Glibc
import HTTP
import Identity
import Storage
import Transport
import Working

/// How a worker comes by its identity: from its folder, or for a join token, which is good once.
///
/// The folder notes which token was exchanged, so that a service may name its token's file at every
/// start. All calls block.
struct Joining {
    private static let knockInterval = Duration.seconds(1)

    let coordinator: HostPort
    let pool: PoolID
    let folder: IdentityFolder

    func credentials(tokenFile: String?) throws(JoinError) -> Credentials {
        if let token = try freshToken(in: tokenFile) { return try exchange(token) }
        guard folder.has(.worker) else {
            throw .noIdentity(folder: folder.path, pool: pool, tokenFile: tokenFile)
        }
        let credentials = try read { () throws(IdentityError) in
            try folder.credentials(of: .worker)
        }
        guard case .worker(pool, _) = credentials.subject else {
            throw .otherPool(credentials.subject, folder: folder.path, pool: pool)
        }
        return credentials
    }

    /// The token, unless it was exchanged already; its file may be gone then.
    private func freshToken(in file: String?) throws(JoinError) -> JoinToken? {
        guard let file, !folder.has(.worker) || Directory.exists(path: file) else { return nil }
        let text = try read { () throws(IdentityError) in try IdentityFolder.token(inFile: file) }
        guard let token = JoinToken(text) else { throw .noToken(file: file) }
        return folder.hasExchanged(token.secret) ? nil : token
    }

    private func exchange(_ token: JoinToken) throws(JoinError) -> Credentials {
        let key = PrivateKey()
        let request = JoinRequest(pool: pool.rawValue, request: CertificateRequest(for: key).pem)
        let answer = try ask(token, JSON.encode(request))
        return try read { () throws(IdentityError) in
            let credentials = try Credentials(
                key: key,
                certificate: Certificate(pem: answer.certificate, source: "the answer"),
                authority: Certificate(pem: answer.authority, source: "the answer")
            )
            guard credentials.authority.fingerprint == token.fingerprint else {
                throw .mismatch("the coordinator answered with the authority of another cluster")
            }
            try folder.noteExchange(of: token.secret)
            try folder.save(credentials)
            return credentials
        }
    }

    /// Sends the secret to a coordinator of the authority that the token names, and to nobody else.
    private func ask(_ token: JoinToken, _ body: [UInt8]) throws(JoinError) -> JoinResponse {
        let api = HostPort(host: coordinator.host, port: token.port)
        let security = TLSContext(authorityFingerprint: token.fingerprint)
        let response: HTTPResponse
        do throws(HTTPError) {
            let client = try HTTPClient(
                baseURL: "https://\(api)",
                access: ClientAccess(token: token.secret, security: security)
            )
            response = try send(body, to: client)
        } catch {
            throw .notReached(error)
        }
        guard response.status == 200 else {
            throw .refused(try decode(ErrorBody.self, response, from: api).error.message)
        }
        return try decode(JoinResponse.self, response, from: api)
    }

    private func decode<Answer: Decodable>(
        _ type: Answer.Type,
        _ response: HTTPResponse,
        from api: HostPort
    ) throws(JoinError) -> Answer {
        do throws(JSONError) {
            return try JSON.decode(type, from: response.body)
        } catch {
            throw .notUnderstood(api, error.description)
        }
    }

    /// Knocks as long as there is nobody, as a worker does that was a member before.
    private func send(_ body: [UInt8], to client: HTTPClient) throws(HTTPError) -> HTTPResponse {
        let end = EventLoop.now() + WorkerCore.knockingTime
        while true {
            do throws(HTTPError) {
                let response = try client.send(.post, Routes.join, body: body)
                if response.status != 503 || EventLoop.now() > end { return response }
            } catch {
                guard case .unreachable = error, EventLoop.now() < end else { throw error }
            }
            sleep(UInt32(Self.knockInterval.seconds))
        }
    }

    private func read<Value>(
        _ body: () throws(IdentityError) -> Value
    ) throws(JoinError) -> Value {
        do throws(IdentityError) {
            return try body()
        } catch {
            throw .identity(error)
        }
    }
}

/// Why a worker has no identity to work with, and what to do about it.
enum JoinError: Error, CustomStringConvertible {
    case identity(IdentityError)
    case noToken(file: String)
    case noIdentity(folder: String, pool: PoolID, tokenFile: String?)
    case otherPool(Subject, folder: String, pool: PoolID)
    case notReached(HTTPError)
    case refused(String)
    case notUnderstood(HostPort, String)

    var description: String {
        switch self {
        case .identity(let error): error.description
        case .noToken(let file):
            "\(file) holds no join token; make one with: otjob token create --pool POOL"
        case .noIdentity(let folder, let pool, let tokenFile):
            "\(folder) holds no identity of a worker"
                + (tokenFile.map { ", and the token in \($0) was exchanged already" } ?? "")
                + "; make a token with otjob token create --pool \(pool), and name its file: "
                + "--token-file FILE"
        case .otherPool(let subject, let folder, let pool):
            "\(folder) holds the identity of \(subject), not of one of pool \(pool); name another "
                + "folder: --identity DIR"
        case .notReached(let error): "cannot join: \(error)"
        case .refused(let reason): "cannot join: \(reason)"
        case .notUnderstood(let address, let reason):
            "the answer of \(address) is not understood: \(reason); install the same version"
        }
    }

    /// As those of otjob: 3 for a coordinator that is not reachable, 2 for what another try would not
    /// change.
    var exitCode: Int32 {
        if case .notReached(.unreachable) = self { 3 } else { 2 }
    }
}
