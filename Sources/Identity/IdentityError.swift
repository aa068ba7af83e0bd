package import Storage

/// What can go wrong with keys, certificates and tokens, and what to do about it.
package enum IdentityError: Error, Sendable {
    case storage(StorageError)
    /// What a file or message holds is not what it should be.
    case notReadable(what: String, source: String)
    /// The three files of an identity do not belong together.
    case mismatch(String)
    /// A request whose signature does not fit its key.
    case badRequest
    /// A name or address that cannot stand in a certificate.
    case badHost(String)
    /// OpenSSL refused.
    case refused(operation: String, reason: String)
}

extension IdentityError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .storage(let error): error.description
        case .notReadable(let what, let source):
            "\(source) holds no \(what) in PEM form; restore the file, or make a new identity"
        case .mismatch(let text): text
        case .badRequest: "the certificate request is not signed by its own key"
        case .badHost(let host):
            "'\(host)' is no host name or address that can stand in a certificate"
        case .refused(let operation, let reason): "OpenSSL cannot \(operation): \(reason)"
        }
    }
}

extension IdentityError {
    package init(_ error: StorageError) { self = .storage(error) }
}
