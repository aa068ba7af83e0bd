import FuzzSupport
import Gzip

/// A compressed input, cut into chunks: an error, or what zlib finds in it, byte for byte.
enum GzipFuzzer: FuzzTarget {
    /// Longest line here; short, so that long ones come about.
    private static let lineLimitBytes = 300

    /// All chunks of an input, one behind the other.
    private static func content(
        of file: [UInt8],
        pieceSize: Int,
        chunkSize: Int
    ) throws(ChunkError) -> [UInt8] {
        let cutter = ChunkCutter(
            reader: GzipReader(source: MemorySource(file, maximumRead: pieceSize)),
            chunkSizeBytes: chunkSize,
            maximumLineSizeBytes: lineLimitBytes
        )
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: cutter.bufferSizeBytes,
            alignment: 64
        )
        defer { buffer.deallocate() }
        var content: [UInt8] = []
        var lines: Int64 = 0
        while let chunk = try cutter.next(into: buffer) {
            precondition(chunk.firstLine == lines + 1, "a line number is lost")
            precondition(chunk.rawOffset == Int64(content.count), "a byte is lost")
            lines += chunk.lineCount
            content += buffer[..<chunk.sizeBytes]
        }
        let newlines = content.count { $0 == UInt8(ascii: "\n") }
        let isCut = content.last.map { $0 != UInt8(ascii: "\n") } ?? false
        precondition(lines == Int64(newlines + (isCut ? 1 : 0)), "a line is lost or counted twice")
        return content
    }

    /// Whether an input that zlib reads may be refused, as something beyond RFC 1952.
    private static func mayRefuse(_ error: ChunkError) -> Bool {
        switch error {
        case .lineTooLong, .gzip(.unsupportedHeader), .gzip(.ratioExceeded): true
        // zlib does not check a header's CRC-16 before release 1.3.
        case .gzip(.wrongHeaderCRC): true
        case .gzip: false
        }
    }

    private static let text = Array("id\ttext\n1\tabcabcabc\n2\tabcabd\n\n3\tno newline".utf8)
    private static let whole = [0, 1, 9].map { Zlib.compressed(text, level: $0) }
    private static let deflated = whole.map { Array($0[10..<$0.count - 8]) }
    static let seeds =
        whole.map { [0, 255, 60] + $0 }
        + deflated.map { [1, 5, 200] + $0 }
        + [
            [0, 0, 9] + whole[1] + whole[2], [0, 90, 90] + whole[1] + [0, 0, 0], [1, 3, 3, 3, 0],
        ]

    static func read(_ bytes: UnsafeRawBufferPointer) {
        var input = FuzzInput(bytes)
        let isBareDeflate = input.choice(2) == 1
        let (pieceSize, chunkSize) = (1 + Int(input.byte()), 1 + Int(input.byte()))
        var file = Array(input.rest)
        if isBareDeflate {
            guard let member = Zlib.member(around: file[...]) else { return }
            file = member
        }
        let expected = Zlib.content(of: file)
        do throws(ChunkError) {
            let found = try content(of: file, pieceSize: pieceSize, chunkSize: chunkSize)
            precondition(expected == nil || found == expected, "not the content that zlib finds")
        } catch {
            precondition(expected == nil || mayRefuse(error), "refused for no reason: \(error)")
            precondition(!error.description.isEmpty, "an error without a message")
        }
    }
}

@_cdecl("LLVMFuzzerInitialize")
package func begin(_: UnsafeRawPointer, _: UnsafeRawPointer) -> CInt { GzipFuzzer.begin() }
