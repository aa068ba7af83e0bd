import Base
import Gzip
import Testing

@Suite("Split indexes")
struct SplitIndexTests {
    private static let content = SplitFixture.content(sizeBytes: 1_400_000, seed: 21)

    private func decode(_ bytes: [UInt8]) throws(SplitIndexError) -> SplitIndex {
        let outcome = bytes.withUnsafeBytes { bytes in
            Result { () throws(SplitIndexError) in try SplitIndex(decoding: bytes) }
        }
        return try outcome.get()
    }

    @Test("an index comes back from its bytes", arguments: SplitFixture.shapes, [true, false])
    func roundTrip(shape: SplitFixture.Shape, hasHeader: Bool) throws {
        let compressed = shape.compress(Self.content)
        let indexed = try SplitFixture.index(
            compressed,
            chunkSizeBytes: 256 << 10,
            hasHeader: hasHeader
        )
        var index = try indexed.index.get()
        #expect(try decode(index.encoded) == index)
        index.md5 = GzipFixture.noise(16, seed: 1)
        #expect(try decode(index.encoded) == index)
    }

    @Test("an index says what the file and its chunks are")
    func facts() throws {
        let compressed = GzipFixture.member(Self.content)
        let indexed = try SplitFixture.index(compressed, chunkSizeBytes: 256 << 10)
        let index = try indexed.index.get()
        #expect(index.header == [UInt8]("first\tline".utf8))
        #expect(index.rawSizeBytes == Int64(Self.content.count))
        #expect(index.rawCRC32 == Self.content.withUnsafeBytes { Gzip.crc32($0) })
        #expect(index.compressedCRC32 == compressed.withUnsafeBytes { Gzip.crc32($0) })
        #expect(index.source.sizeBytes == Int64(compressed.count))
        let newlines = Self.content.count { $0 == UInt8(ascii: "\n") }
        #expect(index.lineCount == Int64(newlines))
        #expect(index.chunks.map(\.crc32) == indexed.chunks.map(\.crc32))
        #expect(index.chunks.map(\.firstLine) == indexed.chunks.map(\.firstLine))
    }

    @Test("an empty file, a header alone and a last line without newline have an index")
    func smallFiles() throws {
        for text in ["", "head", "head\n", "head\na", "\n", "\n\n"] {
            let compressed = GzipFixture.member([UInt8](text.utf8))
            for hasHeader in [true, false] {
                let indexed = try SplitFixture.index(
                    compressed,
                    chunkSizeBytes: 256 << 10,
                    hasHeader: hasHeader
                )
                let index = try indexed.index.get()
                #expect(try decode(index.encoded) == index)
                #expect(index.rawSizeBytes == Int64(text.utf8.count))
            }
        }
    }

    @Test("every bit of an index matters: with any of them wrong it is refused")
    func bitFlips() throws {
        let compressed = GzipFixture.member(
            GzipFixture.table(lines: 3000, seed: 22),
            memoryLevel: 1
        )
        let index = try SplitFixture.index(compressed, chunkSizeBytes: 64 << 10).index.get()
        #expect(index.chunks.count > 1)
        var bytes = index.encoded
        for bit in 0..<bytes.count * 8 {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: SplitIndexError.self) { try decode(bytes) }
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
        #expect(try decode(bytes) == index)
    }

    @Test("the same file gives the same bytes, whatever memory has held before")
    func determinism() throws {
        let compressed = GzipFixture.member(
            GzipFixture.table(lines: 3000, seed: 25),
            memoryLevel: 1
        )
        func index() throws -> [UInt8] {
            try SplitFixture.index(compressed, chunkSizeBytes: 64 << 10).index.get().encoded
        }
        let first = try index()
        var generator = SeededGenerator(seed: 26)
        for _ in 0..<20 {
            // Blocks of the sizes that an encoder may ask for come back dirty.
            for sizeBytes in [64 << 10, 100 << 10, 200 << 10, 400 << 10] {
                let block = UnsafeMutableRawBufferPointer.allocate(
                    byteCount: sizeBytes,
                    alignment: 16
                )
                for place in stride(from: 0, to: sizeBytes, by: 8) {
                    block.storeBytes(of: generator.next(), toByteOffset: place, as: UInt64.self)
                }
                block.deallocate()
            }
            #expect(try index() == first)
        }
    }

    @Test("an index that is cut off or goes on is refused")
    func lengths() throws {
        let compressed = GzipFixture.member(
            GzipFixture.table(lines: 3000, seed: 23),
            memoryLevel: 1
        )
        let bytes = try SplitFixture.index(compressed, chunkSizeBytes: 64 << 10).index.get().encoded
        for size in [0, 1, 8, 11, 12, 13, 99, 100, 150, bytes.count - 4, bytes.count - 1] {
            #expect(throws: SplitIndexError.self) { try decode(Array(bytes[..<size])) }
        }
        #expect(throws: SplitIndexError.damaged) { try decode(bytes + [0]) }
    }

    @Test("fields that contradict each other are refused although the checksum is right")
    func contradictions() throws {
        let compressed = GzipFixture.member(Self.content)
        let bytes = try SplitFixture.index(compressed, chunkSizeBytes: 256 << 10).index.get()
            .encoded
        var generator = SeededGenerator(seed: 24)
        // The header's sizes, the header line and the entries; not the windows, nor the file's times.
        let places = Array(48..<60) + Array(84..<100) + Array(111..<(111 + 5 * 44))
        var refused = 0
        for _ in 0..<3000 {
            var changed = Array(bytes.dropLast(4))
            let place = places[Int.random(in: 0..<places.count, using: &generator)]
            changed[place] ^= UInt8.random(in: 1...255, using: &generator)
            let crc = changed.withUnsafeBytes { Gzip.crc32($0) }
            withUnsafeBytes(of: crc.littleEndian) { changed += $0 }
            do {
                // A slice's place, CRC and size can be told only with the file.
                let index = try decode(changed)
                #expect(index.chunks.reduce(11) { $0 + Int64($1.sizeBytes) } == index.rawSizeBytes)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 1000)
    }

    @Test("a file whose blocks are larger than the chunks has no index")
    func notSplittable() throws {
        // One block: so long a run of one byte has few symbols.
        let lines = (0..<4000).flatMap { _ in [UInt8](repeating: 97, count: 250) + [10] }
        let indexed = try SplitFixture.index(GzipFixture.member(lines), chunkSizeBytes: 64 << 10)
        #expect(throws: SplitIndexError.notSplittable(rawOffset: 327_806)) {
            try indexed.index.get()
        }
    }

    @Test("the windows make an index much smaller than the file")
    func size() throws {
        let content = GzipFixture.table(lines: 400_000, seed: 25)
        let compressed = GzipFixture.member(content, level: 1)
        let index = try SplitFixture.index(compressed, chunkSizeBytes: 4 << 20).index.get()
        #expect(index.chunks.count > 2)
        #expect(index.encoded.count * 50 < compressed.count)
    }
}
