/// Where compressed bytes come from: a file in production, memory in tests.
///
/// A source belongs to one thread. It reports its own failures as `GzipError.source`.
package protocol ByteSource: AnyObject {
    /// Fills the front of `buffer` and returns the number of bytes, 0 only at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(GzipError) -> Int
}

/// Serves bytes from memory, at most `maximumRead` at a time.
package final class MemorySource: ByteSource {
    private let bytes: [UInt8]
    private let maximumRead: Int
    private var position = 0

    package init(_ bytes: [UInt8], maximumRead: Int = .max) {
        precondition(maximumRead > 0, "a source that serves nothing would look like the end")
        self.bytes = bytes
        self.maximumRead = maximumRead
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, maximumRead, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}
