import COpenSSL

/// A public key, signed by its private one: what an authority is asked to certify (RFC 2986).
///
/// It says nothing else: who its bearer is, the authority knows from elsewhere.
package final class CertificateRequest {
    private let pointer: OpaquePointer

    private init(takingOver pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_REQ_free(pointer) }

    package convenience init(for key: PrivateKey) {
        guard let pointer = X509_REQ_new(), X509_REQ_set_pubkey(pointer, key.pointer) == 1,
            X509_REQ_sign(pointer, key.pointer, EVP_sha256()) > 0
        else { preconditionFailure("OpenSSL signs no certificate request") }
        self.init(takingOver: pointer)
    }

    /// Takes only what its own key has signed.
    package convenience init(pem: String) throws(IdentityError) {
        let pointer = PEM.read(pem) { PEM_read_bio_X509_REQ($0, nil, noPassword, nil) }
        guard let pointer else {
            throw .notReadable(what: "certificate request", source: "the request")
        }
        self.init(takingOver: pointer)
        let isGood = X509_REQ_verify(pointer, X509_REQ_get0_pubkey(pointer)) == 1
        ERR_clear_error()
        guard isGood else { throw .badRequest }
    }

    package var pem: String {
        String(decoding: PEM.write { PEM_write_bio_X509_REQ($0, pointer) }, as: UTF8.self)
    }

    /// The `EVP_PKEY` to certify.
    var publicKey: OpaquePointer? { X509_REQ_get0_pubkey(pointer) }
}
