import Base
import Gzip
import Storage

/// Inflates a file from its beginning, cuts it, and gathers its split index on the way.
final class FirstPass {
    /// The first line without its newline; empty where there is no header.
    let header: [UInt8]
    private let file: File
    private let reader: GzipReader
    private let cutter: ChunkCutter
    private var builder: SplitIndexBuilder
    /// Why there will be no index.
    private var problem: SplitIndexError?

    /// Reads the file, or another source of the same bytes.
    init(
        _ file: File,
        cut: SplitIndex.Cut,
        source: (any ByteSource)? = nil
    ) throws(InputError) {
        self.file = file
        reader = GzipReader(
            source: source ?? FileSource(file),
            recordingPointsForChunksOf: cut.chunkSizeBytes
        )
        cutter = ChunkCutter(reader: reader, chunkSizeBytes: cut.chunkSizeBytes)
        do throws(ChunkError) {
            header = cut.hasHeader ? try cutter.readHeaderLine() ?? [] : []
        } catch {
            throw .chunk(file: file.path, error)
        }
        builder = SplitIndexBuilder(cut: cut, header: header)
    }

    var compressedOffset: Int64 { reader.compressedOffset }

    /// CRC-32 of the file's bytes, when the end was verified.
    var fileCRC32: UInt32 { reader.inputMark.crc32 }

    /// The next chunk, or nil at the verified end.
    func next(memory: MemoryPool) throws(InputError) -> CutText? {
        let block = memory.take(capacity: cutter.bufferSizeBytes)
        let chunk: CutChunk?
        do throws(ChunkError) {
            chunk = try cutter.next(into: block.bytes)
        } catch {
            throw .chunk(file: file.path, error)
        }
        guard let chunk else { return nil }
        takeDown(chunk)
        return CutText(
            block: block,
            sizeBytes: chunk.sizeBytes,
            firstLine: chunk.firstLine,
            lineCount: chunk.lineCount,
            crc32: chunk.crc32,
            source: file.path
        )
    }

    private func takeDown(_ chunk: CutChunk) {
        guard problem == nil else { return }
        do throws(SplitIndexError) {
            try builder.append(chunk)
        } catch {
            problem = error
        }
    }

    /// The index of the file, when the end was verified.
    func index(of source: SplitIndex.Source) throws(SplitIndexError) -> SplitIndex {
        if let problem { throw problem }
        return try builder.finish(reader, of: source)
    }
}

/// Compressed bytes from a file, read in order.
final class FileSource: ByteSource {
    private let file: File
    private var offset: Int64 = 0

    init(_ file: File) { self.file = file }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(GzipError) -> Int {
        do throws(StorageError) {
            let count = try file.read(into: buffer, at: offset)
            offset += Int64(count)
            return count
        } catch {
            throw .source(description: "\(error)")
        }
    }
}
