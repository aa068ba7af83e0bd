import Glibc

/// Credentials as one text, for a worker that gets them through a pipe: so they are in no file, and
/// in no list of arguments.
extension Credentials {
    /// Far above a key and two certificates.
    private static let textBytes = 64 << 10

    /// The key, its certificate, that of the authority; PEM.
    package var text: Secret {
        let certificates = Array((certificate.pem + authority.pem).utf8)
        return key.pem.withBytes { Secret($0 + certificates) }
    }

    /// `source` names where the text comes from, for errors.
    package init(text: Secret, source: String) throws(IdentityError) {
        let certificates = text.withBytes {
            Certificate.all(pem: String(decoding: $0, as: UTF8.self))
        }
        guard certificates.count == 2 else {
            throw .notReadable(what: "certificate with its authority's", source: source)
        }
        self = try Credentials(
            key: PrivateKey(pem: text, source: source),
            certificate: certificates[0],
            authority: certificates[1]
        )
    }

    /// Reads a text to the end of standard input; blocks until that is closed.
    package static func fromStandardInput() throws(IdentityError) -> Credentials {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < textBytes {
            let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return try Credentials(text: Secret(bytes), source: "standard input")
    }
}
