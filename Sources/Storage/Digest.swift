import COpenSSL

/// A running SHA-256 or MD5 over bytes that arrive in pieces.
///
/// MD5 only tells "changed or not"; it protects against nothing. Not thread-safe.
package final class Digest {
    package enum Algorithm: Sendable {
        case sha256, md5

        fileprivate var implementation: OpaquePointer? {
            switch self {
            case .sha256: EVP_sha256()
            case .md5: EVP_md5()
            }
        }
    }

    private let context: OpaquePointer
    private var isFinished = false

    package init(_ algorithm: Algorithm) {
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("no memory for a digest") }
        self.context = context
        // Fails only where the machine's OpenSSL forbids the algorithm (FIPS mode without MD5).
        let isReady = EVP_DigestInit_ex(context, algorithm.implementation, nil) == 1
        precondition(isReady, "OpenSSL does not offer \(algorithm); check its configuration")
    }

    deinit { EVP_MD_CTX_free(context) }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        precondition(!isFinished, "a finished digest was updated")
        guard !bytes.isEmpty else { return }
        let isAdded = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
        precondition(isAdded, "OpenSSL failed to add bytes to a digest")
    }

    /// The digest of all bytes, 32 of SHA-256 and 16 of MD5; to be called once.
    package func finish() -> [UInt8] {
        precondition(!isFinished, "a digest was finished twice")
        isFinished = true
        return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            var length: UInt32 = 0
            let isDone = EVP_DigestFinal_ex(context, buffer.baseAddress, &length) == 1
            precondition(isDone, "OpenSSL failed to finish a digest")
            count = Int(length)
        }
    }

    /// SHA-256 of bytes that are all there.
    package static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        let digest = Digest(.sha256)
        digest.update(bytes)
        return digest.finish()
    }

    /// SHA-256 of an array.
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { sha256($0) }
    }
}
