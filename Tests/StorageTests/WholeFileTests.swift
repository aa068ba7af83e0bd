import Glibc
import Storage
import TestSupport
import Testing

@Suite("Files as a whole")
struct WholeFileTests {
    private func content(of path: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try File.open(readingFrom: path).readAll { bytes += $0 }
        return bytes
    }

    @Test("a file that is replaced is the old or the new one, whichever call fails")
    func replacing() throws {
        try withTemporaryFolder { folder in
            let (path, temporary) = (folder + "/a", folder + "/a.tmp")
            let (old, new) = (Array("old".utf8), Array("the new one".utf8))
            var calls = 0
            var failing = 1
            repeat {
                try File.replace(path: path, with: old, through: temporary)
                let faults = StorageFaults(beneath: folder, errorNumber: EIO, first: failing)
                let outcome = Result { () throws(StorageError) in
                    try File.replace(path: path, with: new, through: temporary)
                }
                calls = faults.calls
                let found = try content(of: path)
                switch outcome {
                case .success: #expect(found == new)
                // The name may be the new one's, and not yet durable.
                case .failure: #expect(found == old || found == new)
                }
                #expect(try Directory.list(path: folder) == ["a"])
                failing += 1
            } while calls >= failing - 1
            #expect(failing > 5, "a replacement is five calls at least")
        }
    }

    @Test("what a crash left under the temporary name, and its permissions, do not count")
    func leftBehind() throws {
        try withTemporaryFolder { folder in
            let (path, temporary) = (folder + "/key", folder + "/key.tmp")
            _ = try File.create(path: temporary)
            try File.replace(path: path, with: [1], through: temporary, isPrivate: true)
            var status = stat()
            #expect(stat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            #expect(try content(of: path) == [1])
        }
    }

    @Test("all of a file is lent, whatever its size", arguments: [0, 1, 1 << 20, (2 << 20) + 3])
    func reading(size: Int) throws {
        try withTemporaryFolder { folder in
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try File.replace(path: folder + "/a", with: bytes, through: folder + "/b")
            #expect(try content(of: folder + "/a") == bytes)
        }
    }
}
