import Base
import CZlib
import Gzip

/// Gzip files of every shape that a compressor may give its blocks.
enum SplitFixture {
    struct Shape: Sendable, CustomStringConvertible {
        let description: String
        let compress: @Sendable ([UInt8]) -> [UInt8]
    }

    static let shapes: [Shape] = [
        Shape(description: "gzip -1") { GzipFixture.member($0, level: 1) },
        Shape(description: "gzip -6") { GzipFixture.member($0) },
        Shape(description: "gzip -9") { GzipFixture.member($0, level: 9) },
        Shape(description: "stored blocks") { GzipFixture.member($0, level: 0) },
        Shape(description: "blocks of the fixed code") {
            GzipFixture.member($0, strategy: Z_FIXED)
        },
        Shape(description: "tiny blocks") { GzipFixture.member($0, memoryLevel: 1) },
        Shape(description: "large blocks") { GzipFixture.member($0, memoryLevel: 9) },
        Shape(description: "sync flushes") {
            GzipFixture.member($0, flush: Z_SYNC_FLUSH, flushedBytes: 20_000)
        },
        Shape(description: "empty blocks between blocks") {
            GzipFixture.member($0, flush: Z_PARTIAL_FLUSH, flushedBytes: 300)
        },
        Shape(description: "full flushes of noise and text") {
            GzipFixture.member($0, level: 1, flush: Z_FULL_FLUSH, flushedBytes: 5000)
        },
        Shape(description: "many members") { content in
            stride(from: 0, to: content.count, by: 30_000).flatMap { begin in
                GzipFixture.member(Array(content[begin..<min(begin + 30_000, content.count)]))
            }
        },
        Shape(description: "large and empty members, and padding") { content in
            let (front, rest) = (content[..<(content.count / 3)], content[(content.count / 3)...])
            return GzipFixture.member([]) + GzipFixture.member(Array(front))
                + GzipFixture.member([]) + GzipFixture.member(Array(rest), level: 9)
                + GzipFixture.member([]) + [UInt8](repeating: 0, count: 3000)
        },
    ]

    /// Lines of all kinds: some compress, some do not, and some are long.
    static func content(sizeBytes: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        var content = [UInt8]("first\tline\n".utf8)
        while content.count < sizeBytes {
            switch UInt8.random(in: 0..<4, using: &generator) {
            case 0:
                let noise = GzipFixture.noise(
                    Int.random(in: 0..<3000, using: &generator),
                    seed: generator.next()
                )
                content += noise.map { $0 == UInt8(ascii: "\n") ? 0 : $0 } + [UInt8(ascii: "\n")]
            case 1:
                let same = [UInt8](
                    repeating: UInt8.random(in: 97...122, using: &generator),
                    count: Int.random(in: 0..<20_000, using: &generator)
                )
                content += same + [UInt8(ascii: "\n")]
            default:
                content += GzipFixture.table(
                    lines: Int.random(in: 0..<2000, using: &generator),
                    seed: generator.next()
                )
            }
        }
        return content
    }

    /// A file's chunks and its index.
    struct Indexed {
        var chunks: [CutChunk] = []
        var index: Result<SplitIndex, SplitIndexError>
    }

    static let source = SplitIndex.Source(
        sizeBytes: 0,
        modifiedNanoseconds: 1_700_000_000_123_456_789,
        inode: 4711,
        device: 66
    )

    /// Cuts a compressed file and makes its index on the way.
    static func index(
        _ compressed: [UInt8],
        chunkSizeBytes: Int,
        hasHeader: Bool = true,
        maximumRead: Int = .max
    ) throws -> Indexed {
        let reader = GzipReader(
            source: MemorySource(compressed, maximumRead: maximumRead),
            recordingPointsForChunksOf: chunkSizeBytes
        )
        let cutter = ChunkCutter(reader: reader, chunkSizeBytes: chunkSizeBytes)
        let header = hasHeader ? try cutter.readHeaderLine() ?? [] : []
        let cut = SplitIndex.Cut(chunkSizeBytes: chunkSizeBytes, hasHeader: hasHeader)
        var builder = SplitIndexBuilder(cut: cut, header: header)
        var indexed = Indexed(index: .failure(.damaged))
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: cutter.bufferSizeBytes,
            alignment: 64
        )
        defer { buffer.deallocate() }
        var refusal: SplitIndexError?
        while let chunk = try cutter.next(into: buffer) {
            indexed.chunks.append(chunk)
            do throws(SplitIndexError) {
                if refusal == nil { try builder.append(chunk) }
            } catch {
                refusal = error
            }
        }
        var source = Self.source
        source.sizeBytes = Int64(compressed.count)
        indexed.index = Result { () throws(SplitIndexError) in
            if let refusal { throw refusal }
            return try builder.finish(reader, of: source)
        }
        return indexed
    }

    /// What a slice of `compressed` inflates to.
    static func inflated(
        _ slice: ArraySlice<UInt8>,
        at place: SlicePlace,
        sizeBytes: Int
    ) throws(GzipError) -> [UInt8] {
        var chunk = [UInt8](repeating: 0xEE, count: sizeBytes)
        let outcome = chunk.withUnsafeMutableBytes { chunk in
            slice.withUnsafeBytes { slice in
                Result { () throws(GzipError) in try inflate(slice, at: place, into: chunk) }
            }
        }
        try outcome.get()
        return chunk
    }
}
