import Base
import COpenSSL

/// What somebody proves with who it is: a key, its certificate, and the authority of both sides.
package struct Credentials: Sendable {
    package let key: PrivateKey
    package let certificate: Certificate
    package let authority: Certificate
    package let subject: Subject

    /// Takes only what belongs together; whether it is still valid is seen when it is used.
    package init(
        key: PrivateKey,
        certificate: Certificate,
        authority: Certificate
    ) throws(IdentityError) {
        defer { ERR_clear_error() }
        guard X509_check_private_key(certificate.pointer, key.pointer) == 1 else {
            throw .mismatch("the certificate is not that of the private key")
        }
        guard X509_verify(certificate.pointer, X509_get0_pubkey(authority.pointer)) == 1 else {
            throw .mismatch("the certificate is not one of the authority in ca.pem")
        }
        guard let subject = certificate.subject else {
            throw .mismatch("the certificate does not say whose it is")
        }
        self.key = key
        self.certificate = certificate
        self.authority = authority
        self.subject = subject
    }
}
