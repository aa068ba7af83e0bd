import CShims
import Glibc

/// A chunk in the making: whole lines at the front of a buffer, then the beginning of a line.
///
/// ```
/// | whole lines, counted, in the CRC | unfinished | free |
/// 0                         wholeBytes  filledBytes
/// ```
///
/// Every byte is looked at when it comes in, while it is in the cache.
struct LineRun {
    let buffer: UnsafeMutableRawBufferPointer
    /// Number of the first line in the file.
    let firstLine: Int64
    let maximumLineSizeBytes: Int

    private(set) var filledBytes = 0
    private(set) var wholeBytes = 0
    private(set) var lineCount: Int64 = 0
    private(set) var crc: UInt32 = 0

    init(buffer: UnsafeMutableRawBufferPointer, firstLine: Int64, maximumLineSizeBytes: Int) {
        self.buffer = buffer
        self.firstLine = firstLine
        self.maximumLineSizeBytes = maximumLineSizeBytes
    }

    /// The first `count` free bytes.
    func free(_ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: buffer[filledBytes..<filledBytes + count])
    }

    /// Takes `count` bytes in that were written into the free part, up to their last newline.
    ///
    /// Not more than a line's limit at a time, so that only the line that was open before can be
    /// longer than that.
    mutating func take(_ count: Int) throws(ChunkError) {
        let piece = UnsafeRawBufferPointer(free(count))
        guard let first = piece.firstNewline, let last = piece.lastNewline else {
            return try takeWithoutNewline(count)
        }
        try checkLine(endingAt: filledBytes + first + 1)
        closeLines(at: filledBytes + last + 1, count: piece.newlineCount)
        filledBytes += count
    }

    /// Takes `count` bytes in as `take` does, but closes the first line only.
    mutating func takeOneLine(_ count: Int) throws(ChunkError) {
        guard let first = UnsafeRawBufferPointer(free(count)).firstNewline else {
            return try takeWithoutNewline(count)
        }
        try checkLine(endingAt: filledBytes + first + 1)
        closeLines(at: filledBytes + first + 1, count: 1)
        filledBytes += count
    }

    /// Makes the unfinished rest, if there is any, the last line of the stream.
    mutating func closeLastLine() {
        if wholeBytes < filledBytes { closeLines(at: filledBytes, count: 1) }
    }

    private mutating func takeWithoutNewline(_ count: Int) throws(ChunkError) {
        filledBytes += count
        try checkLine(endingAt: filledBytes)
    }

    private func checkLine(endingAt end: Int) throws(ChunkError) {
        if end - wholeBytes > maximumLineSizeBytes {
            throw .lineTooLong(line: firstLine + lineCount, limit: maximumLineSizeBytes)
        }
    }

    private mutating func closeLines(at end: Int, count: Int64) {
        let lines = UnsafeRawBufferPointer(rebasing: buffer[wholeBytes..<end])
        crc = crc32(lines, continuing: crc)
        wholeBytes = end
        lineCount += count
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var firstNewline: Int? {
        let newline = Int32(UInt8(ascii: "\n"))
        guard let start = baseAddress, let found = memchr(start, newline, count) else {
            return nil
        }
        return UnsafeRawPointer(found) - start
    }

    /// Looked for from the end, where it mostly is within a line's length.
    fileprivate var lastNewline: Int? { lastIndex(of: UInt8(ascii: "\n")) }

    fileprivate var newlineCount: Int64 {
        guard let start = baseAddress else { return 0 }
        return Int64(shim_count_newlines(start.assumingMemoryBound(to: UInt8.self), count))
    }
}
