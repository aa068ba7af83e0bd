import Base
import Gzip
import Testing

@Suite("Cutting into chunks")
struct ChunkCutterTests {
    private struct Cut: Equatable {
        var header: [UInt8]?
        var chunks: [CutChunk] = []
        var texts: [[UInt8]] = []
    }

    /// Cuts `text`, served compressed `maximumRead` bytes at a time.
    private func cut(
        _ text: [UInt8],
        chunk: Int,
        line: Int = 1000,
        readsHeader: Bool = false,
        maximumRead: Int = .max
    ) throws(ChunkError) -> Cut {
        let source = MemorySource(GzipFixture.member(text, level: 1), maximumRead: maximumRead)
        let cutter = ChunkCutter(
            reader: GzipReader(source: source),
            chunkSizeBytes: chunk,
            maximumLineSizeBytes: line
        )
        var cut = Cut()
        if readsHeader { cut.header = try cutter.readHeaderLine() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: cutter.bufferSizeBytes,
            alignment: 64
        )
        defer { buffer.deallocate() }
        while let chunk = try cutter.next(into: buffer) {
            cut.chunks.append(chunk)
            cut.texts.append(Array(buffer[..<chunk.sizeBytes]))
            // The buffer may be in other hands when the next chunk is cut.
            _ = buffer.initializeMemory(as: UInt8.self, repeating: 0xEE)
        }
        return cut
    }

    private func texts(_ text: String, chunk: Int, line: Int = 1000) throws -> [String] {
        try cut([UInt8](text.utf8), chunk: chunk, line: line).texts.map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    @Test(
        "a chunk ends behind its last newline, or behind the next one if it has none",
        arguments: [
            ("", 4, []),
            ("\n", 4, ["\n"]),
            ("ab", 4, ["ab"]),
            ("abcdef", 4, ["abcdef"]),
            ("abc\n", 4, ["abc\n"]),
            ("abc\ndef\n", 4, ["abc\n", "def\n"]),
            ("abc\ndef", 4, ["abc\n", "def"]),
            ("abcd\nef\n", 4, ["abcd\n", "ef\n"]),
            ("abcdefghi\nj\nk\nl", 4, ["abcdefghi\n", "j\nk\n", "l"]),
            ("\n\n\n\n\n\n", 4, ["\n\n\n\n", "\n\n"]),
            ("a\n\n\nbcdefgh", 4, ["a\n\n\n", "bcdefgh"]),
            ("a\nb\nc\n", 100, ["a\nb\nc\n"]),
            ("a\r\nb\r\n", 4, ["a\r\n", "b\r\n"]),
            ("a\nbcdefgh\ni\n", 1, ["a\n", "bcdefgh\n", "i\n"]),
        ] as [(String, Int, [String])]
    )
    func places(text: String, chunk: Int, expected: [String]) throws {
        #expect(try texts(text, chunk: chunk) == expected)
    }

    @Test("a chunk says where it stands")
    func positions() throws {
        let cut = try cut([UInt8]("head\na\nbb\nccc\nddd\ne".utf8), chunk: 6, readsHeader: true)
        #expect(cut.header == [UInt8]("head".utf8))
        #expect(cut.chunks.map(\.index) == [0, 1, 2])
        #expect(cut.chunks.map(\.sizeBytes) == [5, 4, 5])
        #expect(cut.chunks.map(\.firstLine) == [2, 4, 5])
        #expect(cut.chunks.map(\.lineCount) == [2, 1, 2])
        #expect(cut.chunks.map(\.rawOffset) == [5, 10, 14])
        #expect(cut.chunks.map(\.crc32) == cut.texts.map { $0.withUnsafeBytes { crc32($0) } })
    }

    @Test(
        "the header is the first line without its newline",
        arguments: [
            ("", nil, ""), ("\n", "", ""), ("a", "a", ""), ("a\n", "a", ""),
            ("a\tb\r\nc\n", "a\tb\r", "c\n"), ("\nc", "", "c"),
            ("long header\nc", "long header", "c"),
        ] as [(String, String?, String)]
    )
    func header(text: String, header: String?, rest: String) throws {
        let cut = try cut([UInt8](text.utf8), chunk: 3, readsHeader: true)
        #expect(cut.header == header.map { [UInt8]($0.utf8) })
        #expect(cut.texts.flatMap(\.self) == [UInt8](rest.utf8))
    }

    @Test("a line over the limit is an error with its number", arguments: [1, 8, 10, 64, 4096])
    func longLine(chunk: Int) throws {
        let lines = "head\n\n" + String(repeating: "x", count: 9) + "\n"
        let fits = [UInt8](lines.utf8)
        let whole = try cut(fits, chunk: chunk, line: 10, readsHeader: true)
        #expect(whole.texts.flatMap(\.self) == Array(fits.dropFirst(5)))

        let tooLong = [UInt8]((lines + String(repeating: "y", count: 11)).utf8)
        for text in [tooLong, tooLong + [10], tooLong.dropLast() + [10, 10]] {
            #expect(throws: ChunkError.lineTooLong(line: 4, limit: 10)) {
                try cut(text, chunk: chunk, line: 10, readsHeader: true)
            }
        }
        let last = [UInt8]((lines + String(repeating: "y", count: 10)).utf8)
        #expect(try cut(last, chunk: chunk, line: 10).texts.flatMap(\.self) == last)
    }

    @Test("a line over the default limit is found inside a large chunk")
    func longLineInside() {
        let long = [UInt8](repeating: 120, count: Limits.lineSizeBytes)
        let text = GzipFixture.table(lines: 3, seed: 5) + long + [10] + long + [10]
        #expect(throws: ChunkError.lineTooLong(line: 4, limit: Limits.lineSizeBytes)) {
            try cut(text, chunk: 16 << 20, line: Limits.lineSizeBytes)
        }
    }

    @Test("a damaged input ends the chunks with the reader's error, again and again")
    func damage() throws {
        let text = GzipFixture.table(lines: 500, seed: 6)
        let source = MemorySource(GzipFixture.member(text) + [7])
        let cutter = ChunkCutter(reader: GzipReader(source: source), chunkSizeBytes: 1000)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: cutter.bufferSizeBytes,
            alignment: 64
        )
        defer { buffer.deallocate() }
        var found: ChunkError?
        var chunks = 0
        for _ in 0..<100 {
            do throws(ChunkError) {
                let chunk = try cutter.next(into: buffer)
                #expect(chunk != nil, "taken for the verified end")
                chunks += 1
            } catch {
                found = error
            }
        }
        #expect(chunks > 5)
        let end = Int64(GzipFixture.member(text).count)
        #expect(found == .gzip(.trailingBytes(offset: end)))
    }

    @Test("nothing is lost and the rule holds, for any text and any read size", arguments: 0..<60)
    func property(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let text = randomText(&generator)
        let chunk = Int.random(in: 1...300, using: &generator)
        let readsHeader = Bool.random(using: &generator)
        let cuts = try [.max, 1, 7, 100].map { maximumRead in
            try cut(
                text,
                chunk: chunk,
                line: 500,
                readsHeader: readsHeader,
                maximumRead: maximumRead
            )
        }
        for other in cuts { #expect(other == cuts[0], "seed \(seed)") }
        let body = readsHeader ? text.drop { $0 != 10 }.dropFirst() : text[...]
        #expect(cuts[0].texts == naiveCuts(Array(body), chunk: chunk), "seed \(seed)")
        var line: Int64 = readsHeader ? 2 : 1
        for (chunk, text) in zip(cuts[0].chunks, cuts[0].texts) {
            #expect(chunk.firstLine == line)
            line += chunk.lineCount
            let newlines = text.filter { $0 == 10 }.count
            #expect(chunk.lineCount == Int64(newlines + (text.last == 10 ? 0 : 1)))
            #expect(chunk.crc32 == text.withUnsafeBytes { crc32($0) })
        }
    }

    @Test("a large table is cut alike for any read size, with pieces smaller than chunks")
    func largeTable() throws {
        let text = GzipFixture.table(lines: 60_000, seed: 7)
        let cuts = try [.max, 4099].map { maximumRead in
            try cut(text, chunk: 700_000, line: Limits.lineSizeBytes, maximumRead: maximumRead)
        }
        #expect(cuts[0] == cuts[1])
        #expect(cuts[0].texts.count > 2)
        #expect(cuts[0].texts.flatMap(\.self) == text)
        #expect(cuts[0].chunks.map(\.lineCount).reduce(0, +) == 60_000)
    }

    @Test("a buffer that is too small, or a header asked for too late, stops the process")
    func misuse() async {
        await #expect(processExitsWith: .failure) {
            let source = MemorySource(GzipFixture.member([10]))
            let cutter = ChunkCutter(reader: GzipReader(source: source), chunkSizeBytes: 1000)
            var buffer = [UInt8](repeating: 0, count: cutter.bufferSizeBytes - 1)
            _ = try buffer.withUnsafeMutableBytes { try cutter.next(into: $0) }
        }
        await #expect(processExitsWith: .failure) {
            let source = MemorySource(GzipFixture.member([10]))
            let cutter = ChunkCutter(reader: GzipReader(source: source), chunkSizeBytes: 1000)
            var buffer = [UInt8](repeating: 0, count: cutter.bufferSizeBytes)
            _ = try buffer.withUnsafeMutableBytes { try cutter.next(into: $0) }
            _ = try cutter.readHeaderLine()
        }
    }

    /// Lines of many lengths, among them empty ones and ones longer than a chunk.
    private func randomText(_ generator: inout SeededGenerator) -> [UInt8] {
        var text: [UInt8] = []
        let longest = [0, 3, 30, 499].randomElement(using: &generator) ?? 0
        for _ in 0..<Int.random(in: 0...120, using: &generator) {
            let length = Int.random(in: 0...longest, using: &generator)
            for _ in 0..<length { text.append(UInt8.random(in: 32...126, using: &generator)) }
            text.append(10)
        }
        if Bool.random(using: &generator), !text.isEmpty { text.removeLast() }
        return text
    }

    /// The rule of `ChunkCutter`, on bytes that are all there.
    private func naiveCuts(_ text: [UInt8], chunk: Int) -> [[UInt8]] {
        var cuts: [[UInt8]] = []
        var rest = text[...]
        while !rest.isEmpty {
            let window = rest.prefix(chunk)
            var end = rest.endIndex
            if rest.count >= chunk {
                if let last = window.lastIndex(of: 10) {
                    end = last + 1
                } else if let next = rest.firstIndex(of: 10) {
                    end = next + 1
                }
            }
            cuts.append(Array(rest[..<end]))
            rest = rest[end...]
        }
        return cuts
    }
}
