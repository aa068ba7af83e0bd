import CZlib

/// Gzip as zlib reads and writes it: the second opinion on what an input holds.
enum Zlib {
    /// Content that a comparison stops at; an input of a few KiB may hold 1,000 times as much.
    private static let contentLimitBytes = 8 << 20

    /// Window bits of inflateInit2: 15, plus 16 for a gzip frame, negated for none at all.
    private static let (gzip, raw): (Int32, Int32) = (15 + 16, -15)

    /// The content of a gzip file of any number of members, with zeros behind them; nil where zlib
    /// refuses it or it is too large to compare.
    static func content(of file: [UInt8]) -> [UInt8]? {
        var content: [UInt8] = []
        var rest = file[...]
        repeat {
            guard let member = inflateOne(rest, windowBits: gzip) else { return nil }
            content += member.content
            rest = rest.dropFirst(member.usedBytes)
            guard content.count <= contentLimitBytes else { return nil }
        } while rest.first == 0x1F
        return rest.allSatisfy { $0 == 0 } ? content : nil
    }

    /// A gzip member around deflate data of anybody's making, with the checks that its content
    /// needs; nil where zlib cannot inflate it.
    static func member(around deflated: ArraySlice<UInt8>) -> [UInt8]? {
        guard let (content, usedBytes) = inflateOne(deflated, windowBits: raw) else { return nil }
        let checksum = UInt32(crc32(0, content, uInt(content.count)))
        let trailer = [checksum, UInt32(truncatingIfNeeded: content.count)].flatMap { number in
            (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + deflated.prefix(usedBytes) + trailer
    }

    private static func inflateOne(
        _ bytes: ArraySlice<UInt8>,
        windowBits: Int32
    ) -> (content: [UInt8], usedBytes: Int)? {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, size) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var input = Array(bytes)
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let isEnded = input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = uInt(input.count)
            var code = Z_OK
            while code == Z_OK, content.count <= contentLimitBytes {
                let free = buffer.count
                code = buffer.withUnsafeMutableBufferPointer { output in
                    stream.next_out = output.baseAddress
                    stream.avail_out = uInt(free)
                    return inflate(&stream, Z_NO_FLUSH)
                }
                content += buffer.prefix(free - Int(stream.avail_out))
            }
            return code == Z_STREAM_END
        }
        return isEnded ? (content, bytes.count - Int(stream.avail_in)) : nil
    }

    /// One member as `gzip` makes it, for the inputs to begin with.
    static func compressed(_ content: [UInt8], level: Int32) -> [UInt8] {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        let begun = deflateInit2_(&stream, level, Z_DEFLATED, gzip, 8, 0, ZLIB_VERSION, size)
        precondition(begun == Z_OK, "zlib does not begin to deflate")
        defer { deflateEnd(&stream) }
        var content = content
        return content.withUnsafeMutableBufferPointer { input in
            let bound = Int(deflateBound(&stream, uLong(input.count)))
            return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
                stream.next_in = input.baseAddress
                stream.avail_in = uInt(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = uInt(output.count)
                let code = deflate(&stream, Z_FINISH)
                precondition(code == Z_STREAM_END, "zlib does not end a stream")
                count = output.count - Int(stream.avail_out)
            }
        }
    }
}
