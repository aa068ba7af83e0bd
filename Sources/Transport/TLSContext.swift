import COpenSSL
import Glibc
package import Identity

/// The rules of one side of TLS: what it shows of itself, and whom it takes.
///
/// TLS 1.3 alone, and without resumption: every handshake looks at the certificates anew. Who the
/// other side is, its role included, is settled within the handshake.
///
/// `@unchecked Sendable`: OpenSSL counts references to a context by itself, and it is only read
/// after it was made.
package final class TLSContext: @unchecked Sendable {
    private enum Side { case server, client }

    private let pointer: OpaquePointer
    private let side: Side
    /// Used by OpenSSL as a bare pointer.
    private let judge: PeerJudge

    /// A server; only clients whose certificate has the role are taken, all when it is nil.
    package convenience init(server credentials: Credentials, clients role: Subject.Role?) {
        self.init(side: .server, judge: PeerJudge(role: role, fingerprint: nil))
        show(credentials)
        trust(credentials.authority)
        // Who joins knows the authority by its fingerprint only.
        let isAdded = copenssl_add_to_chain(pointer, credentials.authority.pointer) == 1
        precondition(isAdded, "OpenSSL takes no chain")
        if role != nil { demandCertificate() }
    }

    /// A client that proves who it is, and takes only a coordinator of its own authority.
    package convenience init(client credentials: Credentials) {
        self.init(authority: credentials.authority)
        show(credentials)
    }

    /// A client without a certificate, who takes only a coordinator of this authority.
    package convenience init(authority: Certificate) {
        self.init(side: .client, judge: PeerJudge(role: .coordinator, fingerprint: nil))
        trust(authority)
        demandCertificate()
    }

    /// A client without a certificate, who knows the authority by the SHA-256 of its certificate.
    package convenience init(authorityFingerprint: [UInt8]) {
        let judge = PeerJudge(role: .coordinator, fingerprint: authorityFingerprint)
        self.init(side: .client, judge: judge)
        demandCertificate()
    }

    private init(side: Side, judge: PeerJudge) {
        let method = side == .server ? TLS_server_method() : TLS_client_method()
        guard let pointer = SSL_CTX_new(method), copenssl_set_version_1_3(pointer) == 1 else {
            preconditionFailure("OpenSSL offers no TLS 1.3; check its configuration")
        }
        self.pointer = pointer
        self.side = side
        self.judge = judge
        SSL_CTX_set_num_tickets(pointer, 0)
        copenssl_turn_session_cache_off(pointer)
        // Frames and HTTP know their own ends, so that a cut stream is noticed without close_notify.
        SSL_CTX_set_options(
            pointer,
            copenssl_op_ignore_unexpected_eof | copenssl_op_no_renegotiation
        )
        // Chunks lie where they are; and 32 KiB of buffers are not kept for idle connections.
        let mode =
            SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
            | SSL_MODE_RELEASE_BUFFERS
        copenssl_set_mode(pointer, Int(mode))
    }

    deinit { SSL_CTX_free(pointer) }

    private func show(_ credentials: Credentials) {
        let isShown =
            SSL_CTX_use_certificate(pointer, credentials.certificate.pointer) == 1
            && SSL_CTX_use_PrivateKey(pointer, credentials.key.pointer) == 1
        precondition(isShown, "OpenSSL takes no certificate")
    }

    private func trust(_ authority: Certificate) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(pointer), authority.pointer)
    }

    private func demandCertificate() {
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        SSL_CTX_set_cert_verify_callback(
            pointer,
            { store, context in
                guard let store, let context else { return 0 }
                let judge = Unmanaged<PeerJudge>.fromOpaque(context).takeUnretainedValue()
                return judge.accepts(store) ? 1 : 0
            },
            Unmanaged.passUnretained(judge).toOpaque()
        )
    }

    /// OpenSSL's `SSL` for one connection, which the caller has to free.
    ///
    /// A client names the host that it wants, and takes no certificate of another.
    package func makeSession(host: String?) -> OpaquePointer {
        guard let session = SSL_new(pointer) else { preconditionFailure("no memory for TLS") }
        guard side == .client else {
            SSL_set_accept_state(session)
            return session
        }
        guard let host else { preconditionFailure("a client of TLS without a host") }
        SSL_set_connect_state(session)
        if X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) != 1 {
            // No numeric address, so it is a name (RFC 6066 allows none but names in the hello).
            ERR_clear_error()
            SSL_set1_host(session, host)
            _ = copenssl_set_server_name(session, host)
        }
        return session
    }
}

/// Looks at the certificate of the other side within the handshake.
private final class PeerJudge: Sendable {
    private let role: Subject.Role?
    private let fingerprint: [UInt8]?

    init(role: Subject.Role?, fingerprint: [UInt8]?) {
        self.role = role
        self.fingerprint = fingerprint
    }

    /// Besides what OpenSSL verifies (chain, time, purpose, host), the role must be the expected one.
    func accepts(_ store: OpaquePointer) -> Bool {
        guard let fingerprint else { return verify(store) }
        guard let authority = authority(in: store, fingerprint) else {
            X509_STORE_CTX_set_error(store, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN)
            return false
        }
        let trusted = OPENSSL_sk_new_null()
        defer { OPENSSL_sk_free(trusted) }
        OPENSSL_sk_push(trusted, UnsafeRawPointer(authority))
        X509_STORE_CTX_set0_trusted_stack(store, trusted)
        return verify(store)
    }

    private func verify(_ store: OpaquePointer) -> Bool {
        guard X509_verify_cert(store) == 1 else { return false }
        guard let pointer = X509_STORE_CTX_get0_cert(store) else { return false }
        X509_up_ref(pointer)
        let isExpected = Certificate(takingOver: pointer).subject?.role == role
        if !isExpected { X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION) }
        return isExpected
    }

    /// The certificate with this fingerprint among those that the other side sent.
    private func authority(in store: OpaquePointer, _ fingerprint: [UInt8]) -> OpaquePointer? {
        let sent = X509_STORE_CTX_get0_untrusted(store)
        return (0..<max(0, OPENSSL_sk_num(sent))).lazy
            .compactMap { OPENSSL_sk_value(sent, $0).map { OpaquePointer($0) } }
            .first { pointer in
                X509_up_ref(pointer)
                return areEqual(Certificate(takingOver: pointer).fingerprint, fingerprint)
            }
    }
}
