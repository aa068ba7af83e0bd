import COpenSSL
import Glibc
import Identity

/// TLS on one non-blocking socket.
///
/// Bytes are read straight into the caller's memory and written straight from it. THREADING: belongs
/// to the loop's thread.
final class TLSSession {
    enum Outcome {
        /// So many bytes were moved; 1 for a handshake that is done.
        case done(Int)
        /// Nothing can be done before the socket is readable, or writable.
        case wantsRead, wantsWrite
        /// The other side ended its stream.
        case ended
        case failed(CloseReason)
    }

    private let pointer: OpaquePointer

    /// The socket stays the caller's; `host` is whom a client wants to reach.
    init(_ context: TLSContext, on descriptor: Int32, host: String?) {
        pointer = context.makeSession(host: host)
        precondition(SSL_set_fd(pointer, descriptor) == 1, "no memory for TLS")
        // One call reads a record's head and body, and often the next record's.
        SSL_set_read_ahead(pointer, 1)
    }

    deinit { SSL_free(pointer) }

    /// Who is on the other side; nil before the handshake, and of clients that need no certificate.
    var peer: Certificate? {
        SSL_get1_peer_certificate(pointer).map { Certificate(takingOver: $0) }
    }

    func handshake() -> Outcome {
        ERR_clear_error()
        return outcome(SSL_do_handshake(pointer), 1)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        ERR_clear_error()
        var count = 0
        let code = SSL_read_ex(pointer, buffer.baseAddress, buffer.count, &count)
        return outcome(code, count)
    }

    /// Writes a record's worth at most; what could not be written must come first the next time.
    func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        ERR_clear_error()
        var count = 0
        let code = SSL_write_ex(pointer, bytes.baseAddress, bytes.count, &count)
        return outcome(code, count)
    }

    /// Whether bytes lie here that make no socket readable any more.
    var hasPending: Bool { SSL_has_pending(pointer) == 1 }

    /// Tells the other side that nothing more follows, as far as the kernel takes it at once.
    func sayGoodbye() {
        // Within a handshake, or after a failure, there is nothing to say.
        guard SSL_is_init_finished(pointer) == 1 else { return }
        ERR_clear_error()
        SSL_shutdown(pointer)
        ERR_clear_error()
    }

    private func outcome(_ code: Int32, _ count: Int) -> Outcome {
        if code > 0 { return .done(count) }
        // Before anything else may set it.
        let number = errno
        switch SSL_get_error(pointer, code) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SYSCALL:
            return number == 0 ? .ended : .failed(CloseReason(errno: number))
        default:
            let reason = TLSReason.text(of: pointer, takeOpenSSLError())
            return .failed(.untrusted(reason: reason ?? "no reason was given"))
        }
    }
}

/// Why TLS failed, in words.
package enum TLSReason {
    /// Of a failure that OpenSSL gave this code; nil when nothing failed.
    package static func text(of session: OpaquePointer, _ code: UInt) -> String? {
        switch Int32(SSL_get_verify_result(session)) {
        case X509_V_OK: return code == 0 ? nil : openSSLReason(code)
        case X509_V_ERR_APPLICATION_VERIFICATION:
            return "the other side's certificate is not of the role that is expected here"
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return "the other side's certificate is of another cluster's authority"
        case let result:
            let text = X509_verify_cert_error_string(Int(result)).map { String(cString: $0) }
            return "the other side's certificate: \(text ?? "error \(result)")"
        }
    }
}
