import COpenSSL

/// Bytes that must not be shown: whatever prints them prints `***`.
///
/// The one way to the bytes is ``withBytes(_:)``, so that a search for it finds every use.
package struct Secret: Sendable {
    private let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Fresh bytes from OpenSSL's generator, which the kernel seeds.
    package init(randomBytes count: Int) { bytes = randomBytes(count) }

    /// Lends the bytes for the call.
    package func withBytes<Result, Failure>(
        _ body: ([UInt8]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes)
    }

    /// Compares in a time that depends on the lengths alone.
    package func equals(_ other: Secret) -> Bool { areEqual(bytes, other.bytes) }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Compares in a time that depends on the lengths alone.
package func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}

/// Bytes from OpenSSL's generator; stops the process when the kernel has none to seed it with.
func randomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    precondition(RAND_bytes(&bytes, Int32(count)) == 1, "the system gives no random bytes")
    return bytes
}
