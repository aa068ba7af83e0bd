import API
import Base
import Glibc
import Gzip
import Storage
import TestSupport
import Testing

@testable import Coordinator

private let chunkSizeBytes = Limits.chunkSizeBytes.lowerBound

/// Lines of several chunks with a header.
private let text = "id\tn\n" + (10_000..<40_000).map { "row\t\($0)\n" }.joined()

/// A folder with a file of several chunks, `a.gz`, and what indexes it.
private struct Fixture {
    let folder: String
    var path: String { folder + "/a.gz" }

    func indexed(hasHeader: Bool = true, chunkSizeBytes: Int = chunkSizeBytes) -> IndexedFile {
        IndexedFile(
            path: path,
            cut: SplitIndex.Cut(chunkSizeBytes: chunkSizeBytes, hasHeader: hasHeader),
            indexes: IndexStore(directory: folder + "/indexes")
        )
    }

    /// Changes bytes of a file, and leaves its size, its time and its inode.
    func disguise(_ path: String, _ change: (inout [UInt8]) -> Void) throws {
        var status = stat()
        try #require(stat(path, &status) == 0)
        var bytes = try read(path)
        change(&bytes)
        try write(bytes, to: path)
        let times = [status.st_atim, status.st_mtim]
        try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
    }

    func read(_ path: String) throws -> [UInt8] {
        let file = try File.open(readingFrom: path)
        return try file.read(Int(try file.identity().sizeBytes), at: 0)
    }

    /// Changes the index file, and seals it with the right checksum again.
    func forge(_ path: String, _ change: (inout [UInt8]) -> Void) throws {
        var bytes = Array(try read(path).dropLast(4))
        change(&bytes)
        let crc = bytes.withUnsafeBytes { crc32($0) }
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: crc >> ($0 * 8)) }
        try write(bytes, to: path)
    }
}

private func withFixture(_ body: (Fixture) throws -> Void) throws {
    try withTemporaryFolder { folder in
        let fixture = Fixture(folder: folder)
        try write(gzip(text), to: fixture.path)
        try body(fixture)
    }
}

/// What the check says is wrong.
private func complaint(_ file: IndexedFile) -> String {
    let error = #expect(throws: IndexingError.self) { try file.check() }
    return error?.description ?? ""
}

@Suite("Split indexes made and checked by hand")
struct IndexedFileTests {
    @Test("an index that was made is right by its check, and tells of the file")
    func makeAndCheck() throws {
        try withFixture { fixture in
            let made = try fixture.indexed().make()
            #expect(made.lines == 30_001)
            #expect(made.rawSizeBytes == Int64(text.utf8.count))
            #expect(made.chunks == (text.utf8.count + chunkSizeBytes - 1) / chunkSizeBytes)
            #expect(made.md5?.count == 32)
            let index = try #require(made.index)
            #expect(made.indexSizeBytes == (try fixture.read(index).count))
            #expect(try fixture.indexed().check() == made)
        }
    }

    @Test("it is the index that a job finds")
    func foundByJobs() throws {
        try withFixture { fixture in
            _ = try fixture.indexed().make()
            let store = IndexStore(directory: fixture.folder + "/indexes")
            let source = SplitIndex.Source(try InputFiles.identify(fixture.path))
            let cut = SplitIndex.Cut(chunkSizeBytes: chunkSizeBytes, hasHeader: true)
            #expect(store.find(source, cut) != nil)
        }
    }

    @Test("a file of one chunk gets none")
    func oneChunk() throws {
        try withFixture { fixture in
            try write(gzip("id\tn\na\t1\n"), to: fixture.path)
            let summary = try fixture.indexed().make()
            #expect(summary.chunks == 1)
            #expect(summary.index == nil)
            #expect(!Directory.exists(path: fixture.folder + "/indexes"))
        }
    }

    @Test("where there is none, the check says how to make one; other cuts are others' indexes")
    func missing() throws {
        try withFixture { fixture in
            #expect(complaint(fixture.indexed()).contains("make one with: otjob index "))
            _ = try fixture.indexed().make()
            #expect(complaint(fixture.indexed(hasHeader: false)).contains("make one with"))
            let other = fixture.indexed(chunkSizeBytes: 2 * chunkSizeBytes)
            #expect(complaint(other).contains("make one with"))
        }
    }

    @Test("what is no gzip file, is cut short or damaged gets no index, and the error says where")
    func damagedFile() throws {
        try withFixture { fixture in
            let whole = try fixture.read(fixture.path)
            let damages: [(String, [UInt8])] = [
                ("empty", []),
                ("no gzip header", Array("id\tn\n".utf8)),
                ("ends in the middle", Array(whole.dropLast(whole.count / 3))),
                ("CRC-32", Array(whole.dropLast(8)) + [1, 2, 3, 4] + whole.suffix(4)),
            ]
            for (word, bytes) in damages {
                try write(bytes, to: fixture.path)
                let error = #expect(throws: IndexingError.self) { try fixture.indexed().make() }
                let reason = error?.description ?? ""
                #expect(reason.contains(fixture.path) && reason.contains(word), "\(reason)")
                #expect(error?.isUnreadable == false)
            }
            #expect(!Directory.exists(path: fixture.folder + "/indexes"))
        }
    }

    @Test("a file that is not there cannot be read")
    func noFile() throws {
        try withFixture { fixture in
            try Directory.remove(path: fixture.path)
            let error = #expect(throws: IndexingError.self) { try fixture.indexed().make() }
            #expect(error?.isUnreadable == true)
        }
    }

    @Test("a damaged, shortened or foreign index is told, and stays as it is")
    func damagedIndex() throws {
        try withFixture { fixture in
            let path = try #require(try fixture.indexed().make().index)
            let whole = try fixture.read(path)
            var flipped = whole
            flipped[whole.count / 2] ^= 1
            for bytes in [flipped, Array(whole.dropLast(whole.count / 3)), [], Array("x".utf8)] {
                try write(bytes, to: path)
                #expect(complaint(fixture.indexed()).contains("is not used: "))
                #expect(try fixture.read(path) == bytes)
            }
            try write(whole, to: path)
            #expect(try fixture.indexed().check().index == path)
        }
    }

    @Test("an index of the file as it was before is told, with what to do")
    func changedFile() throws {
        try withFixture { fixture in
            _ = try fixture.indexed().make()
            try write(gzip(text + "more\t1\n"), to: fixture.path)
            let reason = complaint(fixture.indexed())
            #expect(reason.contains("the file has changed since"))
            #expect(reason.contains("otjob index \(fixture.path)"))
            _ = try fixture.indexed().make()
            #expect(try fixture.indexed().check().lines == 30_002)
        }
    }

    @Test("one bit of the file that changed under the same size and time is found")
    func disguisedChange() throws {
        try withFixture { fixture in
            _ = try fixture.indexed().make()
            // In the header's time: nothing that is inflated tells of it.
            try fixture.disguise(fixture.path) { $0[4] ^= 1 }
            #expect(complaint(fixture.indexed()).contains("has other bytes"))
        }
    }

    /// A sealed index that no pass leaves: docs/formats/split-index.md has the places.
    @Test(
        "a whole index that says something else than the file is found",
        arguments: [(field: 0, "chunk 2"), (field: 36, "chunk 2"), (field: 40, "it is damaged")]
    )
    func forged(field: Int, complains: String) throws {
        try withFixture { fixture in
            let path = try #require(try fixture.indexed().make().index)
            try fixture.forge(path) { bytes in
                let header = Int(bytes[88])
                bytes[92 + header + 2 * 44 + field] ^= 8
            }
            #expect(complaint(fixture.indexed()).contains(complains))
        }
    }
}
