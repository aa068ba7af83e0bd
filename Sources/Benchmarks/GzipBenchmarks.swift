import Base
import Gzip
import Sample
import Storage

/// From compressed bytes to chunks, and checksums over them.
extension Benchmark {
    static let gzip = [
        Benchmark("gzip.inflate", .byte) { extent in
            let file = try GzipFile(extent)
            return Workload(count: file.rawSizeBytes) { stopwatch in
                let reader = GzipReader(source: MemorySource(file.bytes))
                let buffer = UnsafeMutableRawBufferPointer.allocate(
                    byteCount: 1 << 20,
                    alignment: 64
                )
                defer { buffer.deallocate() }
                try stopwatch.measure { while try reader.read(into: buffer) == buffer.count {} }
            }
        },
        Benchmark("gzip.cut", .byte) { extent in
            let file = try GzipFile(extent)
            return Workload(count: file.rawSizeBytes) { stopwatch in
                let reader = GzipReader(source: MemorySource(file.bytes))
                try stopwatch.measure { _ = try file.cut(reader) { _ in } }
            }
        },
        Benchmark("gzip.cut-and-index", .byte) { extent in
            let file = try GzipFile(extent)
            return Workload(count: file.rawSizeBytes) { stopwatch in
                try stopwatch.measure { _ = try file.makeIndex().encoded }
            }
        },
        Benchmark("gzip.slices", .byte) { extent in
            let file = try GzipFile(extent)
            let index = try file.makeIndex()
            let chunk = ReadableText([UInt8](repeating: 0, count: 2 * file.chunkSizeBytes))
            return Workload(count: index.chunks.reduce(0) { $0 + $1.sizeBytes }) { stopwatch in
                try stopwatch.measure {
                    for entry in index.chunks { try file.inflate(entry, into: chunk.bytes) }
                }
            }
        },
    ]

    static let checksums = [
        checksum("crc32") { Int(crc32($0)) },
        checksum("sha256") { Digest.sha256($0).hashValue },
    ]

    private static func checksum(
        _ name: String,
        _ compute: @escaping @Sendable (UnsafeRawBufferPointer) -> Int
    ) -> Benchmark {
        Benchmark("checksum.\(name)", .byte) { extent in
            let size = extent.choose(Inputs.chunkSizeBytes, small: 1000)
            let text = ReadableText([UInt8](repeating: 7, count: size))
            let expected = compute(text.readOnly)
            return Workload(count: size) { stopwatch in
                let found = stopwatch.measure { compute(text.readOnly) }
                precondition(found == expected, "a checksum that changes")
            }
        }
    }
}

/// One table as gzip has it, and ways to read it.
private struct GzipFile {
    let bytes: [UInt8]
    let rawSizeBytes: Int
    let chunkSizeBytes: Int

    init(_ extent: Extent) throws {
        bytes = try sampleFile(of: .titleAkas, scale: Inputs.scale(extent), seed: 1)
        // The member's trailer ends with the size of its content (RFC 1952 section 2.3.1).
        rawSizeBytes = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        chunkSizeBytes = extent.choose(Inputs.chunkSizeBytes, small: 64 << 10)
    }

    /// Cuts the whole file, one chunk after another in the same memory; returns the header line.
    func cut(_ reader: GzipReader, _ body: (CutChunk) throws -> Void) throws -> [UInt8] {
        let cutter = ChunkCutter(reader: reader, chunkSizeBytes: chunkSizeBytes)
        let header = try cutter.readHeaderLine() ?? []
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: cutter.bufferSizeBytes,
            alignment: 64
        )
        defer { buffer.deallocate() }
        while let chunk = try cutter.next(into: buffer) { try body(chunk) }
        return header
    }

    func makeIndex() throws -> SplitIndex {
        let reader = GzipReader(
            source: MemorySource(bytes),
            recordingPointsForChunksOf: chunkSizeBytes
        )
        var chunks: [CutChunk] = []
        let header = try cut(reader) { chunks.append($0) }
        let cut = SplitIndex.Cut(chunkSizeBytes: chunkSizeBytes, hasHeader: true)
        var builder = SplitIndexBuilder(cut: cut, header: header)
        for chunk in chunks { try builder.append(chunk) }
        let source = SplitIndex.Source(
            sizeBytes: Int64(bytes.count),
            modifiedNanoseconds: 0,
            inode: 0,
            device: 0
        )
        return try builder.finish(reader, of: source)
    }

    /// Inflates one chunk as a worker does it.
    func inflate(
        _ chunk: SplitIndex.Chunk,
        into memory: UnsafeMutableRawBufferPointer
    ) throws {
        let place = SlicePlace(
            bitOffset: chunk.slice.bitOffset,
            window: chunk.slice.window,
            skippedBytes: Int(chunk.rawOffset - chunk.slice.rawOffset)
        )
        let start = Int(chunk.slice.byteOffset)
        let text = UnsafeMutableRawBufferPointer(rebasing: memory[..<chunk.sizeBytes])
        try bytes[start..<start + chunk.slice.sizeBytes].withUnsafeBytes { slice in
            try Gzip.inflate(slice, at: place, into: text)
        }
        precondition(crc32(UnsafeRawBufferPointer(text)) == chunk.crc32, "a wrong index")
    }
}
