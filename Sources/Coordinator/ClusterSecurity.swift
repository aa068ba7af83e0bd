import API
import Base
import HTTP
import Identity
import Jobs
import Transport

/// What the coordinator proves itself with, and what it asks of others.
struct ClusterSecurity: Sendable {
    /// TLS of the HTTP API; nil where it is plain.
    let http: TLSContext?
    /// TLS of the workers' port, where workers prove who they are; nil where it is plain.
    let workers: TLSContext?
    /// Signs the workers' certificates; nil where all stays on this machine.
    let authority: CertificateAuthority?
    /// Of the token that the HTTP API asks for; nil where local users are trusted.
    let token: TokenHash?
    /// Hosts that the coordinator's certificate is for, and that requests may name therefore.
    let hosts: [String]

    /// Reads keys and certificates; renews the coordinator's own where a third of its life is left.
    init(_ configuration: ClusterConfiguration) throws(IdentityError) {
        let security = configuration.security
        token = try security.tokenFile.map { path throws(IdentityError) in
            TokenHash(of: try IdentityFolder.token(inFile: path))
        }
        guard let directory = security.directory else {
            (http, workers, authority, hosts) = (nil, nil, nil, [])
            return
        }
        let folder = IdentityFolder(directory)
        let authority = try folder.authority()
        let credentials = try Self.coordinator(in: folder, authority, at: EventLoop.wallTime())
        // Clients of the API prove themselves by their token.
        http = configuration.httpUsesTLS ? TLSContext(server: credentials, clients: nil) : nil
        workers =
            configuration.workersUseTLS ? TLSContext(server: credentials, clients: .worker) : nil
        self.authority = authority
        hosts = credentials.certificate.hosts
    }

    private static func coordinator(
        in folder: IdentityFolder,
        _ authority: CertificateAuthority,
        at now: WallTime
    ) throws(IdentityError) -> Credentials {
        let credentials = try folder.credentials(of: .coordinator)
        let left = credentials.certificate.validUntil - now
        guard left < CertificateAuthority.coordinatorLifetime / 3 else { return credentials }
        let renewed = try authority.makeCoordinator(
            name: credentials.subject.name,
            hosts: credentials.certificate.hosts,
            at: now
        )
        try folder.save(renewed)
        CoordinatorLog.write("renewed the coordinator's certificate in \(folder.path)")
        return renewed
    }

    /// The answer to a request whose bearer may not ask; nil lets it pass.
    ///
    /// Every path is closed to strangers but those named here, so that a new route cannot be
    /// forgotten; and which paths there are is not told either.
    func refusal(of request: HTTPRequest) -> HTTPResponse? {
        guard let token, !Self.isOpen(request) else { return nil }
        if let shown = request.bearerToken, token.matches(shown) { return nil }
        return .unauthorized("this coordinator asks for a token; \(Self.advice)")
    }

    private static let advice =
        "put the one of its security folder at ~/.config/otjob/token, or name it in OTJOB_TOKEN_FILE"

    private static func isOpen(_ request: HTTPRequest) -> Bool {
        request.method == .get && request.path == Routes.health
            // A join token, which is good for nothing else, is looked at there.
            || request.method == .post && request.path == Routes.join
    }
}

extension HTTPRequest {
    /// The token of `Authorization: Bearer` (RFC 6750 section 2.1).
    var bearerToken: Secret? {
        guard let header = header("Authorization") else { return nil }
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        return Secret(words[1].utf8.filter { $0 != UInt8(ascii: " ") })
    }
}

extension HTTPResponse {
    static func unauthorized(_ message: String) -> Self {
        var response = HTTPResponse.error(401, message)
        response.headers.append(("WWW-Authenticate", "Bearer"))
        return response
    }
}
