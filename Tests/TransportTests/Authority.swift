import Base
import Glibc
import Identity
import Testing
import Transport

/// Whether a test's connections are encrypted.
enum Protection: CaseIterable, CustomTestStringConvertible {
    case none, tls

    var testDescription: String { self == .none ? "plain" : "TLS" }

    var server: TLSContext? { self == .none ? nil : TestAuthority.shared.server() }
    var client: TLSContext? { self == .none ? nil : TestAuthority.shared.client() }
}

/// A cluster's authority and those whom it has certified.
struct TestAuthority {
    static let shared = TestAuthority()

    static let worker = Subject.worker(pool: PoolID("zone-a"), name: "rack-1")
    private static let hour = Duration.seconds(3600)

    let authority = required { () throws(IdentityError) in
        try CertificateAuthority(cluster: "test", at: EventLoop.wallTime())
    }

    private var present: WallTime { EventLoop.wallTime() }

    /// A coordinator's port, which takes clients of one role; anybody when it is nil.
    func server(hosts: [String] = ["127.0.0.1"], clients: Subject.Role? = .worker) -> TLSContext {
        let credentials = required { () throws(IdentityError) in
            try authority.makeCoordinator(name: "test", hosts: hosts, at: present)
        }
        return TLSContext(server: credentials, clients: clients)
    }

    func client(_ subject: Subject = worker, lifetime: Duration = hour) -> TLSContext {
        TLSContext(client: credentials(subject, lifetime: lifetime))
    }

    func credentials(_ subject: Subject = worker, lifetime: Duration = hour) -> Credentials {
        required { () throws(IdentityError) in
            let key = PrivateKey()
            let certificate = try authority.certify(
                CertificateRequest(for: key),
                as: subject,
                at: present,
                lifetime: lifetime
            )
            return try Credentials(
                key: key,
                certificate: certificate,
                authority: authority.certificate
            )
        }
    }
}

func required<Value>(_ body: () throws(IdentityError) -> Value) -> Value {
    do throws(IdentityError) {
        return try body()
    } catch {
        preconditionFailure("no identity for a test: \(error)")
    }
}
