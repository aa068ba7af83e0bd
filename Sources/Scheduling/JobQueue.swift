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
    }

    /// The jobs of a lane twice, by size and by age; those that have left are skipped in both.
    private struct Line: Sendable {
        let lane: Lane
        var bySize = MinHeap<Entry>()
        var byAge = AgeList()
        var reason: String?
        /// Since when the lane lacks a pool.
        var missingSince: Instant?
    }

    /// Entries in the order in which they came.
    private struct AgeList: Sendable {
        private var entries: [Entry] = []
        private var start = 0

        var first: Entry? { start < entries.count ? entries[start] : nil }

        mutating func append(_ entry: Entry) { entries.append(entry) }

        mutating func dropFirst() {
            start += 1
            // Half of the array is behind us: cheap to cut off, and memory stays bounded.
            guard start > 64, start * 2 > entries.count else { return }
            entries.removeFirst(start)
            start = 0
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

    private func isAged(_ entry: Entry, at now: Instant) -> Bool {
        now - entry.submitted >= SchedulingSettings.agingTime
    }

    private func goesBefore(_ left: Entry, _ right: Entry, at now: Instant) -> Bool {
        guard isAged(left, at: now) || isAged(right, at: now) else { return left < right }
        return (left.submitted, left.id) < (right.submitted, right.id)
    }

    private mutating func first(of lane: Lane, at now: Instant) -> Entry? {
        let (waiting, agingTime) = (self.waiting, SchedulingSettings.agingTime)
        var looks = 0
        let entry = update(lane) { line -> Entry? in
            looks += 1
            while let oldest = line.byAge.first, waiting[oldest.id] == nil {
                line.byAge.dropFirst()
                looks += 1
            }
            if let oldest = line.byAge.first, now - oldest.submitted >= agingTime { return oldest }
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
        return update(lane) { line in
            while let oldest = line.byAge.first, waiting[oldest.id] == nil {
                line.byAge.dropFirst()
            }
            guard let missing = line.missingSince, let oldest = line.byAge.first,
                now - max(missing, oldest.submitted) > time
            else { return nil }
            return oldest.id
        }
    }

    private mutating func update<Value>(_ lane: Lane, _ change: (inout Line) -> Value) -> Value {
        if let index = lineOf[lane] { return change(&lines[index]) }
        lineOf[lane] = lines.count
        lines.append(Line(lane: lane))
        return change(&lines[lines.count - 1])
    }
}
