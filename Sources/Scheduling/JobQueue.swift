import Base

/// Jobs that wait to be started, in the order in which they are to be.
///
/// The smallest input goes first, and whoever has waited for the aging time before all younger ones,
/// the oldest first: so a large job starts under a constant stream of small ones, too.
///
/// Jobs that need the same to start share a lane, and wait for the same reason: only the first of
/// each lane is looked at, so that an event costs the same however many jobs wait.
struct JobQueue: Sendable {
    /// What a job needs before it can start.
    struct Lane: Hashable, Sendable {
        /// The turn to read an input.
        var wantsReader: Bool
        var needsWorkers: Bool
        /// The only pool to use, when the user named one.
        var pool: PoolID?
    }

    /// A job in the queue.
    private struct Entry: Comparable, Sendable {
        let sizeBytes: Int64
        let id: JobID
        let submitted: Instant

        static func < (left: Self, right: Self) -> Bool {
            (left.sizeBytes, left.id) < (right.sizeBytes, right.id)
        }

        /// Whether it goes before all that came later.
        func isAged(at now: Instant) -> Bool {
            now - submitted >= SchedulingSettings.agingTime
        }
    }

    /// The jobs of a lane twice, by size and by age; those that have left are skipped in both.
    private struct Line: Sendable {
        let lane: Lane
        var bySize = MinHeap<Entry>()
        var byAge = FrontQueue<Entry>()
        var reason: String?
        /// Since when the lane lacks a pool.
        var missingSince: Instant?

        /// The job that came first of those that wait.
        mutating func oldest(of waiting: [JobID: Lane], looks: inout Int) -> Entry? {
            byAge.dropFirst { entry in
                let hasLeft = waiting[entry.id] == nil
                if hasLeft { looks += 1 }
                return hasLeft
            }
            return byAge.first
        }
    }

    private var lines: [Line] = []
    private var lineOf: [Lane: Int] = [:]
    /// The lanes of the jobs that wait.
    private var waiting: [JobID: Lane] = [:]
    /// Entries that were looked at so far: what an event costs, for tests.
    private(set) var looks = 0

    var count: Int { waiting.count }

    /// In the order in which they were first used.
    var lanes: [Lane] { lines.map(\.lane) }

    func contains(_ id: JobID) -> Bool { waiting[id] != nil }

    mutating func insert(_ id: JobID, _ lane: Lane, sizeBytes: Int64, at now: Instant) {
        precondition(waiting[id] == nil, "job \(id) waits twice")
        waiting[id] = lane
        let entry = Entry(sizeBytes: sizeBytes, id: id, submitted: now)
        update(lane) { line in
            line.bySize.insert(entry)
            line.byAge.append(entry)
        }
    }

    /// Takes a job out, wherever it stands; one that does not wait is left alone.
    mutating func remove(_ id: JobID) { waiting[id] = nil }

    /// The job of these lanes that is to start next.
    mutating func first(of lanes: [Lane], at now: Instant) -> (lane: Lane, id: JobID)? {
        var best: (lane: Lane, entry: Entry)?
        for lane in lanes {
            guard let entry = first(of: lane, at: now) else { continue }
            if let other = best?.entry, !goesBefore(entry, other, at: now) { continue }
            best = (lane, entry)
        }
        return best.map { ($0.lane, $0.entry.id) }
    }

    private func goesBefore(_ left: Entry, _ right: Entry, at now: Instant) -> Bool {
        guard left.isAged(at: now) || right.isAged(at: now) else { return left < right }
        return (left.submitted, left.id) < (right.submitted, right.id)
    }

    private mutating func first(of lane: Lane, at now: Instant) -> Entry? {
        let waiting = self.waiting
        var looks = 1
        let entry = update(lane) { line -> Entry? in
            if let oldest = line.oldest(of: waiting, looks: &looks), oldest.isAged(at: now) {
                return oldest
            }
            while let smallest = line.bySize.first, waiting[smallest.id] == nil {
                _ = line.bySize.popFirst()
                looks += 1
            }
            return line.bySize.first
        }
        self.looks += looks
        return entry
    }

    // MARK: Why they wait

    /// Why a job of the queue waits; nil for one that was not looked at yet, and for others.
    func reason(of id: JobID) -> String? {
        waiting[id].flatMap { lineOf[$0] }.flatMap { lines[$0].reason }
    }

    /// Notes why the jobs of a lane wait, and whether it is a pool that they lack.
    mutating func wait(_ lane: Lane, _ reason: String, lacksPool: Bool, at now: Instant) {
        update(lane) { line in
            line.reason = reason
            line.missingSince = lacksPool ? line.missingSince ?? now : nil
        }
    }

    /// The oldest job of a lane, if it has lacked a pool for longer than this.
    mutating func overdue(in lane: Lane, after time: Duration, at now: Instant) -> JobID? {
        let waiting = self.waiting
        var looks = 0
        let overdue = update(lane) { line -> JobID? in
            guard let oldest = line.oldest(of: waiting, looks: &looks),
                let missing = line.missingSince, now - max(missing, oldest.submitted) > time
            else { return nil }
            return oldest.id
        }
        self.looks += looks
        return overdue
    }

    private mutating func update<Value>(_ lane: Lane, _ change: (inout Line) -> Value) -> Value {
        if let index = lineOf[lane] { return change(&lines[index]) }
        lineOf[lane] = lines.count
        lines.append(Line(lane: lane))
        return change(&lines[lines.count - 1])
    }
}
