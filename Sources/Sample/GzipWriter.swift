import CZlib

/// Compresses text into one gzip member (RFC 1952) and hands the bytes to a sink.
///
/// Not thread-safe. The header carries no name and no time, so that equal text gives equal bytes.
final class GzipWriter {
    /// zlib's window bits 15 (32 KiB, RFC 1951's largest) plus 16, which asks for a gzip wrapper.
    private static let windowBits: Int32 = 15 + 16
    /// zlib's default for the memory of its match finder.
    private static let memoryLevel: Int32 = 8
    private static let level: Int32 = 6
    private static let outputBytes = 64 << 10

    /// Never moves: zlib keeps a pointer back to its stream and checks it.
    private let stream: UnsafeMutablePointer<z_stream>
    private let output: UnsafeMutableBufferPointer<UInt8>
    private let sink: (UnsafeRawBufferPointer) throws(SampleError) -> Void

    init(sink: @escaping (UnsafeRawBufferPointer) throws(SampleError) -> Void) throws(SampleError) {
        self.sink = sink
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        output = .allocate(capacity: Self.outputBytes)
        // `deflateInit2` is a macro around this function, which Swift does not see.
        let code = deflateInit2_(
            stream,
            Self.level,
            Z_DEFLATED,
            Self.windowBits,
            Self.memoryLevel,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard code == Z_OK else {
            throw SampleError.compression(name: "deflateInit2", code: code)
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    /// Compresses more text.
    func write(_ text: [UInt8]) throws(SampleError) {
        try deflateAll(text, flush: Z_NO_FLUSH)
    }

    /// Ends the member; nothing may be written afterwards.
    func finish() throws(SampleError) {
        try deflateAll([], flush: Z_FINISH)
    }

    private func deflateAll(_ text: [UInt8], flush: Int32) throws(SampleError) {
        // A copy, because zlib's interface asks for mutable input that it never changes.
        let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, text.count))
        defer { input.deallocate() }
        _ = input.initialize(from: text)
        stream.pointee.next_in = input.baseAddress
        stream.pointee.avail_in = UInt32(text.count)
        repeat {
            stream.pointee.next_out = output.baseAddress
            stream.pointee.avail_out = UInt32(output.count)
            let code = deflate(stream, flush)
            guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
                throw SampleError.compression(name: "deflate", code: code)
            }
            let produced = output.count - Int(stream.pointee.avail_out)
            try sink(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(output)[..<produced]))
            // zlib.h: room left over means that all input was taken and nothing more is pending.
        } while stream.pointee.avail_out == 0
    }
}
