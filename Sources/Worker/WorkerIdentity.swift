import Base
import Identity
import Transport

/// Who a worker is to its coordinator: its credentials, where they are kept, and their renewal.
///
/// A value of the loop, but for `save`, which blocks.
struct WorkerIdentity: Sendable {
    /// Part of the time left after which a certificate is renewed; what remains is for trying again.
    private static let renewalShare = (2, of: 3)
    private static let shortestDelay = Duration.seconds(1)

    private let credentials: Credentials
    /// Nil where the coordinator gave them to its own worker, which keeps them in memory alone.
    private let folder: IdentityFolder?
    /// Of the renewal under way.
    private var newKey: PrivateKey?
    /// For the next connections.
    let security: TLSContext

    init(_ credentials: Credentials, folder: IdentityFolder?) {
        self.credentials = credentials
        self.folder = folder
        security = TLSContext(client: credentials)
    }

    var expiry: String {
        "the certificate of \(credentials.subject) has expired at "
            + "\(credentials.certificate.validUntil.rfc3339); join anew with another token"
    }

    func timeLeft(at now: WallTime) -> Duration { credentials.certificate.validUntil - now }

    func timeToRenewal(at now: WallTime) -> Duration {
        max(timeLeft(at: now) * Self.renewalShare.0 / Self.renewalShare.of, Self.shortestDelay)
    }

    /// Makes a new key, and the request to certify it.
    mutating func requestRenewal() -> String {
        let key = PrivateKey()
        newKey = key
        return CertificateRequest(for: key).pem
    }

    /// The identity with the certificate that was asked for; nil when it is not that.
    func adopt(_ pem: String) -> WorkerIdentity? {
        guard let newKey else { return nil }
        do throws(IdentityError) {
            let renewed = try Credentials(
                key: newKey,
                certificate: Certificate(pem: pem, source: "the coordinator's answer"),
                authority: credentials.authority
            )
            return renewed.subject == credentials.subject ? Self(renewed, folder: folder) : nil
        } catch {
            return nil
        }
    }

    func save() throws(IdentityError) { try folder?.save(credentials) }
}

extension WorkerIdentity {
    /// The identity that the options ask for; nil when the connection is to be plain.
    ///
    /// Blocks, and joins the cluster where a token is to be exchanged.
    init?(_ options: WorkerOptions, coordinator: HostPort) throws {
        guard let path = options.identity else { return nil }
        let pool = PoolID(options.pool)
        guard path != "-" else {
            self.init(try Credentials.fromStandardInput(), folder: nil)
            return
        }
        let folder = IdentityFolder(path)
        let joining = Joining(coordinator: coordinator, pool: pool, folder: folder)
        let credentials = try joining.credentials(tokenFile: options.tokenFile)
        self.init(credentials, folder: folder)
    }
}
