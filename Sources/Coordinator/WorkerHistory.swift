import API
import Base
import Scheduling
import Transport
import Wire

/// What happened to workers and pools and is not written yet.
///
/// A value; lives on the loop.
struct WorkerHistory {
    /// What waits to be written while the disk is full; the oldest is forgotten beyond.
    static let unsavedLimit = 5000

    private var unsaved: [WorkerEvent] = []
    private var exhausted: Set<PoolID> = []

    mutating func note(_ event: WorkerEvent) {
        unsaved.append(event)
        if unsaved.count > Self.unsavedLimit { unsaved.removeFirst() }
    }

    /// Notes which pools can no longer be had, and which can be again.
    mutating func look(
        at pools: [(id: PoolID, state: Pool.State, reason: String?)],
        at now: WallTime
    ) {
        for pool in pools {
            let isExhausted = pool.state == .exhausted
            guard isExhausted != exhausted.contains(pool.id) else { continue }
            // One that is tried again is not to be had yet.
            guard isExhausted || pool.state == .active || pool.state == .ready else { continue }
            if isExhausted { exhausted.insert(pool.id) } else { exhausted.remove(pool.id) }
            note(
                WorkerEvent(
                    at: now.rfc3339,
                    kind: isExhausted ? .exhausted : .available,
                    pool: pool.id.rawValue,
                    cause: isExhausted ? pool.reason : nil
                )
            )
        }
    }

    /// Hands out what is to be written.
    mutating func takeUnsaved() -> [WorkerEvent] {
        defer { unsaved = [] }
        return unsaved
    }

    /// Takes back what could not be written.
    mutating func putBack(_ events: [WorkerEvent]) {
        unsaved = (events + unsaved).suffix(Self.unsavedLimit)
    }
}

extension CoordinatorShell {
    func note(_ kind: WorkerEvent.Kind, _ worker: WorkerID, _ cause: String? = nil) {
        guard let hello = roster.hello(of: worker) else { return }
        workerHistory.note(
            WorkerEvent(
                at: EventLoop.wallTime().rfc3339,
                kind: kind,
                pool: hello.pool,
                worker: "\(worker)",
                host: hello.host,
                cause: cause
            )
        )
    }

    /// Writes what happened to workers and pools since the last time.
    func saveWorkerEvents() {
        workerHistory.look(
            at: scheduler.pools.map {
                ($0.settings.id, scheduler.state(of: $0), $0.exhaustedReason)
            },
            at: EventLoop.wallTime()
        )
        let events = workerHistory.takeUnsaved()
        guard !events.isEmpty else { return }
        jobStore.append(events) { [unowned self] outcome in
            guard case .failure(let error) = outcome else { return }
            CoordinatorLog.write("what happened to workers could not be recorded: \(error)")
            workerHistory.putBack(events)
        }
    }
}
