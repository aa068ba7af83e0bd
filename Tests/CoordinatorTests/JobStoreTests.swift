import Base
import Database
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
        let result: Result<(id: JobID, isNew: Bool), DatabaseError> = try test.ask { answer in
            store.insert(
                name: "imdb",
                requestID: requestID,
                request: "{}",
                created: "2026-11-23T20:00:00Z"
            ) { answer($0) }
        }
        let inserted = try result.get()
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

    @Test("jobs and request ids survive, and the epoch grows with every opening")
    func reopening() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            for epoch in Int64(1)...4 {
                let store = try JobStore(path: folder + "/state.sqlite", loop: test.loop)
                #expect(store.epoch == epoch)
                let inserted = try insert(store, test, requestID: "a")
                #expect(inserted == Inserted(id: 1, isNew: epoch == 1))
                #expect(try job(store, test, 1)?.state == "PENDING")
                store.drain()
            }
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
}
