import Base
import HTTP
import Identity
import Scheduling
import Transport
import Wire

/// Which workers may work, where they have to prove who they are.
extension CoordinatorShell {
    /// Why a worker may not work in a pool, by default its own, or not any more; nil when it may.
    func complaint(about link: WorkerLink, in pool: PoolID? = nil) -> String? {
        guard let proof = link.proof, let pool = pool ?? link.hello.map({ PoolID($0.pool) }) else {
            return security.workers == nil ? nil : "it has no certificate"
        }
        guard let identities else { return "this cluster has no certificates" }
        return identities.complaint(about: proof, in: pool, at: EventLoop.now())
    }

    /// Lets a worker go at once; its attempts are leased to others.
    func expel(_ link: WorkerLink, _ complaint: String) {
        let reason = "refused: \(complaint)"
        link.dismiss(.refuse(reason: complaint), reason)
        closed(link, reason: reason)
    }

    /// Lets those go whose identity does not count any more.
    func expelRevoked() {
        for (_, link) in links.sorted(by: { $0.key < $1.key }) {
            if let complaint = complaint(about: link) { expel(link, complaint) }
        }
    }

    func renew(_ link: WorkerLink, request: String) {
        guard let identities, let proof = link.proof else {
            return link.close("it asks for a certificate where there are none")
        }
        switch identities.renew(proof, request: request) {
        case .success(let certificate):
            link.proof = WorkerProof(certificate, at: EventLoop.now(), EventLoop.wallTime())
            link.send(.certificate(pem: certificate.pem))
        case .failure(let refusal):
            link.close("its certificate cannot be renewed: \(refusal.text)")
        }
    }

    /// An identity for a worker of ours; nil where the port asks for none.
    func makeIdentity(in pool: PoolID) throws(IdentityError) -> Credentials? {
        guard security.workers != nil else { return nil }
        return try identities?.makeOwnIdentity(in: pool)
    }

    /// A join token for a worker that a command starts; nil where the port asks for no certificate.
    func makeJoinToken(
        for worker: StartedWorkers.Worker,
        _ completion: @escaping CommandPools.InputReceiver
    ) {
        guard security.workers != nil, let identities else { return completion(.success(nil)) }
        guard let port = joiningPort else { return completion(.failure(.invalid(Self.noJoining))) }
        identities.makeToken(
            pool: worker.pool,
            name: worker.name.rawValue,
            lifetime: IdentityRegistry.tokenLifetime,
            port: port
        ) { completion($0.map { issued in issued.token.text }) }
    }

    /// Where workers exchange their tokens; nil where one of both ports speaks no TLS.
    var joiningPort: UInt16? {
        security.http != nil && security.workers != nil ? servers?.http.port : nil
    }

    static let noJoining =
        "workers join over TLS, which one of both ports does not speak here; give listen.workers "
        + "and listen.http addresses that their machines reach"

    /// Notes that somebody did not get through the handshake, not more than once a second.
    func refusedHandshake(of peer: String, _ reason: String) {
        if let line = refusals.line(for: "\(peer): \(reason)", at: EventLoop.now()) {
            CoordinatorLog.write(line)
        }
    }
}
