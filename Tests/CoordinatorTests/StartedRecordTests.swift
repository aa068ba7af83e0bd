import Base
import Storage
import Testing
import TestSupport

@testable import Coordinator

@Suite("Records of started workers")
struct StartedRecordTests {
    private func record(_ name: String, stop: [String] = ["true"]) -> StartedRecord {
        StartedRecord(
            name: name,
            pool: "zone-b",
            host: "h1",
            stop: stop,
            timeLimitMilliseconds: 5000
        )
    }

    @Test("a record comes back as it was written, until it is removed")
    func roundTrip() throws {
        try withTemporaryFolder { folder in
            let records = try StartedRecords(stateDirectory: folder)
            let written = [record("ott-1-1"), record("ott-1-2", stop: ["a b", "\"", "\n"])]
            for record in written { try records.write(record) }
            #expect(try records.all() == written)
            try records.remove(WorkerName("ott-1-1"))
            #expect(try records.all() == [written[1]])
        }
    }

    @Test("one that was not finished is removed, a damaged one stays for people to look at")
    func damage() throws {
        try withTemporaryFolder { folder in
            let records = try StartedRecords(stateDirectory: folder)
            try write(Array("{".utf8), to: folder + "/started/ott-1-1.new")
            try write(Array("{".utf8), to: folder + "/started/ott-1-2")
            #expect(try records.all() == [])
            #expect(try Directory.list(path: folder + "/started") == ["ott-1-2"])
        }
    }

    @Test("what a dead coordinator left is stopped once, and what cannot be is named")
    func leftWorkers() throws {
        try withTemporaryFolder { folder in
            #expect(try stopLeftWorkers(stateDirectory: folder) == [])
            let records = try StartedRecords(stateDirectory: folder)
            try records.write(record("ott-1-1", stop: ["touch", folder + "/stopped"]))
            try records.write(record("ott-1-2", stop: ["false"]))
            #expect(
                try stopLeftWorkers(stateDirectory: folder)
                    == ["ott-1-2: false: exit code 1; stop it by hand: false"]
            )
            #expect(Directory.exists(path: folder + "/stopped"))
            #expect(try records.all().map(\.name) == ["ott-1-2"])
        }
    }

    @Test("of what a command said the last lines become the reason, without control characters")
    func lastLines() {
        #expect(PoolCommand.lastLines(of: "") == "")
        #expect(PoolCommand.lastLines(of: "1\n2\r\n\n3\u{1b}[31m\n 4 \n \n") == "2; 3[31m;  4 ")
        let long = PoolCommand.lastLines(of: String(repeating: "x", count: 5000) + "end")
        #expect(long.count == PoolCommand.toldCharacters)
        #expect(long.hasSuffix("xend"))
    }

    @Test("names fit hosts of clouds, whatever the cluster is called")
    func names() {
        #expect(CommandPools.namePrefix(cluster: "ott", epoch: 7) == "ott-7")
        let long = String(repeating: "a_", count: 31)
        let prefix = CommandPools.namePrefix(cluster: long, epoch: 1 << 31)
        #expect(Names.isValidHyphenated(prefix + "-1000000"))
        #expect(!prefix.contains("_"))
    }
}
