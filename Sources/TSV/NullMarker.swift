/// Whether a field is null; generic so that the loops over fields contain the test itself.
protocol NullTest {
    /// May read two bytes behind `field`, whatever the length.
    func matches(_ field: UnsafeRawPointer, _ length: Int) -> Bool
}

/// A marker of two bytes, such as `\N`: one load and one comparison.
struct TwoByteMarker: NullTest {
    let bytes: UInt16

    @inline(__always)
    func matches(_ field: UnsafeRawPointer, _ length: Int) -> Bool {
        let differing = field.loadUnaligned(as: UInt16.self) ^ bytes
        return (length ^ 2) | Int(differing) == 0
    }
}

/// A marker of any other length, the empty one included.
struct OtherMarker: NullTest {
    let bytes: UnsafePointer<UInt8>
    let count: Int

    @inline(__always)
    func matches(_ field: UnsafeRawPointer, _ length: Int) -> Bool {
        guard length == count else { return false }
        for index in 0..<count
        where field.load(fromByteOffset: index, as: UInt8.self) != bytes[index] {
            return false
        }
        return true
    }
}

/// Owns the bytes of a declaration's null marker.
struct NullMarker: ~Copyable {
    private let bytes: UnsafeMutablePointer<UInt8>
    private let count: Int
    /// Set for a marker of two bytes.
    let short: TwoByteMarker?

    init(_ marker: [UInt8]) {
        count = marker.count
        bytes = .allocate(capacity: max(1, count))
        for (index, byte) in marker.enumerated() { bytes[index] = byte }
        short =
            count == 2
            ? TwoByteMarker(bytes: UnsafeRawPointer(bytes).loadUnaligned(as: UInt16.self)) : nil
    }

    deinit { bytes.deallocate() }

    var other: OtherMarker { OtherMarker(bytes: bytes, count: count) }
}
