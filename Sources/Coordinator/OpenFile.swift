import Base
import Gzip
import Spool
import Storage
import TSV
import Wire

/// One file of an input that is being read.
///
/// The first pass over a file inflates it, and leaves a split index. Where there is an index, nothing
/// is inflated here: chunks are handed out as the compressed bytes from which a worker inflates them.
/// Both give the same chunks. Owned by the input's thread.
final class OpenFile {
    let identity: SpoolHeader.InputFile
    private let file: File
    private let cut: SplitIndex.Cut
    private let indexes: IndexStore
    /// Tells whoever watches the job how the file is read.
    private let note: (String) -> Void
    private var content: Content

    private enum Content {
        case inflated(FirstPass)
        case indexed(SplitIndex)
    }

    /// Chunks handed out so far.
    private var nextChunk = 0
    /// Compressed bytes read so far, for the progress that is shown.
    private(set) var compressedOffset: Int64 = 0
    /// Of all of the file's bytes, when the end was verified.
    private(set) var fileCRC32: UInt32?

    /// Opens a file and checks its header.
    init(
        _ identity: SpoolHeader.InputFile,
        plan: InputPlan,
        indexes: IndexStore,
        note: @escaping (String) -> Void
    ) throws(InputError) {
        self.identity = identity
        self.indexes = indexes
        self.note = note
        cut = SplitIndex.Cut(chunkSizeBytes: plan.chunkSizeBytes, hasHeader: plan.hasHeader)
        do throws(StorageError) {
            file = try File.open(readingFrom: identity.path)
        } catch {
            throw .storage(error)
        }
        let source = SplitIndex.Source(identity)
        // Its beginning tells the header, whoever inflates the rest.
        let pass = try FirstPass(file, cut: cut)
        if !plan.usesIndexes {
            content = .inflated(pass)
            note("inflates \(identity.path) and believes no split index")
        } else if let index = indexes.find(source, cut) {
            if index.header == pass.header {
                content = .indexed(index)
                note("reads \(identity.path) by its split index, workers inflate it")
            } else {
                indexes.remove(source, cut)
                content = .inflated(pass)
                note("inflates \(identity.path), whose split index has another header")
            }
        } else {
            content = .inflated(pass)
            note("inflates \(identity.path), which has no split index yet")
        }
        if plan.hasHeader, let problem = checkHeader(pass.header, against: plan.declaration) {
            throw .header(file: identity.path, problem)
        }
    }

    /// The next chunk, or nil when the file has ended and all of it was verified.
    func next(memory: MemoryPool) throws(InputError) -> CutText? {
        switch content {
        case .inflated(let pass):
            let chunk: CutText?
            do throws(InputError) {
                chunk = try pass.next(memory: memory)
            } catch {
                // What another writer did to the file shows as damage first.
                try checkUnchanged()
                throw error
            }
            compressedOffset = pass.compressedOffset
            if let chunk {
                nextChunk += 1
                return chunk
            }
            try checkUnchanged()
            fileCRC32 = pass.fileCRC32
            saveIndex(of: pass)
            return nil
        case .indexed(let index):
            guard nextChunk < index.chunks.count else {
                try checkUnchanged()
                fileCRC32 = index.compressedCRC32
                return nil
            }
            guard let chunk = try slice(index.chunks[nextChunk], memory: memory) else {
                try inflateInstead(of: index, memory: memory)
                return try next(memory: memory)
            }
            nextChunk += 1
            return chunk
        }
    }

    /// The compressed bytes of a chunk; nil where they are not those that the index knows.
    private func slice(
        _ chunk: SplitIndex.Chunk,
        memory: MemoryPool
    ) throws(InputError) -> CutText? {
        let (slice, window) = (chunk.slice, chunk.slice.window)
        let sizeBytes = window.bytes.count + slice.sizeBytes
        let block = memory.take(capacity: sizeBytes + Limits.textSlackBytes)
        block.bytes.copyBytes(from: window.bytes)
        let rest = block.bytes[window.bytes.count..<sizeBytes]
        let bytes = UnsafeMutableRawBufferPointer(rebasing: rest)
        do throws(StorageError) {
            guard try file.read(into: bytes, at: slice.byteOffset) == slice.sizeBytes,
                crc32(UnsafeRawBufferPointer(bytes)) == slice.crc32
            else { return nil }
        } catch {
            throw .storage(error)
        }
        compressedOffset = slice.byteOffset + Int64(slice.sizeBytes)
        let windowCRC32 = window.bytes.withUnsafeBytes { crc32($0) }
        let lease = LeasedSlice(
            sizeBytes: sizeBytes,
            windowSizeBytes: window.sizeBytes,
            storedWindowSizeBytes: window.bytes.count,
            bitOffset: slice.bitOffset,
            skippedBytes: Int(chunk.rawOffset - slice.rawOffset),
            textCRC32: chunk.crc32
        )
        return CutText(
            block: block,
            sizeBytes: chunk.sizeBytes,
            firstLine: chunk.firstLine,
            lineCount: chunk.lineCount,
            crc32: chunk.crc32,
            source: identity.path,
            slice: lease,
            sliceCRC32: crc32(
                joining: windowCRC32,
                slice.crc32,
                restSizeBytes: Int64(slice.sizeBytes)
            )
        )
    }

    /// Goes on with a first pass, behind the chunks that were handed out already.
    ///
    /// A file that has other bytes although its size and time are those of the index: what was
    /// handed out was right by its checksum, and must be what the pass finds. Where it is not,
    /// nothing that came of it can be believed.
    private func inflateInstead(
        of index: SplitIndex,
        memory: MemoryPool
    ) throws(InputError) {
        try checkUnchanged()
        note("\(identity.path) is not what its split index says, inflates it again")
        indexes.remove(index.source, index.cut)
        let pass = try FirstPass(file, cut: cut)
        guard pass.header == index.header else { throw .distrusted(file: identity.path) }
        for chunk in index.chunks[..<nextChunk] {
            let found = try pass.next(memory: memory)
            guard found?.sizeBytes == chunk.sizeBytes, found?.crc32 == chunk.crc32,
                found?.lineCount == chunk.lineCount
            else {
                throw .distrusted(file: identity.path)
            }
        }
        content = .inflated(pass)
    }

    /// The file must be what it was, both under its descriptor and under its name.
    private func checkUnchanged() throws(InputError) {
        let isSame: Bool
        do throws(StorageError) {
            let named = try InputFiles.identify(file.path)
            isSame = try InputFiles.identity(of: file) == identity && named == identity
        } catch {
            throw .storage(error)
        }
        guard isSame else { throw .changed(file: file.path) }
    }

    /// An index only helps where it lets more than one worker read.
    private func saveIndex(of pass: FirstPass) {
        guard nextChunk > 1 else { return }
        let path = identity.path
        do throws(SplitIndexError) {
            let index = try pass.index(of: SplitIndex.Source(identity))
            indexes.save(index) { outcome in
                guard case .failure(let error) = outcome else { return }
                CoordinatorLog.write("\(path) has no split index: \(error)")
            }
        } catch {
            CoordinatorLog.write("\(path) has no split index: \(error)")
        }
    }
}
