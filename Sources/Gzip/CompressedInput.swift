/// The compressed bytes that were read from the source and not yet used.
///
/// One buffer, allocated once:
///
/// ```
/// | kept | used | unread | free |
/// ^ start       ^ position ^ end
/// ```
///
/// The last bytes of the read before are kept in front: the decoder may have looked at them already
/// and gives them back.
final class CompressedInput {
    /// Bytes asked from the source at a time.
    ///
    /// Measured: 256 KiB reads cost nothing beside inflating, and stay in the second-level cache.
    static let readSizeBytes = 256 << 10

    /// Bytes that can be given back: ISA-L buffers at most 64 bits, and a block may begin within one
    /// more byte.
    private static let keptBytes = 16

    private let source: any ByteSource
    private let memory: UnsafeMutableRawBufferPointer
    private var start = keptBytes
    private var position = keptBytes
    private var end = keptBytes
    private var bytesFromSource: Int64 = 0
    /// CRC-32 of the bytes of the source in front of `start`; kept up where marks are wanted.
    private var crcAtStart: UInt32 = 0
    private let hasMarks: Bool

    /// Marks cost a CRC-32 over the compressed bytes, so they have to be asked for.
    init(source: any ByteSource, hasMarks: Bool) {
        self.source = source
        self.hasMarks = hasMarks
        memory = .allocate(byteCount: Self.keptBytes + Self.readSizeBytes, alignment: 64)
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

    /// Undoes the use of the last `count` bytes.
    func giveBack(_ count: Int) {
        precondition(count >= 0 && count <= position - start, "gave back more than ISA-L buffers")
        position -= count
    }

    /// A place at most a few bytes before the next unread byte, with the CRC-32 of all before it.
    func mark(bytesBack: Int = 0) -> CompressedMark {
        precondition(hasMarks, "marks were not asked for")
        precondition(bytesBack <= position - start, "a mark lies before the bytes that were kept")
        let front = UnsafeRawBufferPointer(rebasing: memory[start..<position - bytesBack])
        return CompressedMark(
            offset: offset - Int64(bytesBack),
            crc32: crc32(front, continuing: crcAtStart)
        )
    }

    /// Makes sure that there is an unread byte; false at the end of the source.
    func fill() throws(GzipError) -> Bool {
        if position < end { return true }
        keepLastBytes()
        let free = UnsafeMutableRawBufferPointer(rebasing: memory[Self.keptBytes...])
        let count = try source.read(into: free)
        precondition(count >= 0 && count <= free.count, "a source returned an impossible count")
        end = Self.keptBytes + count
        bytesFromSource += Int64(count)
        return count > 0
    }

    /// Moves the last bytes to the front and makes the rest of the buffer free.
    private func keepLastBytes() {
        let kept = max(start, end - Self.keptBytes)..<end
        if hasMarks {
            let dropped = UnsafeRawBufferPointer(rebasing: memory[start..<kept.lowerBound])
            crcAtStart = crc32(dropped, continuing: crcAtStart)
        }
        start = Self.keptBytes - kept.count
        let bytes = UnsafeRawBufferPointer(rebasing: memory[kept])
        UnsafeMutableRawBufferPointer(rebasing: memory[start..<Self.keptBytes])
            .copyMemory(from: bytes)
        position = Self.keptBytes
        end = Self.keptBytes
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

/// A place in the compressed input, with the CRC-32 of all bytes before it.
package struct CompressedMark: Equatable, Sendable {
    package let offset: Int64
    package let crc32: UInt32

    /// The CRC-32 of the bytes from here to `end`.
    package func crc32(upTo end: CompressedMark) -> UInt32 {
        Gzip.crc32(ofRestOf: end.crc32, behind: crc32, restSizeBytes: end.offset - offset)
    }
}
