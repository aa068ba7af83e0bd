import Base
import Gzip
import Testing

@Suite("Points at which inflating can begin")
struct SplitPointTests {
    private static let content = SplitFixture.content(sizeBytes: 350_000, seed: 11)

    @Test(
        "a chunk inflated from its slice alone is the chunk that the first pass cut",
        arguments: SplitFixture.shapes,
        [2000, 9000, 65_536, 300_000]
    )
    func slices(shape: SplitFixture.Shape, chunkSizeBytes: Int) throws {
        let compressed = shape.compress(Self.content)
        let chunks = try SplitFixture.index(compressed, chunkSizeBytes: chunkSizeBytes).chunks
        #expect(chunks.reduce(11) { $0 + $1.sizeBytes } == Self.content.count)
        for chunk in chunks {
            let slice = try #require(chunk.slice)
            let bytes = compressed[Int(slice.point.byteOffset)..<Int(slice.endOffset)]
            #expect(bytes.withUnsafeBytes { Gzip.crc32($0) } == slice.crc32)
            let place = SlicePlace(
                bitOffset: slice.point.bitOffset,
                window: StoredWindow(slice.point.window),
                skippedBytes: Int(chunk.rawOffset - slice.point.rawOffset)
            )
            let found = try SplitFixture.inflated(bytes, at: place, sizeBytes: chunk.sizeBytes)
            let begin = Int(chunk.rawOffset)
            #expect(found[...] == Self.content[begin..<begin + chunk.sizeBytes])
        }
    }

    @Test(
        "points change neither the content nor the cuts",
        arguments: SplitFixture.shapes,
        [1, 17, 100_000]
    )
    func sameCuts(shape: SplitFixture.Shape, maximumRead: Int) throws {
        let compressed = shape.compress(Self.content)
        let plain = ChunkCutter(
            reader: GzipReader(source: MemorySource(compressed)),
            chunkSizeBytes: 50_000
        )
        let recorded = try SplitFixture.index(
            compressed,
            chunkSizeBytes: 50_000,
            hasHeader: false,
            maximumRead: maximumRead
        )
        var expected: [CutChunk] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: plain.bufferSizeBytes,
            alignment: 64
        )
        defer { buffer.deallocate() }
        while let chunk = try plain.next(into: buffer) { expected.append(chunk) }
        #expect(recorded.chunks.map(\.crc32) == expected.map(\.crc32))
        #expect(recorded.chunks.map(\.rawOffset) == expected.map(\.rawOffset))
        #expect(recorded.chunks.map(\.firstLine) == expected.map(\.firstLine))
    }

    @Test("a point lies close before its chunk where blocks are small")
    func distances() throws {
        let content = GzipFixture.table(lines: 150_000, seed: 12)
        let compressed = GzipFixture.member(content)
        let size = 1 << 20
        let chunks = try SplitFixture.index(compressed, chunkSizeBytes: size).chunks
        #expect(chunks.count > 3)
        for chunk in chunks {
            let slice = try #require(chunk.slice)
            #expect(chunk.rawOffset - slice.point.rawOffset < 150_000)
            #expect(slice.point.window.count == min(32 << 10, Int(slice.point.rawOffset)))
        }
    }

    @Test("CRCs of parts give the CRC of the whole, and the other way round")
    func checksumArithmetic() {
        for size in [0, 1, 7, 4096, 100_000] {
            let split = 200_001
            let (front, rest) = (Self.content[..<split], Self.content[split..<split + size])
            let frontCRC = front.withUnsafeBytes { Gzip.crc32($0) }
            let restCRC = rest.withUnsafeBytes { Gzip.crc32($0) }
            let whole = Self.content[..<(split + size)].withUnsafeBytes { Gzip.crc32($0) }
            #expect(crc32(joining: frontCRC, restCRC, restSizeBytes: Int64(size)) == whole)
            #expect(crc32(ofRestOf: whole, behind: frontCRC, restSizeBytes: Int64(size)) == restCRC)
        }
    }

    @Test("a window comes back from its stored form, compressible or not, whole or short")
    func windows() {
        let noise = GzipFixture.noise(Limits.windowSizeBytes, seed: 5)
        let table = GzipFixture.table(lines: 3000, seed: 5)
        let windows = [[], [7], noise, Array(table.prefix(Limits.windowSizeBytes))]
        for window in windows {
            let stored = StoredWindow(window)
            #expect(stored.window == window)
            #expect(stored.bytes.count <= window.count)
        }
        #expect(StoredWindow(windows[3]).bytes.count < Limits.windowSizeBytes / 2)
        #expect(StoredWindow(bytes: [1, 2, 3], sizeBytes: 2).window == nil)
        #expect(StoredWindow(bytes: [1, 2, 3], sizeBytes: 4000).window == nil)
    }

    @Test("damaged slices end with an error or with another CRC, whatever bit is wrong")
    func damage() throws {
        let content = SplitFixture.content(sizeBytes: 150_000, seed: 13)
        let compressed = GzipFixture.member(content)
        let chunks = try SplitFixture.index(compressed, chunkSizeBytes: 40_000).chunks
        let chunk = try #require(chunks.dropFirst(2).first)
        let slice = try #require(chunk.slice)
        let bytes = Array(compressed[Int(slice.point.byteOffset)..<Int(slice.endOffset)])
        let place = SlicePlace(
            bitOffset: slice.point.bitOffset,
            window: StoredWindow(slice.point.window),
            skippedBytes: Int(chunk.rawOffset - slice.point.rawOffset)
        )
        var generator = SeededGenerator(seed: 14)
        var refused = 0
        for _ in 0..<500 {
            var damaged = bytes
            damaged[Int.random(in: 0..<bytes.count, using: &generator)] ^=
                1 << UInt8.random(in: 0...7, using: &generator)
            guard
                let found = try? SplitFixture.inflated(
                    damaged[...],
                    at: place,
                    sizeBytes: chunk.sizeBytes
                )
            else {
                refused += 1
                continue
            }
            let isSame = found.withUnsafeBytes { Gzip.crc32($0) } == chunk.crc32
            let begin = Int(chunk.rawOffset)
            #expect(isSame == (found[...] == content[begin..<begin + chunk.sizeBytes]))
        }
        #expect((1..<500).contains(refused))
        for cut in [0, 1, 5, bytes.count / 4] {
            let found = try? SplitFixture.inflated(
                bytes[..<cut],
                at: place,
                sizeBytes: chunk.sizeBytes
            )
            #expect(found?.count == nil)
        }
    }
}
