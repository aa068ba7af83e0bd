import Base
import Columns
import Glibc
import Gzip
import Spool
import Storage
import TestSupport
import Testing
import Wire

@testable import Coordinator

private struct Failure: Error { let reason: String }

/// What the reader answers where chunks that it handed out are not what the file holds.
private struct Distrust: Error { let reason: String }

/// What a scheduler is told of a chunk, and the text that a worker has of it.
private struct ReadChunk: Equatable {
    var summary: ChunkSummary
    var text: [UInt8]
}

/// Everything that comes of reading a file.
private struct WholeRead {
    var chunks: [ReadChunk] = []
    var slices = 0
    var notes: [String] = []
    var readBytes: Int64 = 0
}

private let chunkSizeBytes = Limits.chunkSizeBytes.lowerBound

/// Reads a file as the shell does; `between` is called with the number of chunks so far.
private func read(
    _ path: String,
    with indexes: IndexStore,
    between: (Int) throws -> Void = { _ in }
) throws -> WholeRead {
    let reader = InputReader(memory: MemoryPool(keptBlocks: 1), indexes: indexes)
    let answers = AnswerQueue()
    let step = StepID(job: JobID(1), index: 0)
    let columns = [
        ColumnDeclaration(name: "id", type: .string), ColumnDeclaration(name: "n", type: .int32),
    ]
    let plan = InputPlan(
        files: [path],
        declaration: TransformDeclaration(
            columns: columns,
            nullMarker: [],
            stripsCarriageReturn: false,
            clusterBy: []
        ),
        hasHeader: true,
        chunkSizeBytes: chunkSizeBytes
    )
    var whole = WholeRead()
    reader.open(step, plan) { answers.put($0) }
    while true {
        switch try answers.take() {
        case .note(let text): whole.notes.append(text)
        case .opened: reader.cut(step)
        case .chunk(let text):
            whole.chunks.append(try inflated(text))
            whole.slices += text.slice == nil ? 0 : 1
            whole.readBytes = text.compressedBytes
            try between(whole.chunks.count)
            reader.cut(step)
        case .ended(let checksums):
            #expect(checksums == [try fileCRC32(path)])
            indexes.drain()
            return whole
        case .unchanged: throw Failure(reason: "nothing was said of an earlier load")
        case .failed(let reason): throw Failure(reason: reason)
        case .distrusted(let reason): throw Distrust(reason: reason)
        case .searched: throw Failure(reason: "nobody asked for damage")
        }
    }
}

private func fileCRC32(_ path: String) throws -> UInt32 {
    let file = try File.open(readingFrom: path)
    let bytes = try file.read(Int(try file.identity().sizeBytes), at: 0)
    return bytes.withUnsafeBytes { crc32($0) }
}

/// The text of a chunk, inflated as a worker does it.
private func inflated(_ text: CutText) throws -> ReadChunk {
    let run = text.block.prefix(text.storedSizeBytes)
    #expect(crc32(run) == text.storedCRC32)
    var bytes = Array(run)
    if let slice = text.slice {
        let place = SlicePlace(
            bitOffset: slice.bitOffset,
            window: StoredWindow(
                bytes: Array(run.prefix(slice.storedWindowSizeBytes)),
                sizeBytes: slice.windowSizeBytes
            ),
            skippedBytes: slice.skippedBytes
        )
        let rest = UnsafeRawBufferPointer(rebasing: run.dropFirst(slice.storedWindowSizeBytes))
        bytes = [UInt8](repeating: 0, count: text.sizeBytes)
        try bytes.withUnsafeMutableBytes { try inflate(rest, at: place, into: $0) }
    }
    #expect(bytes.withUnsafeBytes { crc32($0) } == text.crc32)
    return ReadChunk(summary: ChunkSummary(text), text: bytes)
}

/// A file of several chunks and its store, which is empty.
private func withFile(_ body: (_ path: String, IndexStore, _ folder: String) throws -> Void) throws
{
    try withTemporaryFolder { folder in
        try write(gzip(table("row")), to: folder + "/a.gz")
        try body(folder + "/a.gz", IndexStore(directory: folder + "/indexes"), folder + "/indexes")
    }
}

private func table(_ name: String) -> String {
    "id\tn\n" + (10_000..<40_000).map { "\(name)\t\($0)\n" }.joined()
}

/// The one index file of a store.
private func onlyIndex(in folder: String) throws -> String {
    let names = try Directory.list(path: folder)
    try #require(names.count == 1)
    return "\(folder)/\(names[0])"
}

@Suite("Split indexes of input files")
struct IndexStoreTests {
    @Test(
        "by its index a file gives the chunks of the first pass, and the scheduler the same facts"
    )
    func sameChunks() throws {
        try withFile { path, indexes, _ in
            let first = try read(path, with: indexes)
            let second = try read(path, with: indexes)
            #expect(first.chunks.count > 3)
            #expect(first.slices == 0)
            #expect(second.slices == second.chunks.count)
            #expect(second.chunks == first.chunks)
            #expect(second.readBytes == first.readBytes)
            let sizeBytes = try InputFiles.identify(path).sizeBytes
            #expect(second.readBytes == sizeBytes)
            #expect(first.notes.map { $0.contains("no split index yet") } == [true])
            #expect(second.notes.map { $0.contains("by its split index") } == [true])
        }
    }

    @Test("a damaged or shortened index is not used, and made anew", arguments: [true, false])
    func damagedIndex(isShortened: Bool) throws {
        try withFile { path, indexes, folder in
            let first = try read(path, with: indexes)
            let index = try onlyIndex(in: folder)
            let file = try File.open(readingFrom: index)
            let whole = try file.read(Int(try file.identity().sizeBytes), at: 0)
            var bytes = whole
            bytes[bytes.count / 2] ^= 1
            if isShortened { bytes.removeLast(bytes.count / 3) }
            try Directory.remove(path: index)
            try write(bytes, to: index)
            let second = try read(path, with: indexes)
            #expect(second.slices == 0)
            #expect(second.chunks == first.chunks)
            let third = try read(path, with: indexes)
            #expect(third.slices == third.chunks.count)
        }
    }

    @Test("a file that was written anew is read anew")
    func changedFile() throws {
        try withFile { path, indexes, folder in
            _ = try read(path, with: indexes)
            try write(gzip(table("other")), to: path)
            let second = try read(path, with: indexes)
            #expect(second.slices == 0)
            let text =
                "id\tn\n" + second.chunks.map { String(decoding: $0.text, as: UTF8.self) }.joined()
            #expect(text == table("other"))
            #expect(try read(path, with: indexes).slices == second.chunks.count)
            _ = try onlyIndex(in: folder)
        }
    }

    @Test(
        "other bytes under the same size and time are found: by the first chunk, or by a later one"
    )
    func disguisedChange() throws {
        try withFile { path, indexes, folder in
            let first = try read(path, with: indexes)
            var status = stat()
            try #require(stat(path, &status) == 0)
            try write(gzip(table("wor")), to: path)
            let times = [status.st_atim, status.st_mtim]
            try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
            let second = try read(path, with: indexes)
            #expect(second.slices == 0)
            #expect(second.chunks != first.chunks)
            #expect(second.notes.last?.contains("is not what its split index says") == true)
            // Handed out before it was changed, a chunk is not what the pass finds.
            let failure = #expect(throws: Distrust.self) {
                _ = try read(path, with: indexes) { count in
                    guard count == 1 else { return }
                    try write(gzip(table("row")), to: path)
                    try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
                }
            }
            #expect(failure?.reason.contains("other lines") == true)
            #expect(try Directory.list(path: folder).isEmpty)
        }
    }

    @Test("an index that a worker found wrong is gone before the file is opened again")
    func discarded() throws {
        try withFile { path, indexes, folder in
            _ = try read(path, with: indexes)
            let reader = InputReader(memory: MemoryPool(keptBlocks: 1), indexes: indexes)
            reader.discardIndexes(of: [path], chunkSizeBytes: chunkSizeBytes, hasHeader: true)
            reader.drain()
            #expect(try Directory.list(path: folder).isEmpty)
            #expect(try read(path, with: indexes).slices == 0)
        }
    }

    @Test("the indexes that were used last are kept, up to a number and a size")
    func sweep() throws {
        try withTemporaryFolder { folder in
            for number in 1...4 {
                let path = "\(folder)/\(number)\(IndexStore.suffix)"
                try write([UInt8](repeating: 0, count: 100), to: path)
                let time = timespec(tv_sec: 1_000_000 + number, tv_nsec: 0)
                try #require(utimensat(AT_FDCWD, path, [time, time], 0) == 0)
            }
            let indexes = IndexStore(directory: folder)
            indexes.sweep(filesLimit: 3)
            #expect(try Directory.list(path: folder).sorted() == ["2.split", "3.split", "4.split"])
            indexes.sweep(sizeLimitBytes: 250)
            #expect(try Directory.list(path: folder).sorted() == ["3.split", "4.split"])
            try write([1], to: "\(folder)/5\(IndexStore.suffix)\(IndexStore.temporarySuffix)")
            indexes.sweepTemporaryFiles()
            #expect(try Directory.list(path: folder).sorted() == ["3.split", "4.split"])
        }
    }
}
