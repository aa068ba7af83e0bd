import Base
import Catalog
import Database
import Storage
import TestSupport
import Testing
import Transport

@testable import Coordinator

@Suite("The job store keeps every job that was answered for")
struct JobStoreTests {
    private struct Inserted: Sendable, Equatable {
        let id: Int64
        let isNew: Bool
    }

    private func insert(
        _ store: JobStore,
        _ test: TestLoop,
        requestID: String? = nil
    ) throws -> Inserted {
        let result: Result<(id: JobID, isNew: Bool)?, DatabaseError> = try test.ask { answer in
            store.insert(
                name: "imdb",
                requestID: requestID,
                request: "{}",
                created: "2026-11-23T20:00:00Z"
            ) { answer($0) }
        }
        let inserted = try #require(try result.get())
        return Inserted(id: inserted.id.rawValue, isNew: inserted.isNew)
    }

    private func job(_ store: JobStore, _ test: TestLoop, _ id: Int64) throws -> JobRecord? {
        try test.ask { answer in store.job(JobID(id)) { answer($0) } }.get()
    }

    @Test("a request id that is known gives the job it made")
    func requestID() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            let store = try JobStore(path: folder + "/state.sqlite", loop: test.loop)
            #expect(try insert(store, test, requestID: "a") == Inserted(id: 1, isNew: true))
            #expect(try insert(store, test, requestID: "b") == Inserted(id: 2, isNew: true))
            #expect(try insert(store, test, requestID: "a") == Inserted(id: 1, isNew: false))
            #expect(try insert(store, test) == Inserted(id: 3, isNew: true))
            #expect(try insert(store, test) == Inserted(id: 4, isNew: true))
            #expect(try job(store, test, 5) == nil)
        }
    }

    @Test("without room a request id that is known gives its job, and nothing else is recorded")
    func noRoom() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            let store = try JobStore(path: folder + "/state.sqlite", loop: test.loop)
            #expect(try insert(store, test, requestID: "a").id == 1)
            for (requestID, id) in [("a", 1), ("b", nil), (nil, nil)] as [(String?, Int64?)] {
                let answer: Result<(id: JobID, isNew: Bool)?, DatabaseError> = try test.ask {
                    answer in
                    store.insert(
                        name: "imdb",
                        requestID: requestID,
                        request: "{}",
                        created: "2026-11-23T20:00:00Z",
                        hasRoom: false
                    ) { answer($0) }
                }
                #expect(try answer.get()?.id.rawValue == id)
            }
            #expect(try job(store, test, 2) == nil)
        }
    }

    @Test("jobs and request ids survive, and the epoch grows with every opening")
    func reopening() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            for epoch in Int64(1)...4 {
                let store = try JobStore(path: folder + "/state.sqlite", loop: test.loop)
                try store.beginReign(after: Catalog.LastReign())
                #expect(store.reign.epoch == epoch)
                let inserted = try insert(store, test, requestID: "a")
                #expect(inserted == Inserted(id: 1, isNew: epoch == 1))
                #expect(try job(store, test, 1)?.state == "PENDING")
                store.drain()
            }
        }
    }

    @Test("a store that comes from a backup goes on above what the catalog has seen of it")
    func restoredBackup() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            let store = try JobStore(path: folder + "/state.sqlite", loop: test.loop)
            try store.beginReign(after: Catalog.LastReign(epoch: 8, job: JobID(41)))
            #expect(store.reign.epoch == 9)
            #expect(try insert(store, test).id == 42)
            try store.beginReign(after: Catalog.LastReign(epoch: 3, job: JobID(7)))
            #expect(store.reign.epoch == 10)
            #expect(try insert(store, test).id == 43)
        }
    }

    @Test("every store has an identity of its own, and keeps it")
    func identity() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            let first = try JobStore(path: folder + "/a.sqlite", loop: test.loop).identity
            let other = try JobStore(path: folder + "/b.sqlite", loop: test.loop).identity
            #expect(first.utf8.count == Reign.jobStoreDigits)
            #expect(first != other)
            #expect(try JobStore(path: folder + "/a.sqlite", loop: test.loop).identity == first)
        }
    }

    @Test("only jobs that have not ended are listed as unfinished, oldest first")
    func unfinished() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            let store = try JobStore(path: folder + "/state.sqlite", loop: test.loop)
            let states = ["RUNNING", "DONE", "PENDING", "ERROR", "CANCELLED", "RUNNING"]
            for (index, state) in states.enumerated() {
                let id = try insert(store, test).id
                #expect(id == Int64(index + 1))
                var record = try #require(try job(store, test, id))
                record.state = state
                record.reason = "why"
                let changed = record
                try test.ask { answer in store.update(changed) { answer($0) } }.get()
            }
            let open = try test.ask { answer in store.unfinished { answer($0) } }.get()
            #expect(open.map(\.id.rawValue) == [1, 3, 6])
            #expect(open.map(\.reason) == ["why", "why", "why"])
            let all = try test.ask { answer in store.list { answer($0) } }.get()
            #expect(all.map(\.id.rawValue) == [6, 5, 4, 3, 2, 1])
        }
    }

    /// Records `count` jobs, of which number n ended n seconds after the start of 2027.
    private func insertEnded(_ count: Int, _ store: JobStore, _ test: TestLoop) throws {
        for _ in 0..<count {
            let id = try insert(store, test).id
            var record = try #require(try job(store, test, id))
            record.state = "DONE"
            record.ended = seconds(id).rfc3339
            record.status = String(repeating: "x", count: 2000)
            let changed = record
            try test.ask { answer in store.update(changed) { answer($0) } }.get()
        }
    }

    private func seconds(_ number: Int64) -> WallTime {
        WallTime(microseconds: (1_798_761_600 + number) * 1_000_000)
    }

    @Test("jobs that ended are found by their end and forgotten; running ones never are")
    func forgetting() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            let store = try JobStore(path: folder + "/state.sqlite", loop: test.loop)
            try insertEnded(5, store, test)
            let running = try insert(store, test, requestID: "a").id
            func ended(_ cutoff: Int64, limit: Int = 10) throws -> [Int64] {
                let time = seconds(cutoff)
                return try test.ask { answer in
                    store.ended(before: time, limit: limit) { answer($0) }
                }.get().map(\.rawValue)
            }
            #expect(try ended(1) == [])
            #expect(try ended(4) == [1, 2, 3])
            #expect(try ended(1_000_000, limit: 2) == [1, 2])

            try test.ask { answer in store.removeLogs([JobID(1)]) { answer($0) } }.get()
            let time = seconds(3)
            let logs = try test.ask { answer in
                store.withLogs(before: time, limit: 9) { answer($0) }
            }
            #expect(try logs.get().map(\.rawValue) == [2])

            try test.ask { answer in
                store.remove([1, 2, 3, 4, 5].map { JobID($0) }) { answer($0) }
            }.get()
            #expect(try ended(1_000_000) == [])
            let left = try test.ask { answer in store.list { answer($0) } }.get()
            #expect(left.map(\.id.rawValue) == [running])
            // Ids are not used again: commits and logs go by them.
            #expect(try insert(store, test).id == 7)
        }
    }

    @Test("the file shrinks when jobs are forgotten")
    func shrinking() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            let path = folder + "/state.sqlite"
            let store = try JobStore(path: path, loop: test.loop)
            func size() throws -> Int64 {
                try File.open(readingFrom: path).identity().sizeBytes
            }
            let empty = try size()
            try insertEnded(100, store, test)
            #expect(try size() > empty + 150_000)
            let all = (1...100).map { JobID($0) }
            try test.ask { answer in store.remove(all) { answer($0) } }.get()
            try test.ask { answer in store.compact { answer($0) } }.get()
            #expect(try size() <= empty + 4096)
        }
    }

    @Test("a store of the first release is brought up to date with its jobs, and shrinks, too")
    func olderStore() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            let path = folder + "/state.sqlite"
            do {
                let old = try Database.Connection(path: path, mode: .readWriteCreate)
                try old.execute(JobStore.migrations[0])
                try old.execute(
                    "INSERT INTO job (name, request, state, created, ended) VALUES "
                        + "('imdb', '{}', 'DONE', '2026-11-23T20:00:00.000000Z', "
                        + "'2026-11-23T21:00:00.000000Z'); PRAGMA user_version = 1"
                )
            }
            let store = try JobStore(path: path, loop: test.loop)
            let time = seconds(0)
            let found = try test.ask { answer in
                store.withLogs(before: time, limit: 9) { answer($0) }
            }
            #expect(try found.get().map(\.rawValue) == [1])
            store.drain()
            let opened = try Database.Connection(path: path, mode: .readOnly)
            let mode = try opened.query("PRAGMA auto_vacuum") { (row) throws(DatabaseError) in
                try row.integer(0)
            }
            #expect(mode == [2])
        }
    }
}
