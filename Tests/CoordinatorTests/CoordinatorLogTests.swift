import Storage
import TestSupport
import Testing

@testable import Coordinator

@Suite("The coordinator's log")
struct CoordinatorLogTests {
    private func text(_ path: String) throws -> String {
        let file = try File.open(readingFrom: path)
        let size = Int(try file.identity().sizeBytes)
        return String(decoding: try file.read(size, at: 0), as: UTF8.self)
    }

    @Test("one that has grown large is kept once beside it, and emptied")
    func turning() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/coordinator.log"
            for content in ["first", "second"] {
                try write(Array(content.utf8), to: path)
                CoordinatorLog.turn(path, limitBytes: 4)
                #expect(try text(path) == "")
                #expect(try text(path + ".1") == content)
            }
        }
    }

    @Test("one that has not, or is not there, is left alone")
    func small() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/coordinator.log"
            CoordinatorLog.turn(path, limitBytes: 4)
            try write(Array("four".utf8), to: path)
            CoordinatorLog.turn(path, limitBytes: 4)
            #expect(try text(path) == "four")
            #expect(try Directory.list(path: folder) == ["coordinator.log"])
        }
    }
}
