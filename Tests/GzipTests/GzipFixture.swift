import Base
import CZlib
import Gzip

/// Gzip as zlib makes it: another implementation than the one under test.
enum GzipFixture {
    /// One member with the given content.
    ///
    /// A block has at most 2^(memoryLevel + 6) symbols; and one ends, as `flush` tells zlib, behind
    /// every `flushedBytes` bytes.
    static func member(
        _ content: [UInt8],
        level: Int32 = Z_DEFAULT_COMPRESSION,
        strategy: Int32 = Z_DEFAULT_STRATEGY,
        hasAllHeaderFields: Bool = false,
        memoryLevel: Int32 = 8,
        flush: Int32 = Z_NO_FLUSH,
        flushedBytes: Int = .max
    ) -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window, plus 16 for the gzip frame: zlib.h, deflateInit2.
        let begun = deflateInit2_(
            &stream,
            level,
            Z_DEFLATED,
            15 + 16,
            memoryLevel,
            strategy,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        precondition(begun == Z_OK, "deflateInit2 failed")
        defer { deflateEnd(&stream) }
        if !hasAllHeaderFields {
            return deflateAll(&stream, content, flush: flush, flushedBytes: flushedBytes)
        }
        var extra = [UInt8]("EX\u{2}\u{0}ab".utf8)
        var name = [UInt8]("name.tsv\0".utf8)
        var comment = [UInt8]("a comment\0".utf8)
        return extra.withUnsafeMutableBufferPointer { extra in
            name.withUnsafeMutableBufferPointer { name in
                comment.withUnsafeMutableBufferPointer { comment in
                    var header = gz_header()
                    header.time = 1_700_000_000
                    header.extra = extra.baseAddress
                    header.extra_len = uInt(extra.count)
                    header.name = name.baseAddress
                    header.comment = comment.baseAddress
                    header.hcrc = 1
                    return withUnsafeMutablePointer(to: &header) {
                        precondition(deflateSetHeader(&stream, $0) == Z_OK, "no header")
                        return deflateAll(&stream, content)
                    }
                }
            }
        }
    }

    private static func deflateAll(
        _ stream: inout z_stream,
        _ content: [UInt8],
        flush: Int32 = Z_NO_FLUSH,
        flushedBytes: Int = .max
    ) -> [UInt8] {
        var content = content
        // The bound counts a header of zlib's own, to which the fields above add some bytes; and a
        // flush adds at most 9 (zlib.h, deflatePending), and begins a block with tables of its own.
        let flushes = content.count / flushedBytes + 1
        let bound = Int(deflateBound(&stream, uLong(content.count))) + 64 + 100 * flushes
        return content.withUnsafeMutableBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: bound) { output, count in
                stream.next_in = input.baseAddress
                stream.next_out = output.baseAddress
                stream.avail_out = uInt(output.count)
                for begin in stride(from: 0, to: input.count, by: flushedBytes) {
                    stream.avail_in = uInt(min(flushedBytes, input.count - begin))
                    precondition(deflate(&stream, flush) == Z_OK, "deflate failed")
                }
                let ended = deflate(&stream, Z_FINISH)
                precondition(ended == Z_STREAM_END, "deflate failed")
                count = output.count - Int(stream.avail_out)
            }
        }
    }

    /// A table of lines as the product reads them, compressible and never the same.
    static func table(lines: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        var text: [UInt8] = []
        for line in 0..<lines {
            text += "tt\(line)\t".utf8
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                text += "word\(UInt8.random(in: 0...60, using: &generator)) ".utf8
            }
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }

    /// Bytes that do not compress.
    static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// What `GzipReader` makes of `compressed`.
    static func content(
        of compressed: [UInt8],
        maximumRead: Int = .max,
        bufferSizeBytes: Int = 1 << 20,
        limits: GzipLimits = .init()
    ) throws(GzipError) -> [UInt8] {
        let source = MemorySource(compressed, maximumRead: maximumRead)
        let reader = GzipReader(source: source, limits: limits)
        return try content(of: reader, bufferSizeBytes: bufferSizeBytes)
    }

    static func content(
        of reader: GzipReader,
        bufferSizeBytes: Int = 1 << 20
    ) throws(GzipError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: bufferSizeBytes,
            alignment: 1
        )
        defer { buffer.deallocate() }
        var content: [UInt8] = []
        while true {
            let count = try reader.read(into: buffer)
            if count == 0 { return content }
            content += UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        }
    }
}
