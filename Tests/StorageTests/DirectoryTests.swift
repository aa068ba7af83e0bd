import Glibc
import Storage
import TestSupport
import Testing

@Suite("A folder")
struct DirectoryTests {
    @Test("is created with its parents, and once more without an error")
    func creates() throws {
        try withTemporaryFolder { folder in
            for _ in 0..<2 { try Directory.create(path: folder + "/a/b/c/") }
            #expect(try Directory.list(path: folder + "/a") == ["b"])
        }
    }

    @Test("is not created below a file")
    func refusesFile() throws {
        try withTemporaryFolder { folder in
            _ = try File.create(path: folder + "/a")
            let error = #expect(throws: StorageError.self) {
                try Directory.create(path: folder + "/a/b")
            }
            #expect(error?.description.contains("create folder \(folder)/a") == true)
        }
    }

    @Test("lists its names by their bytes")
    func lists() throws {
        try withTemporaryFolder { folder in
            for name in ["b", "a", "ä", "Z", ".hidden"] {
                _ = try File.create(path: folder + "/" + name)
            }
            #expect(try Directory.list(path: folder) == [".hidden", "Z", "a", "b", "ä"])
        }
    }

    @Test("a removed tree leaves what its links point to")
    func removesTree() throws {
        try withTemporaryFolder { folder in
            try Directory.create(path: folder + "/kept")
            _ = try File.create(path: folder + "/kept/file")
            try Directory.create(path: folder + "/tree/deep")
            _ = try File.create(path: folder + "/tree/deep/file")
            try #require(symlink(folder + "/kept", folder + "/tree/link") == 0)
            try Directory.removeTree(path: folder + "/tree")
            try Directory.removeTree(path: folder + "/tree")
            #expect(try Directory.list(path: folder) == ["kept"])
            #expect(Directory.exists(path: folder + "/kept/file"))
        }
    }

    @Test("a rename replaces the file of that name, and a missing source is an error")
    func renames() throws {
        try withTemporaryFolder { folder in
            try File.create(path: folder + "/new").write("new")
            try File.create(path: folder + "/old").write("old")
            try Directory.rename(from: folder + "/new", to: folder + "/old")
            try Directory.synchronize(path: folder)
            #expect(try File.open(readingFrom: folder + "/old").text() == "new")
            #expect(throws: StorageError.self) {
                try Directory.rename(from: folder + "/new", to: folder + "/old")
            }
            try Directory.remove(path: folder + "/old")
            #expect(!Directory.exists(path: folder + "/old"))
        }
    }

    @Test("knows its free space, whether it is writable, and its real path")
    func inspects() throws {
        try withTemporaryFolder { folder in
            #expect(try Directory.freeSpaceBytes(path: folder) > 0)
            #expect(Directory.isWritable(path: folder))
            #expect(!Directory.isWritable(path: folder + "/missing"))
            let real = try Directory.realPath(folder)
            try #require(symlink(folder, folder + "/link") == 0)
            #expect(
                try Directory.realPath(folder + "/link/./link/..") == Directory.parent(of: real)
            )
        }
    }

    @Test(
        "the parent of a path is its folder",
        arguments: [("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b/", "a"), ("/", "/")]
    )
    func parents(path: String, parent: String) {
        #expect(Directory.parent(of: path) == parent)
    }
}
