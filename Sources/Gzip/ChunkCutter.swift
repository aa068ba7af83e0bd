import Base

/// Cuts a raw stream into chunks of whole lines.
///
/// A chunk ends behind the last newline within `chunkSizeBytes` of its beginning, or, where there is
/// none, behind the next one; what is left at the end of the stream is the last chunk. So the cuts
/// depend on the raw bytes and the chunk size alone, never on how the input was read, and a second
/// pass over the same file cuts at the same places.
///
/// Owned by one thread, and the only reader of its `GzipReader`. A chunk is handed out before the
/// file's end is verified: only the nil of `next` says that the whole file was good. After an error
/// every call throws it again.
package final class ChunkCutter {
    private let reader: GzipReader
    private let chunkSizeBytes: Int
    private let maximumLineSizeBytes: Int

    /// Bytes read and scanned at a time, while they are in the cache.
    ///
    /// At most a line's limit, so that a line that is too long never lies inside one piece; at most a
    /// chunk, so that what is left over of a piece always fits into the next chunk.
    private let pieceSizeBytes: Int

    /// What was read behind the last cut: an unfinished line, or less than a piece.
    private let carry: UnsafeMutableRawBufferPointer
    private var carriedBytes = 0

    private var isEnded = false
    private var failure: ChunkError?
    private var nextIndex = 0
    private var nextLine: Int64 = 1
    private var nextOffset: Int64 = 0

    package init(
        reader: GzipReader,
        chunkSizeBytes: Int,
        maximumLineSizeBytes: Int = Limits.lineSizeBytes
    ) {
        precondition(chunkSizeBytes > 0 && maximumLineSizeBytes > 0, "sizes must be positive")
        self.reader = reader
        self.chunkSizeBytes = chunkSizeBytes
        self.maximumLineSizeBytes = maximumLineSizeBytes
        pieceSizeBytes = min(GzipReader.pieceSizeBytes, chunkSizeBytes, maximumLineSizeBytes)
        carry = .allocate(byteCount: maximumLineSizeBytes, alignment: 64)
    }

    deinit { carry.deallocate() }

    /// Bytes that a buffer for `next` must have.
    ///
    /// The slack stays free behind every chunk, so that vector loops may over-read.
    package var bufferSizeBytes: Int {
        max(chunkSizeBytes, maximumLineSizeBytes) + Limits.textSlackBytes
    }

    /// The first line without its newline, nil when the stream is empty.
    ///
    /// A carriage return stays. Only allowed before the first `next`, and once.
    package func readHeaderLine() throws(ChunkError) -> [UInt8]? {
        precondition(nextLine == 1, "the header is the first line of the stream")
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: maximumLineSizeBytes + 1,
            alignment: 64
        )
        defer { buffer.deallocate() }
        // No line fits into a chunk of 0 bytes, so this one is cut behind its first.
        let lines = try cut(into: buffer, sizeBytes: 0)
        guard lines.wholeBytes > 0 else { return nil }
        let header = buffer[..<lines.wholeBytes]
        return Array(header.last == UInt8(ascii: "\n") ? header.dropLast() : header)
    }

    /// Fills the front of `buffer` with whole lines, nil at the verified end.
    ///
    /// As many as fit into the chunk size; a single longer line may exceed it, up to the limit of
    /// lines. Only the last line of the stream may lack its newline. `buffer` has at least
    /// `bufferSizeBytes`; what stands behind the chunk in it is unspecified.
    package func next(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(ChunkError) -> CutChunk? {
        precondition(buffer.count >= bufferSizeBytes, "the buffer is smaller than bufferSizeBytes")
        let offset = nextOffset
        reader.beginChunk(at: offset)
        let lines = try cut(into: buffer, sizeBytes: chunkSizeBytes)
        guard lines.wholeBytes > 0 else { return nil }
        let point = reader.takePoint(before: offset)
        defer { nextIndex += 1 }
        return CutChunk(
            index: nextIndex,
            sizeBytes: lines.wholeBytes,
            firstLine: lines.firstLine,
            lineCount: lines.lineCount,
            rawOffset: offset,
            crc32: lines.crc,
            slice: point.map { ChunkSlice(point: $0, end: reader.contentMark) }
        )
    }

    /// Cuts the next lines off the stream: none only at its end.
    private func cut(
        into buffer: UnsafeMutableRawBufferPointer,
        sizeBytes: Int
    ) throws(ChunkError) -> LineRun {
        if let failure { throw failure }
        var lines = LineRun(
            buffer: buffer,
            firstLine: nextLine,
            maximumLineSizeBytes: maximumLineSizeBytes
        )
        do {
            try gather(&lines, sizeBytes: sizeBytes)
        } catch {
            failure = error
            throw error
        }
        nextLine += lines.lineCount
        nextOffset += Int64(lines.wholeBytes)
        keepRest(of: lines)
        return lines
    }

    private func gather(_ lines: inout LineRun, sizeBytes: Int) throws(ChunkError) {
        let carried = UnsafeRawBufferPointer(rebasing: carry[..<carriedBytes])
        lines.free(carriedBytes).copyMemory(from: carried)
        try lines.take(carriedBytes)
        while !isEnded, lines.filledBytes < sizeBytes {
            try lines.take(read(into: lines, upTo: sizeBytes - lines.filledBytes))
        }
        if isEnded { return lines.closeLastLine() }
        // One byte more than a line may have tells a line that is too long from a last one.
        while !isEnded, lines.wholeBytes == 0 {
            let room = maximumLineSizeBytes + 1 - lines.filledBytes
            try lines.takeOneLine(read(into: lines, upTo: room))
        }
        if lines.wholeBytes == 0 { lines.closeLastLine() }
    }

    /// Reads a piece into the free part; less than asked for means the verified end.
    private func read(into lines: LineRun, upTo limit: Int) throws(ChunkError) -> Int {
        let wanted = min(limit, pieceSizeBytes)
        do {
            let count = try reader.read(into: lines.free(wanted))
            isEnded = count < wanted
            return count
        } catch {
            throw .gzip(error)
        }
    }

    private func keepRest(of lines: LineRun) {
        let rest = lines.buffer[lines.wholeBytes..<lines.filledBytes]
        carry.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest))
        carriedBytes = rest.count
    }
}
