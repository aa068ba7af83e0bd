import Glibc
import Storage
import TestSupport
import Testing

@Suite("Calls that shall fail, for tests")
struct StorageFaultsTests {
    /// Makes each kind of change once: create, write, synchronize, rename.
    private func change(_ folder: String) throws {
        let file = try File.create(path: folder + "/a", exclusive: false)
        try file.write("text")
        try file.synchronize()
        try Directory.rename(from: folder + "/a", to: folder + "/b")
    }

    @Test("the Nth call fails once, and the next attempt succeeds", arguments: 1...4)
    func once(first: Int) throws {
        try withTemporaryFolder { folder in
            let faults = StorageFaults(beneath: folder, first: first)
            let error = #expect(throws: StorageError.self) { try change(folder) }
            #expect(error?.isDiskFull == true)
            #expect(faults.calls == first)
            try change(folder)
        }
    }

    @Test("a lasting fault ends with its object")
    func lasting() throws {
        try withTemporaryFolder { folder in
            do {
                let faults = StorageFaults(
                    beneath: folder,
                    errorNumber: EIO,
                    first: 2,
                    isLasting: true
                )
                #expect(throws: StorageError.self) { try change(folder) }
                #expect(throws: StorageError.self) { try change(folder) }
                #expect(faults.calls == 3)
            }
            try change(folder)
        }
    }

    @Test("a flipped bit is in what the Nth call wrote or copied, and the call succeeds")
    func flippedBit() throws {
        try withTemporaryFolder { folder in
            let source = try File.create(path: folder + "/source")
            try source.write("abcde")
            try Directory.create(path: folder + "/one")
            for first in 1...2 {
                let faults = StorageFaults(flippingBitBeneath: folder + "/one", first: first)
                let file = try File.create(path: folder + "/one/\(first)")
                try file.write("fghij")
                try file.copy(from: source, at: 0, count: 5, to: 5)
                #expect(try file.text() == (first == 1 ? "fgiijabcde" : "fghijabbde"))
                #expect(faults.calls == 2)
            }
        }
    }

    @Test("other folders and other kinds of calls are untouched")
    func others() throws {
        try withTemporaryFolder { folder in
            try Directory.create(path: folder + "/one")
            let faults = StorageFaults(
                beneath: folder + "/one",
                operations: [.rename],
                first: 1,
                isLasting: true
            )
            try change(folder)
            #expect(faults.calls == 0)
            #expect(throws: StorageError.self) { try change(folder + "/one") }
            #expect(faults.calls == 1)
        }
    }
}
