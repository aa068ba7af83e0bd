package import API
import Base
package import Gzip
package import Jobs
import Spool
package import Storage

/// One input file whose split index is made or checked by hand: `otjob index`.
///
/// The index is that which a job's first pass over the file would leave, at the same place, so the
/// next job uses it; a coordinator may be running or not. Everything happens on the caller's thread.
package struct IndexedFile {
    private let path: String
    private let cut: SplitIndex.Cut
    private let indexes: IndexStore

    /// The file under an absolute path, as jobs of this configuration read it.
    package init(path: String, configuration: ClusterConfiguration, hasHeader: Bool) {
        let cut = SplitIndex.Cut(
            chunkSizeBytes: Int(configuration.scheduler.chunkSizeBytes),
            hasHeader: hasHeader
        )
        let directory = IndexStore.directory(state: configuration.stateDirectory)
        self.init(path: path, cut: cut, indexes: IndexStore(directory: directory))
    }

    init(path: String, cut: SplitIndex.Cut, indexes: IndexStore) {
        self.path = path
        self.cut = cut
        self.indexes = indexes
    }

    // MARK: Making

    /// Inflates and verifies the file, and leaves its index in the place of an older one.
    ///
    /// A file of one chunk gets none, as it would help nobody.
    package func make() throws(IndexingError) -> SplitIndexSummary {
        let file = try open()
        let identity = try identify(file)
        var index = try firstPass(over: file, SplitIndex.Source(identity))
        index.md5 = try Digests(of: file).md5
        guard try identify(file) == identity, try identifyNamed() == identity else {
            throw .input(.changed(file: path))
        }
        guard index.chunks.count > 1 else { return summary(of: index, storedAs: nil) }
        do throws(StorageError) {
            try indexes.store(index)
        } catch {
            throw .storage(error)
        }
        return summary(of: index, storedAs: indexes.path(of: index.source, cut))
    }

    private func firstPass(
        over file: File,
        _ source: SplitIndex.Source
    ) throws(IndexingError) -> SplitIndex {
        let pass: FirstPass
        do throws(InputError) {
            pass = try FirstPass(file, cut: cut)
            let memory = MemoryPool(keptBlocks: 1)
            while try pass.next(memory: memory) != nil {}
        } catch {
            throw .input(error)
        }
        do throws(SplitIndexError) {
            return try pass.index(of: source)
        } catch {
            throw .notIndexed(file: path, error)
        }
    }

    // MARK: Checking

    /// Compares the index with the file: its identity, each of its bytes, and what each slice alone
    /// inflates to.
    package func check() throws(IndexingError) -> SplitIndexSummary {
        let file = try open()
        let source = SplitIndex.Source(try identify(file))
        let indexPath = indexes.path(of: source, cut)
        guard Directory.exists(path: indexPath) else {
            throw .missing(file: path, index: indexPath)
        }
        let index: SplitIndex
        switch IndexStore.read(indexPath, source, cut) {
        case .success(let found): index = found
        case .failure(let problem): throw .unusable(file: path, index: indexPath, problem)
        }
        let digests = try Digests(of: file)
        guard digests.crc32 == index.compressedCRC32, index.md5 == nil || index.md5 == digests.md5
        else { throw .otherBytes(file: path, index: indexPath) }
        try checkHeader(of: index, file, indexPath)
        try checkChunks(of: index, file, indexPath)
        return summary(of: index, storedAs: indexPath)
    }

    private func checkHeader(
        of index: SplitIndex,
        _ file: File,
        _ indexPath: String
    ) throws(IndexingError) {
        let header: [UInt8]
        do throws(InputError) {
            header = try FirstPass(file, cut: cut).header
        } catch {
            throw .input(error)
        }
        guard header == index.header else {
            throw .wrong(index: indexPath, place: "the header line")
        }
    }

    private func checkChunks(
        of index: SplitIndex,
        _ file: File,
        _ indexPath: String
    ) throws(IndexingError) {
        let memory = MemoryPool(keptBlocks: 2)
        for (number, chunk) in index.chunks.enumerated() {
            let slice = memory.take(capacity: chunk.slice.sizeBytes)
            let compressed = UnsafeMutableRawBufferPointer(
                rebasing: slice.bytes[..<chunk.slice.sizeBytes]
            )
            do throws(StorageError) {
                _ = try file.read(into: compressed, at: chunk.slice.byteOffset)
            } catch {
                throw .storage(error)
            }
            let text = memory.take(capacity: chunk.sizeBytes)
            guard chunk.isContent(of: UnsafeRawBufferPointer(compressed), in: text) else {
                let place = "chunk \(number), which begins with line \(chunk.firstLine)"
                throw .wrong(index: indexPath, place: place)
            }
        }
    }

    // MARK: The file

    private func open() throws(IndexingError) -> File {
        do throws(StorageError) {
            return try File.open(readingFrom: path)
        } catch {
            throw .input(.storage(error))
        }
    }

    private func identify(_ file: File) throws(IndexingError) -> SpoolHeader.InputFile {
        do throws(StorageError) {
            return try InputFiles.identity(of: file)
        } catch {
            throw .input(.storage(error))
        }
    }

    /// What stands under the path now, which may be another file than the one that is open.
    private func identifyNamed() throws(IndexingError) -> SpoolHeader.InputFile {
        try identify(try open())
    }

    private func summary(of index: SplitIndex, storedAs indexPath: String?) -> SplitIndexSummary {
        SplitIndexSummary(
            file: path,
            sizeBytes: index.source.sizeBytes,
            rawSizeBytes: index.rawSizeBytes,
            lines: index.lineCount,
            chunks: index.chunks.count,
            chunkSizeBytes: cut.chunkSizeBytes,
            md5: index.md5.map(hexadecimal),
            index: indexPath,
            indexSizeBytes: indexPath == nil ? nil : index.encoded.count
        )
    }
}

/// Why an index was not made, or is not right.
package enum IndexingError: Error, CustomStringConvertible {
    case input(InputError)
    case storage(StorageError)
    /// There can be no index of this file.
    case notIndexed(file: String, SplitIndexError)
    case missing(file: String, index: String)
    case unusable(file: String, index: String, IndexStore.Problem)
    /// The file has the size and the time that the index knows, and other bytes.
    case otherBytes(file: String, index: String)
    /// The index is whole and of this file, and says something else than the file.
    case wrong(index: String, place: String)

    /// Whether the file that was named could not even be opened.
    package var isUnreadable: Bool {
        if case .input(.storage) = self { true } else { false }
    }

    package var description: String {
        switch self {
        case .input(let error): "\(error)"
        case .storage(let error): "\(error)"
        case .notIndexed(let file, let error): "\(file) gets no split index: \(error)"
        case .missing(let file, let index):
            "\(file) has no split index for this chunk size and header (\(index)); make one with: "
                + "otjob index \(file)"
        case .unusable(let file, let index, let problem):
            "the split index \(index) is not used: \(problem); make it anew with: otjob index \(file)"
        case .otherBytes(let file, let index):
            "\(file) has other bytes than when its split index \(index) was made; fetch the file "
                + "again, or make the index anew with: otjob index \(file)"
        case .wrong(let index, let place):
            "the split index \(index) is wrong about \(place); remove it, the next load makes another"
        }
    }
}

/// What a whole file is known by besides its size and time.
private struct Digests {
    let crc32: UInt32
    let md5: [UInt8]

    init(of file: File) throws(IndexingError) {
        let digest = Digest(.md5)
        var crc: UInt32 = 0
        do throws(StorageError) {
            try file.readAll { piece in
                digest.update(piece)
                crc = Gzip.crc32(piece, continuing: crc)
            }
        } catch {
            throw .input(.storage(error))
        }
        crc32 = crc
        md5 = digest.finish()
    }
}

extension SplitIndex.Chunk {
    /// Whether the slice alone inflates to this chunk's lines.
    fileprivate func isContent(of compressed: UnsafeRawBufferPointer, in memory: MemoryBlock)
        -> Bool
    {
        guard Gzip.crc32(compressed) == slice.crc32 else { return false }
        let place = SlicePlace(
            bitOffset: slice.bitOffset,
            window: slice.window,
            skippedBytes: Int(rawOffset - slice.rawOffset)
        )
        let text = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[..<sizeBytes])
        do throws(GzipError) {
            try inflate(compressed, at: place, into: text)
        } catch {
            return false
        }
        let content = UnsafeRawBufferPointer(text)
        let newlines = content.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        // Only the last line of a file may lack its newline.
        let lines = newlines + (content.last == UInt8(ascii: "\n") ? 0 : 1)
        return Gzip.crc32(content) == crc32 && lines == lineCount
    }
}
