import Base
import Storage

/// Tokens: secrets that their bearer sends, of which the other side keeps the hash alone.
package enum Token {
    /// 256 bits cannot be guessed, and so need no salt and no slow hash.
    private static let randomBytes = 32

    /// A new token: 64 hexadecimal digits.
    package static func make() -> Secret {
        Secret(randomBytes: randomBytes).withBytes { Secret(Array(hexadecimal($0).utf8)) }
    }
}

/// What is kept of a token.
package struct TokenHash: Hashable, Sendable {
    package let bytes: [UInt8]

    /// A hash as it was kept.
    package init(bytes: [UInt8]) { self.bytes = bytes }

    package init(of token: Secret) { bytes = token.withBytes { Digest.sha256($0) } }

    /// Compares in constant time.
    package func matches(_ token: Secret) -> Bool { areEqual(TokenHash(of: token).bytes, bytes) }
}

/// What an operator hands to a new worker: the right to join once, and how to know the cluster.
///
/// As text: `otj1.PORT.FINGERPRINT.SECRET`, where PORT is that of the HTTP API on the coordinator's
/// host, and FINGERPRINT the SHA-256 of the authority's certificate in hexadecimal. Nobody without
/// that authority's key can take the secret.
package struct JoinToken: Sendable {
    package let port: UInt16
    package let fingerprint: [UInt8]
    package let secret: Secret

    private static let mark = "otj1"

    package init(port: UInt16, authority: Certificate, secret: Secret) {
        self.port = port
        fingerprint = authority.fingerprint
        self.secret = secret
    }

    /// Nil unless the text is of the form above.
    package init?(_ text: Secret) {
        let parts = text.withBytes { bytes in
            String(decoding: bytes, as: UTF8.self)
                .split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        }
        guard parts.count == 4, parts[0] == Self.mark, let port = UInt16(parts[1]), port > 0,
            let fingerprint = Self.bytes(ofHexadecimal: parts[2]), fingerprint.count == 32,
            !parts[3].isEmpty
        else { return nil }
        self.port = port
        self.fingerprint = fingerprint
        secret = Secret(Array(parts[3].utf8))
    }

    package var text: Secret {
        let head = "\(Self.mark).\(port).\(hexadecimal(fingerprint))."
        return secret.withBytes { Secret(Array(head.utf8) + $0) }
    }

    private static func bytes(ofHexadecimal text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        let pairs = stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        return pairs.contains(nil) ? nil : pairs.compactMap(\.self)
    }
}
