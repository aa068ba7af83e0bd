import COpenSSL

/// A key of the curve P-256; it leaves the process only into a private file.
///
/// `@unchecked Sendable`: OpenSSL only reads the key after it was made.
package final class PrivateKey: @unchecked Sendable {
    /// OpenSSL's `EVP_PKEY`, for TLS contexts.
    package let pointer: OpaquePointer

    private init(takingOver pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }

    /// A new key.
    package convenience init() {
        guard let pointer = copenssl_new_p256_key() else {
            preconditionFailure("OpenSSL makes no P-256 key; check its configuration")
        }
        self.init(takingOver: pointer)
    }

    /// `source` names where the text comes from, for errors.
    package convenience init(pem: Secret, source: String) throws(IdentityError) {
        let pointer = pem.withBytes { bytes in
            PEM.read(String(decoding: bytes, as: UTF8.self)) {
                PEM_read_bio_PrivateKey($0, nil, noPassword, nil)
            }
        }
        guard let pointer else { throw .notReadable(what: "private key", source: source) }
        self.init(takingOver: pointer)
    }

    package var pem: Secret {
        Secret(PEM.write { PEM_write_bio_PrivateKey($0, pointer, nil, nil, 0, nil, nil) })
    }
}
