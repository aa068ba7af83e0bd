/// Where a chunk's content is in what its slice inflates to.
package struct SlicePlace: Equatable, Sendable {
    /// Bits of the first compressed byte that stand before the block.
    package let bitOffset: Int
    package let window: StoredWindow
    /// Content in front of the chunk, which belongs to others.
    package let skippedBytes: Int

    package init(bitOffset: Int, window: StoredWindow, skippedBytes: Int) {
        self.bitOffset = bitOffset
        self.window = window
        self.skippedBytes = skippedBytes
    }
}

/// Inflates one chunk from its slice of the compressed input, and fills `chunk` with it.
///
/// Whether these are the chunk's bytes, its CRC-32 has to tell: an error says that the slice is not
/// deflate data of this size, but a damaged one may also come out as something else.
package func inflate(
    _ slice: UnsafeRawBufferPointer,
    at place: SlicePlace,
    into chunk: UnsafeMutableRawBufferPointer
) throws(GzipError) {
    guard let window = place.window.window else {
        throw .damaged(offset: 0, detail: "the window in front of a block")
    }
    let reader = GzipReader(
        source: SliceSource(slice),
        resumingAtBit: place.bitOffset,
        window: window
    )
    var skipped = 0
    while skipped < place.skippedBytes {
        let piece = chunk.prefix(place.skippedBytes - skipped)
        try readWhole(UnsafeMutableRawBufferPointer(rebasing: piece), from: reader)
        skipped += piece.count
    }
    try readWhole(chunk, from: reader)
}

private func readWhole(
    _ buffer: UnsafeMutableRawBufferPointer,
    from reader: GzipReader
) throws(GzipError) {
    if buffer.isEmpty { return }
    let count = try reader.read(into: buffer)
    guard count == buffer.count else { throw .truncated(offset: reader.compressedOffset) }
}

/// Serves compressed bytes that somebody else keeps in memory.
private final class SliceSource: ByteSource {
    private var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let piece = rest.prefix(buffer.count)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
        return piece.count
    }
}
