import Base
import Gzip
import Testing

@Suite("Damaged gzip inputs")
struct GzipErrorTests {
    private static let table = GzipFixture.table(lines: 12, seed: 4)

    private func failure(of compressed: [UInt8], limits: GzipLimits = .init()) -> GzipError? {
        do throws(GzipError) {
            _ = try GzipFixture.content(of: compressed, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test("an empty input is an error")
    func empty() {
        #expect(failure(of: []) == .empty)
    }

    @Test("what does not begin like gzip is refused", arguments: ["a", "PK\u{3}\u{4}", "\u{1F}x"])
    func foreign(text: String) {
        #expect(failure(of: [UInt8](text.utf8)) == .notGzip(offset: 0))
        let prefixed = [UInt8](text.utf8) + GzipFixture.member(Self.table)
        #expect(failure(of: prefixed) == .notGzip(offset: 0))
    }

    @Test("a member cut off at any byte is truncated there", arguments: [Int32(0), 1, 9])
    func truncated(level: Int32) {
        let compressed = GzipFixture.member(Self.table, level: level, hasAllHeaderFields: true)
        for count in 1..<compressed.count {
            let found = failure(of: Array(compressed[..<count]))
            #expect(found == .truncated(offset: Int64(count)), "cut at \(count)")
        }
    }

    @Test("a second member cut off at any byte is truncated there")
    func truncatedSecond() {
        let first = GzipFixture.member(Self.table)
        let both = first + GzipFixture.member(Self.table, level: 1)
        for count in first.count + 1..<both.count {
            let found = failure(of: Array(both[..<count]))
            #expect(found == .truncated(offset: Int64(count)), "cut at \(count)")
        }
    }

    @Test("no flipped bit changes the content unnoticed", arguments: [false, true])
    func flips(hasAllHeaderFields: Bool) {
        for level in [Int32(0), 1, 9] {
            let compressed = GzipFixture.member(
                Self.table,
                level: level,
                hasAllHeaderFields: hasAllHeaderFields
            )
            // FTEXT, MTIME, XFL and OS; with a CRC over the header none is free.
            let free = hasAllHeaderFields ? [] : [24] + Array(32..<80)
            var unnoticed: [Int] = []
            for bit in 0..<compressed.count * 8 {
                var damaged = compressed
                damaged[bit / 8] ^= 1 << (bit % 8)
                guard let content = try? GzipFixture.content(of: damaged) else { continue }
                #expect(content == Self.table, "bit \(bit)")
                unnoticed.append(bit)
            }
            #expect(Array(unnoticed.prefix(free.count)) == free)
            // Deflate pads to the next byte after a stored block's header and at its end.
            #expect(unnoticed.count - free.count <= 7, "level \(level)")
        }
    }

    @Test("no flipped bit of a long input changes the content unnoticed", arguments: 0..<4)
    func flipsInLong(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let content = GzipFixture.table(lines: 6000, seed: seed)
        let compressed = GzipFixture.member(content, level: Int32(seed % 3) * 3)
        for _ in 0..<100 {
            // Behind the header, of which parts are free.
            let bit = Int.random(in: 80..<compressed.count * 8, using: &generator)
            var damaged = compressed
            damaged[bit / 8] ^= 1 << (bit % 8)
            guard let found = try? GzipFixture.content(of: damaged) else { continue }
            #expect(found == content, "bit \(bit) of seed \(seed)")
        }
    }

    @Test("a wrong CRC or length names the member and both numbers")
    func trailer() {
        let first = GzipFixture.member(Self.table)
        let second = GzipFixture.member(Self.table)
        let crc = Self.table.withUnsafeBytes { crc32($0) }
        let length = UInt32(Self.table.count)

        var wrongCRC = first + second
        wrongCRC[wrongCRC.count - 8] ^= 1
        let member = Int64(first.count)
        #expect(
            failure(of: wrongCRC) == .wrongCRC(member: member, expected: crc ^ 1, found: crc)
        )

        var wrongLength = first + second
        wrongLength[first.count - 4] ^= 1
        #expect(
            failure(of: wrongLength)
                == .wrongLength(member: 0, expected: length ^ 1, found: length)
        )
    }

    @Test("a wrong header CRC is found before any content")
    func headerCRC() {
        var damaged = GzipFixture.member(Self.table, hasAllHeaderFields: true)
        damaged[4] ^= 1
        guard case .wrongHeaderCRC(member: 0, _, _) = failure(of: damaged) else {
            Issue.record("not found")
            return
        }
    }

    @Test("anything but zeros behind the last member is an error, with its offset")
    func trailing() {
        let member = GzipFixture.member(Self.table)
        let end = Int64(member.count)
        #expect(failure(of: member + [7]) == .trailingBytes(offset: end))
        #expect(failure(of: member + [0x1F, 0]) == .trailingBytes(offset: end))
        let padded = member + [UInt8](repeating: 0, count: 300_000)
        #expect(failure(of: padded + [1]) == .trailingBytes(offset: end + 300_000))
        #expect(failure(of: padded + member) == .trailingBytes(offset: end + 300_000))
    }

    @Test("reserved flags, other methods and endless headers are unsupported")
    func header() {
        let member = GzipFixture.member(Self.table, hasAllHeaderFields: true)
        var method = member
        method[2] = 7
        var flags = member
        flags[3] |= 0x80
        for damaged in [method, flags] {
            guard case .unsupportedHeader = failure(of: damaged) else {
                Issue.record("accepted")
                continue
            }
        }
        let short = GzipLimits(headerSizeBytes: 20)
        #expect(
            failure(of: member, limits: short)
                == .unsupportedHeader(offset: 20, detail: "longer than 20 bytes")
        )
    }

    @Test("a bomb is refused at its ratio, but not while it is small")
    func ratio() {
        let bomb = GzipFixture.member([UInt8](repeating: 10, count: 4 << 20))
        #expect(failure(of: bomb) == nil)
        let limits = GzipLimits(maximumRatio: 200, ratioFloorBytes: 1 << 20)
        guard case .ratioExceeded(_, let size, 200) = failure(of: bomb, limits: limits) else {
            Issue.record("accepted")
            return
        }
        #expect(size <= 2 << 20, "found late")
    }

    @Test("after an error every read throws it again")
    func sticky() {
        let damaged = GzipFixture.member(Self.table) + [7]
        let reader = GzipReader(source: MemorySource(damaged))
        for _ in 0..<3 {
            #expect(throws: GzipError.trailingBytes(offset: Int64(damaged.count - 1))) {
                try GzipFixture.content(of: reader)
            }
        }
    }

    @Test("garbage behind a good header ends in an error, whatever it is")
    func garbage() {
        for seed in UInt64(0)..<2000 {
            var generator = SeededGenerator(seed: seed)
            let count = Int.random(in: 0...600, using: &generator)
            let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
            let found = failure(of: header + GzipFixture.noise(count, seed: seed))
            #expect(found != nil, "seed \(seed)")
        }
    }

    @Test("a source's failure comes through in its own words")
    func source() {
        final class Broken: ByteSource {
            func read(into buffer: UnsafeMutableRawBufferPointer) throws(GzipError) -> Int {
                throw .source(description: "disk on fire")
            }
        }
        let reader = GzipReader(source: Broken())
        #expect(throws: GzipError.source(description: "disk on fire")) {
            try GzipFixture.content(of: reader)
        }
    }

    @Test("descriptions name the offset and what to do")
    func descriptions() {
        let text = GzipError.truncated(offset: 4711).description
        #expect(text.contains("4711") && text.contains("fetch it again"))
        let crc = GzipError.wrongCRC(member: 9, expected: 0xAB, found: 1).description
        #expect(crc.contains("byte 9") && crc.contains("0x000000ab, is 0x00000001"))
    }
}
