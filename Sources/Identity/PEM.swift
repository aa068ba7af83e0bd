import COpenSSL

/// Text to OpenSSL's objects and back.
enum PEM {
    /// Lends a reader over `text` to `body`.
    static func read<Result>(_ text: String, _ body: (OpaquePointer) -> Result) -> Result {
        // Of wrong passwords, wrong bytes and the like nothing must be left for the next caller.
        defer { ERR_clear_error() }
        let bytes = Array(text.utf8)
        guard let reader = BIO_new_mem_buf(bytes, Int32(bytes.count)) else {
            preconditionFailure("no memory for \(bytes.count) bytes")
        }
        defer { BIO_free(reader) }
        return withExtendedLifetime(bytes) { body(reader) }
    }

    /// What `body` writes.
    static func write(_ body: (OpaquePointer) -> Int32) -> [UInt8] {
        guard let writer = BIO_new(BIO_s_mem()) else { preconditionFailure("no memory for text") }
        defer { BIO_free(writer) }
        precondition(body(writer) == 1, "OpenSSL cannot write what it has made")
        let size = BIO_ctrl_pending(writer)
        return [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
            count = max(0, Int(BIO_read(writer, bytes.baseAddress, Int32(size))))
        }
    }
}

/// Never asks at the terminal for a password: keys here have none.
let noPassword:
    @convention(c) (
        UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, _, _, _ in -1 }

/// OpenSSL's last error on this thread; its list of errors is empty afterwards.
package func takeOpenSSLError() -> UInt {
    let code = ERR_peek_last_error()
    ERR_clear_error()
    return code
}

/// OpenSSL's words for one of its errors.
package func openSSLReason(_ code: UInt) -> String {
    copenssl_reason(code).map { String(cString: $0) } ?? "error \(code)"
}
