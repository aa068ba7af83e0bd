import API
import Base
import Identity
import Scheduling
import Transport
import Wire

/// Who the workers are and were, for people: the scheduler only knows those that count.
struct WorkerRoster {
    /// How long workers that are gone are listed; product.md section 2.
    static let memory = Duration.seconds(600)
    /// Workers that are gone and kept in all; the oldest are forgotten first.
    static let goneLimit = 1000

    private struct Entry {
        var hello: Hello
        var pool: PoolID
        var identity: String?
        var joined: WallTime
        var gone: (at: Instant, lost: Bool, reason: String)?
        var since: Instant
        /// Time of its slots that it reported.
        var busy = Duration.zero
        var peakMemoryBytes: Int64 = 0
    }

    private var entries: [WorkerID: Entry] = [:]
    private var counter: Int64 = 0

    /// Takes a worker in under a number of its own; `identity` is what its certificate names.
    mutating func join(_ hello: Hello, pool: PoolID, identity: Subject?) -> WorkerID {
        counter += 1
        let id = WorkerID(counter)
        entries[id] = Entry(
            hello: hello,
            pool: pool,
            identity: identity.map { "\(pool)/\($0.name)" },
            joined: EventLoop.wallTime(),
            since: EventLoop.now()
        )
        return id
    }

    /// How a worker introduced itself; nil of one that is long gone.
    func hello(of id: WorkerID) -> Hello? { entries[id]?.hello }

    mutating func left(_ id: WorkerID, lost: Bool, reason: String) {
        entries[id]?.gone = (EventLoop.now(), lost, reason)
        let gone = entries.filter { $0.value.gone != nil }.keys.sorted()
        for id in gone.dropLast(Self.goneLimit) { entries[id] = nil }
    }

    /// Adds what a worker did for an attempt to what it has used.
    mutating func note(_ report: AttemptReport, of id: WorkerID) {
        let stages: [AttemptReport.Stage] = [.inflated, .converted, .encoded, .hashed]
        entries[id]?.busy += stages.reduce(.zero) { $0 + (report.times[$1] ?? .zero) }
        let peak = max(entries[id]?.peakMemoryBytes ?? 0, report.peakMemoryBytes)
        entries[id]?.peakMemoryBytes = peak
    }

    /// What a worker has used so far, by the id it is listed with.
    func use(of id: String, at now: Instant) -> WorkerUse {
        guard let entry = Int64(id).flatMap({ entries[WorkerID($0)] }) else { return WorkerUse() }
        return WorkerUse(
            busySeconds: entry.busy.seconds,
            livedSeconds: ((entry.gone?.at ?? now) - entry.since).seconds,
            peakMemoryBytes: entry.peakMemoryBytes
        )
    }

    /// The workers as they are listed; those long gone only when `all`.
    func summaries(_ scheduler: Scheduler, all: Bool, at now: Instant) -> [WorkerSummary] {
        entries.sorted { $0.key < $1.key }.compactMap { id, entry in
            if let gone = entry.gone, !all, now - gone.at > Self.memory { return nil }
            let worker = scheduler.workers[id]
            return WorkerSummary(
                id: "\(id)",
                pool: "\(entry.pool)",
                host: entry.hello.host,
                pid: Int(entry.hello.processID),
                state: state(of: entry, worker),
                slots: Int(entry.hello.slots),
                running: worker?.running.count ?? 0,
                done: worker?.finishedAttempts ?? 0,
                joined: entry.joined.rfc3339,
                identity: entry.identity,
                name: entry.hello.name.isEmpty ? nil : entry.hello.name,
                reason: entry.gone?.reason ?? worker?.reason
            )
        }
    }

    private func state(of entry: Entry, _ worker: Worker?) -> WorkerState {
        if let gone = entry.gone { return gone.lost ? .lost : .stopped }
        switch worker?.state {
        case .ready: return .ready
        case .suspect, .setAside: return .suspect
        case .draining: return .draining
        case nil: return .starting
        }
    }
}
