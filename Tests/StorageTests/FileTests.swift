import Glibc
import Storage
import TestSupport
import Testing

@Suite("A file")
struct FileTests {
    @Test("what was written at an offset is read back from there")
    func writesAndReads() throws {
        try withTemporaryFolder { folder in
            let file = try File.create(path: folder + "/a")
            try file.write("hello world")
            try file.write("W", at: 6)
            try file.synchronize()
            #expect(try file.text() == "hello World")
            let reader = try File.open(readingFrom: folder + "/a")
            #expect(try reader.text(at: 6, count: 3) == "Wor")
            #expect(try reader.text(at: 11) == "")
        }
    }

    @Test("an exclusive creation refuses an existing file, another one empties it")
    func creation() throws {
        try withTemporaryFolder { folder in
            try File.create(path: folder + "/a").write("old")
            let error = #expect(throws: StorageError.self) {
                _ = try File.create(path: folder + "/a")
            }
            #expect(error?.alreadyExists == true)
            #expect(try File.create(path: folder + "/a", exclusive: false).text() == "")
        }
    }

    @Test("a missing file is an error that names the path and what to do")
    func missingFile() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: StorageError.self) {
                _ = try File.open(readingFrom: folder + "/none")
            }
            #expect(error?.isMissing == true)
            let text = error?.description ?? ""
            #expect(text.contains("cannot open \(folder)/none: No such file or directory; check"))
        }
    }

    @Test("a full disk is told apart and says so")
    func fullDisk() throws {
        // /dev/full answers every write with ENOSPC: full(4).
        let file = try File.create(path: "/dev/full", exclusive: false)
        let error = #expect(throws: StorageError.self) { try file.write("x") }
        #expect(error?.isDiskFull == true)
        #expect(error?.description.contains("No space left on device; free space") == true)
    }

    @Test("a copy takes the named bytes to the named place", arguments: [0, 5, 300 << 10])
    func copies(from offset: Int) throws {
        try withTemporaryFolder { folder in
            let text = String(repeating: "0123456789abcdef", count: 40 << 10)
            let source = try File.create(path: folder + "/source")
            try source.write(text)
            let target = try File.create(path: folder + "/target")
            try target.write("head")
            let count = 300 << 10
            try target.copy(from: source, at: Int64(offset), count: Int64(count), to: 4)
            let copied = text.dropFirst(offset).prefix(count)
            #expect(try target.text() == "head" + copied)
        }
    }

    @Test("a copy from where the kernel cannot copy goes through memory")
    func copiesFromDevice() throws {
        try withTemporaryFolder { folder in
            let source = try File.open(readingFrom: "/dev/zero")
            let target = try File.create(path: folder + "/target")
            try target.copy(from: source, at: 0, count: 600_000, to: 1)
            #expect(try target.identity().sizeBytes == 600_001)
        }
    }

    @Test("a source that ends too early is an error with the offset of its end")
    func shortSource() throws {
        try withTemporaryFolder { folder in
            let source = try File.create(path: folder + "/source")
            try source.write("12345")
            let target = try File.create(path: folder + "/target")
            #expect(throws: StorageError.unexpectedEnd(path: folder + "/source", offset: 5)) {
                try target.copy(from: source, at: 2, count: 4, to: 0)
            }
        }
    }

    @Test("the identity changes with the content and stays with the name")
    func identity() throws {
        try withTemporaryFolder { folder in
            let file = try File.create(path: folder + "/a")
            try file.write("one")
            let first = try file.identity()
            #expect(first.sizeBytes == 3)
            try Directory.rename(from: folder + "/a", to: folder + "/b")
            #expect(try File.open(readingFrom: folder + "/b").identity() == first)
            try file.write("three")
            #expect(try file.identity() != first)
        }
    }

    @Test("dropping the last reference closes the descriptor")
    func closes() throws {
        try withTemporaryFolder { folder in
            try File.create(path: folder + "/a").write("x")
            // More than any limit of open descriptors on the machines the tests run on.
            var limit = rlimit()
            try #require(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            for _ in 0..<min(Int(limit.rlim_cur) + 1, 30_000) {
                _ = try File.open(readingFrom: folder + "/a")
            }
        }
    }
}
