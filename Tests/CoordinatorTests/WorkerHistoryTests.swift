import API
import Base
import Database
import Scheduling
import TestSupport
import Testing
import Transport

@testable import Coordinator

@Suite("The history of workers and pools")
struct WorkerHistoryTests {
    private let now = WallTime(microseconds: 1_800_000_000_000_000)
    private let pool = PoolID("zone-a")

    private func event(_ number: Int) -> WorkerEvent {
        WorkerEvent(at: now.rfc3339, kind: .joined, pool: "zone-a", worker: "\(number)")
    }

    @Test("a pool that cannot be had is told of once, and again when it can be")
    func pools() {
        var history = WorkerHistory()
        for state in [.ready, .exhausted, .exhausted, .acquiring, .active, .ready] as [Pool.State] {
            history.look(at: [(pool, state, "no workers")], at: now)
        }
        let events = history.takeUnsaved()
        #expect(events.map(\.kind) == [.exhausted, .available])
        #expect(events.map(\.cause) == ["no workers", nil])
    }

    @Test("what could not be written is written later, up to a limit, in its order")
    func unsaved() {
        var history = WorkerHistory()
        history.note(event(1))
        let first = history.takeUnsaved()
        history.note(event(2))
        history.putBack(first)
        #expect(history.takeUnsaved().map(\.worker) == ["1", "2"])
        for number in 0...WorkerHistory.unsavedLimit { history.note(event(number)) }
        #expect(history.takeUnsaved().count == WorkerHistory.unsavedLimit)
    }

    @Test("the store keeps the newest, and hands out the newest first")
    func store() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            let store = try JobStore(path: folder + "/jobs.sqlite", loop: test.loop)
            let events = (0..<JobStore.keptWorkerEvents + 10).map(event)
            try test.ask { answer in store.append(events) { answer($0) } }.get()
            let part = try test.ask { answer in
                store.workerEvents(from: 1, limit: 2) { answer($0) }
            }.get()
            #expect(part.total == JobStore.keptWorkerEvents)
            #expect(part.events.map(\.worker) == ["5008", "5007"])
        }
    }
}
