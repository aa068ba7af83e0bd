import CZlib
import Gzip
import Testing

@Suite("Content of gzip inputs")
struct GzipReaderTests {
    private static let table = GzipFixture.table(lines: 20_000, seed: 1)

    @Test(
        "content compressed by zlib at any level comes back",
        arguments: [Int32(0), 1, 6, 9],
        [Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE]
    )
    func levels(level: Int32, strategy: Int32) throws {
        let compressed = GzipFixture.member(Self.table, level: level, strategy: strategy)
        #expect(try GzipFixture.content(of: compressed) == Self.table)
    }

    @Test(
        "read sizes on either side do not change the content",
        arguments: [
            (1, 1000), (2, 1 << 20), (7, 13), (8, 1 << 20), (9, 32_768), (1000, 1), (65_537, 7),
        ]
    )
    func readSizes(source: Int, output: Int) throws {
        let content = GzipFixture.table(lines: 1500, seed: 2) + GzipFixture.noise(9000, seed: 2)
        let compressed = GzipFixture.member(content) + GzipFixture.member(content, level: 0)
        let found = try GzipFixture.content(
            of: compressed,
            maximumRead: source,
            bufferSizeBytes: output
        )
        #expect(found == content + content)
    }

    @Test("content longer than every buffer comes back, compressed or stored")
    func long() throws {
        let content = GzipFixture.noise(700_000, seed: 3) + Self.table + Self.table
        #expect(try GzipFixture.content(of: GzipFixture.member(content)) == content)
        #expect(try GzipFixture.content(of: GzipFixture.member(content, level: 0)) == content)
    }

    @Test("all header fields are read over", arguments: [1, 1000])
    func headerFields(maximumRead: Int) throws {
        let compressed = GzipFixture.member(Self.table, hasAllHeaderFields: true)
        #expect(compressed[3] == 0b1_1110)
        let found = try GzipFixture.content(of: compressed, maximumRead: maximumRead)
        #expect(found == Self.table)
    }

    @Test("members follow each other, empty ones too", arguments: [1, 3, 1000])
    func members(maximumRead: Int) throws {
        let parts = (0..<60).map { GzipFixture.table(lines: $0 % 7 * 9, seed: UInt64($0)) }
        let compressed = parts.flatMap { GzipFixture.member($0, hasAllHeaderFields: $0.count > 99) }
        let found = try GzipFixture.content(of: compressed, maximumRead: maximumRead)
        #expect(found == parts.flatMap(\.self))
    }

    @Test("an empty member alone is a file of no content")
    func emptyMember() throws {
        #expect(try GzipFixture.content(of: GzipFixture.member([])) == [])
    }

    @Test("zero padding at the end is allowed", arguments: [1, 511, 600_000])
    func padding(count: Int) throws {
        let compressed = GzipFixture.member(Self.table) + [UInt8](repeating: 0, count: count)
        let reader = GzipReader(source: MemorySource(compressed))
        #expect(try GzipFixture.content(of: reader) == Self.table)
        #expect(reader.compressedOffset == Int64(compressed.count))
    }

    @Test("offsets at the end are the sizes of both sides")
    func offsets() throws {
        let compressed = GzipFixture.member(Self.table)
        let reader = GzipReader(source: MemorySource(compressed, maximumRead: 100))
        _ = try GzipFixture.content(of: reader)
        #expect(reader.compressedOffset == Int64(compressed.count))
        #expect(reader.rawOffset == Int64(Self.table.count))
    }

    @Test("a buffer that is filled to the last byte of content is followed by 0")
    func exactBuffer() throws {
        let compressed = GzipFixture.member(Self.table)
        let reader = GzipReader(source: MemorySource(compressed))
        var buffer = [UInt8](repeating: 0, count: Self.table.count)
        #expect(try buffer.withUnsafeMutableBytes { try reader.read(into: $0) } == buffer.count)
        #expect(buffer == Self.table)
        #expect(try buffer.withUnsafeMutableBytes { try reader.read(into: $0) } == 0)
        #expect(try buffer.withUnsafeMutableBytes { try reader.read(into: $0) } == 0)
    }

    @Test("the CRC-32 is zlib's, in one run and continued")
    func checksum() {
        let check = [UInt8]("123456789".utf8)
        #expect(check.withUnsafeBytes { Gzip.crc32($0) } == 0xCBF4_3926)
        Self.table.withUnsafeBytes { bytes in
            let whole = Gzip.crc32(bytes)
            let front = UnsafeRawBufferPointer(rebasing: bytes[..<777])
            let back = UnsafeRawBufferPointer(rebasing: bytes[777...])
            #expect(Gzip.crc32(back, continuing: Gzip.crc32(front)) == whole)
            let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
            #expect(UInt(whole) == CZlib.crc32(0, start, uInt(bytes.count)))
        }
    }
}
