/// The compressed bytes that were read from the source and not yet used.
///
/// One buffer, allocated once:
///
/// ```
/// | margin | used | unread | free |
///          ^ first read   ^ end
/// ```
///
/// The margin takes bytes that the decoder had looked at already and that came with an earlier read.
final class CompressedInput {
    /// Bytes asked from the source at a time.
    ///
    /// Measured: 256 KiB reads cost nothing beside inflating, and stay in the second-level cache.
    static let readSizeBytes = 256 << 10

    /// Bytes that can be given back: ISA-L buffers at most 64 bits.
    private static let marginBytes = 8

    private let source: any ByteSource
    private let memory: UnsafeMutableRawBufferPointer
    private var position = marginBytes
    private var end = marginBytes
    private var bytesFromSource: Int64 = 0

    init(source: any ByteSource) {
        self.source = source
        memory = .allocate(byteCount: Self.marginBytes + Self.readSizeBytes, alignment: 64)
    }

    deinit { memory.deallocate() }

    /// Where the next unread byte stands in the compressed input.
    var offset: Int64 { bytesFromSource - Int64(end - position) }

    /// The bytes at hand, maybe none; valid until the next call.
    var unread: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[position..<end])
    }

    /// Marks the first `count` unread bytes as used.
    func use(_ count: Int) {
        precondition(count >= 0 && count <= end - position, "used more bytes than there are")
        position += count
    }

    /// Undoes the use of the last `count` bytes, which are the lowest bytes of `bytes`, in order.
    ///
    /// They are written again because some may belong to a read before the last.
    func giveBack(_ bytes: UInt64, count: Int) {
        precondition(count >= 0 && count <= Self.marginBytes, "gave back more than ISA-L buffers")
        position -= count
        for index in 0..<count {
            memory[position + index] = UInt8(truncatingIfNeeded: bytes >> (8 * index))
        }
    }

    /// Makes sure that there is an unread byte; false at the end of the source.
    func fill() throws(GzipError) -> Bool {
        if position < end { return true }
        let free = UnsafeMutableRawBufferPointer(rebasing: memory[Self.marginBytes...])
        let count = try source.read(into: free)
        precondition(count >= 0 && count <= free.count, "a source returned an impossible count")
        position = Self.marginBytes
        end = Self.marginBytes + count
        bytesFromSource += Int64(count)
        return count > 0
    }

    /// The next byte without using it, nil at the end of the source.
    func peek() throws(GzipError) -> UInt8? {
        try fill() ? memory[position] : nil
    }

    /// Uses and returns the next byte; the end of the source is an error.
    func next() throws(GzipError) -> UInt8 {
        guard try fill() else { throw .truncated(offset: offset) }
        defer { position += 1 }
        return memory[position]
    }

    /// Uses and returns the next four bytes as a little-endian number.
    func nextUInt32() throws(GzipError) -> UInt32 {
        var value: UInt32 = 0
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            value |= UInt32(try next()) << shift
        }
        return value
    }
}
