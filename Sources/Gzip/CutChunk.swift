/// A run of whole lines that was cut from a raw stream.
package struct CutChunk: Equatable, Sendable {
    /// Counts the chunks of a stream from 0.
    package let index: Int
    /// Bytes of the chunk, the newlines included.
    package let sizeBytes: Int
    /// Number of the first line in the file, whose first line, the header if it has one, is 1.
    package let firstLine: Int64
    /// Lines of the chunk; the last of the stream counts also without a newline.
    package let lineCount: Int64
    /// Where the chunk begins in the raw stream.
    package let rawOffset: Int64
    /// CRC-32 of the chunk's bytes, as `crc32(_:)` computes it.
    package let crc32: UInt32
    /// From which compressed bytes it can be inflated alone; nil where points are not recorded.
    package let slice: ChunkSlice?

    package init(
        index: Int,
        sizeBytes: Int,
        firstLine: Int64,
        lineCount: Int64,
        rawOffset: Int64,
        crc32: UInt32,
        slice: ChunkSlice? = nil
    ) {
        self.index = index
        self.sizeBytes = sizeBytes
        self.firstLine = firstLine
        self.lineCount = lineCount
        self.rawOffset = rawOffset
        self.crc32 = crc32
        self.slice = slice
    }
}

/// The compressed bytes from which one chunk can be inflated without those before.
package struct ChunkSlice: Equatable, Sendable {
    /// Where inflating begins, at or before the chunk's first byte.
    package let point: BlockPoint
    /// The end of the bytes that are needed, in the compressed input.
    package let endOffset: Int64
    /// CRC-32 of the compressed bytes from the point's on.
    package let crc32: UInt32

    package init(point: BlockPoint, end: CompressedMark) {
        self.point = point
        endOffset = end.offset
        crc32 = point.mark.crc32(upTo: end)
    }
}
