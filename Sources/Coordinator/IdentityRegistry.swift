import Base
import Database
import Identity
import Transport

/// Who may work in the cluster, and who may no longer; docs/threat-model.md.
///
/// An identity is a pool and a name. Revoking one is for good: whatever certificate names it is
/// refused, also one that is still to come, so that none needs to be recorded. Lives on the loop.
final class IdentityRegistry {
    /// Time to use a join token in; failure-model.md section 4.
    static let tokenLifetime = Duration.seconds(900)
    /// From seconds, for tests, to what a rack that is being built may take; a guess.
    static let tokenLifetimes: ClosedRange<Duration> = .seconds(1) ... .seconds(7 * 86_400)
    /// The name of workers that the coordinator starts by itself; no join token bears it.
    static let ownName = "local"
    /// Far above the request for a P-256 key in PEM form.
    private static let requestBytes = 4096

    private let authority: CertificateAuthority
    private let store: JobStore
    private let certificateLifetime: Duration
    private var revoked: Set<Subject>

    init(
        authority: CertificateAuthority,
        store: JobStore,
        certificateLifetime: Duration
    ) throws(DatabaseError) {
        self.authority = authority
        self.store = store
        self.certificateLifetime = certificateLifetime
        revoked = Set(try store.revokedIdentities())
    }

    /// Why something is refused: the caller's mistake, or a state that may pass.
    enum Refusal: Error, Equatable {
        case invalid(String)
        case unauthorized(String)
        case unavailable(String)

        var text: String {
            switch self {
            case .invalid(let text), .unauthorized(let text), .unavailable(let text): text
            }
        }
    }

    typealias Completion<Value> = (Result<Value, Refusal>) -> Void

    // MARK: Judging

    /// Why a worker may not work in `pool`, or not any more; nil when it may.
    func complaint(about proof: WorkerProof, in pool: PoolID, at now: Instant) -> String? {
        guard case .worker(let own, let name) = proof.subject else {
            return "its certificate is no worker's"
        }
        guard own == pool else {
            return "its certificate is for the pool \(own), not for \(pool)"
        }
        guard !isRevoked(pool, name) else {
            return "the identity \(pool)/\(name) is revoked; join anew with another token"
        }
        // A connection may outlive the certificate that it was made with.
        guard now < proof.expires else {
            return "its certificate has expired; join anew with another token"
        }
        return nil
    }

    private func isRevoked(_ pool: PoolID, _ name: String) -> Bool {
        revoked.contains(.worker(pool: pool, name: name))
    }

    // MARK: Join tokens

    /// A join token, and what is kept of it.
    struct IssuedToken {
        let id: Int64
        let token: JoinToken
        let name: String
        let expires: WallTime
    }

    /// Makes a token for one worker of a pool, to be used at the API's `port`.
    func makeToken(
        pool: PoolID,
        name: String?,
        lifetime: Duration,
        port: UInt16,
        _ completion: @escaping Completion<IssuedToken>
    ) {
        let name = name ?? "worker-" + Self.suffix()
        if let mistake = mistake(in: name, of: pool, lifetime) {
            return completion(.failure(.invalid(mistake)))
        }
        let token = JoinToken(port: port, authority: authority.certificate, secret: Token.make())
        let now = EventLoop.wallTime()
        let expires = now + lifetime
        let hash = TokenHash(of: token.secret)
        store.insertToken(hash, pool: pool, name: name, at: now, expires: expires) { outcome in
            let answer = Self.answer(outcome).flatMap { id -> Result<IssuedToken, Refusal> in
                guard let id else {
                    let text = "\(JobStore.waitingTokens) tokens wait to be used; remove some"
                    return .failure(.invalid(text))
                }
                return .success(IssuedToken(id: id, token: token, name: name, expires: expires))
            }
            completion(answer)
        }
    }

    private func mistake(in name: String, of pool: PoolID, _ lifetime: Duration) -> String? {
        guard Subject.isValidName(name), name != Self.ownName else {
            return
                "'\(name)' is no name for a worker: a-z, 0-9, _ and -, at most 63, and not "
                + "'\(Self.ownName)'"
        }
        guard !isRevoked(pool, name) else {
            return "the identity \(pool)/\(name) is revoked, which is for good; take another name"
        }
        guard Self.tokenLifetimes.contains(lifetime) else {
            return "a token may live from 1s to 7d"
        }
        return nil
    }

    /// Something that makes names differ.
    private static func suffix() -> String {
        Token.make().withBytes { String(decoding: $0.prefix(8), as: UTF8.self) }
    }

    func tokens(_ completion: @escaping Completion<[JobStore.TokenRecord]>) {
        store.tokens { completion(Self.answer($0)) }
    }

    func removeToken(_ id: Int64, _ completion: @escaping Completion<Bool>) {
        store.removeToken(id) { completion(Self.answer($0)) }
    }

    // MARK: Certificates

    /// What a worker gets for its token.
    struct Membership {
        let certificate: Certificate
        let authority: Certificate
    }

    /// Exchanges a token for a certificate; a token of another pool is not used up.
    func join(
        _ secret: Secret,
        pool: PoolID,
        request: String,
        _ completion: @escaping Completion<Membership>
    ) {
        let now = EventLoop.wallTime()
        store.token(TokenHash(of: secret)) { [self] outcome in
            let issued = Self.answer(outcome).flatMap {
                record -> Result<(Int64, Certificate), Refusal> in
                guard let record else { return .failure(.unauthorized(Self.unknownToken)) }
                if let complaint = complaint(about: record, for: pool, at: now) {
                    return .failure(complaint)
                }
                return certify(request, as: .worker(pool: pool, name: record.name))
                    .map { (record.id, $0) }
            }
            switch issued {
            case .failure(let refusal): completion(.failure(refusal))
            case .success((let id, let certificate)): use(id, for: certificate, completion)
            }
        }
    }

    /// The token is used up, durably, before anybody has the certificate.
    private func use(
        _ id: Int64,
        for certificate: Certificate,
        _ completion: @escaping Completion<Membership>
    ) {
        store.useToken(id, at: EventLoop.wallTime()) { [authority] outcome in
            let answer = Self.answer(outcome).flatMap { isFirst -> Result<Membership, Refusal> in
                guard isFirst else { return .failure(.unauthorized(Self.usedToken)) }
                return .success(
                    Membership(certificate: certificate, authority: authority.certificate)
                )
            }
            completion(answer)
        }
    }

    private static let unknownToken =
        "the token is not known here; make one with: otjob token create --pool POOL"
    private static let usedToken =
        "the token is used already, and is good for one worker; make another with: otjob token "
        + "create --pool POOL"

    private func complaint(
        about record: JobStore.TokenRecord,
        for pool: PoolID,
        at now: WallTime
    ) -> Refusal? {
        guard record.used == nil else { return .unauthorized(Self.usedToken) }
        guard now.rfc3339 < record.expires else {
            return .unauthorized(
                "the token has expired at \(record.expires); make another with: otjob token create "
                    + "--pool \(record.pool)"
            )
        }
        guard record.pool == pool else {
            return .invalid("the token is for the pool \(record.pool), not for \(pool)")
        }
        guard !isRevoked(pool, record.name) else {
            return .unauthorized("the identity \(pool)/\(record.name) is revoked")
        }
        return nil
    }

    /// Certifies a new key of a worker that has proved who it is.
    func renew(_ proof: WorkerProof, request: String) -> Result<Certificate, Refusal> {
        guard let subject = proof.subject else {
            return .failure(.unauthorized("its certificate names nobody"))
        }
        return certify(request, as: subject)
    }

    private func certify(_ request: String, as subject: Subject) -> Result<Certificate, Refusal> {
        guard request.utf8.count <= Self.requestBytes else {
            let text = "a certificate request has at most \(Self.requestBytes) bytes"
            return .failure(.invalid(text))
        }
        return Result { () throws(IdentityError) in
            try authority.certify(
                try CertificateRequest(pem: request),
                as: subject,
                at: EventLoop.wallTime(),
                lifetime: certificateLifetime
            )
        }.mapError { .invalid($0.description) }
    }

    /// Makes an identity for a worker that the coordinator starts by itself.
    func makeOwnIdentity(in pool: PoolID) throws(IdentityError) -> Credentials {
        let key = PrivateKey()
        let certificate = try authority.certify(
            CertificateRequest(for: key),
            as: .worker(pool: pool, name: Self.ownName),
            at: EventLoop.wallTime(),
            lifetime: certificateLifetime
        )
        return try Credentials(
            key: key,
            certificate: certificate,
            authority: authority.certificate
        )
    }

    /// Revokes an identity for good; it counts as revoked from the completion on.
    func revoke(pool: PoolID, name: String, _ completion: @escaping Completion<Void>) {
        guard name != Self.ownName else {
            let text =
                "the coordinator starts the workers \(pool)/\(name) by itself, and would start "
                + "others; use otjob drain or otjob scale"
            return completion(.failure(.invalid(text)))
        }
        store.revoke(pool: pool, name: name, at: EventLoop.wallTime()) { [self] outcome in
            let answer = Self.answer(outcome)
            if case .success = answer { revoked.insert(.worker(pool: pool, name: name)) }
            completion(answer)
        }
    }

    private static func answer<Value>(
        _ outcome: Result<Value, DatabaseError>
    ) -> Result<Value, Refusal> {
        outcome.mapError { .unavailable("the job store cannot be used: \($0)") }
    }
}
