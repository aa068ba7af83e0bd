import API
import Base

/// What finished in the last hour, in a ring of intervals.
///
/// Pure: the time is passed in. It begins anew with each coordinator.
struct ThroughputRing {
    /// An hour in 120 steps: as fine as a plot shows.
    static let interval = Duration.seconds(30)
    static let count = 120

    private var intervals = Array(repeating: Throughput.Interval(), count: Self.count)
    /// Which interval, counted since the clock began, is the newest one.
    private var newest: Int64 = 0

    mutating func note(tasks: Int, rows: Int64, bytes: Int64, at now: Instant) {
        advance(to: now)
        let index = Int(newest % Int64(Self.count))
        intervals[index].tasks += tasks
        intervals[index].rows += rows
        intervals[index].bytes += bytes
    }

    /// The intervals that are over, the oldest first; whether a new one has begun tells `advance`.
    mutating func summary(at now: Instant) -> Throughput {
        advance(to: now)
        let start = Int((newest + 1) % Int64(Self.count))
        return Throughput(
            intervalSeconds: Int(Self.interval.seconds),
            intervals: Array(intervals[start...] + intervals[..<start])
        )
    }

    /// Empties the intervals that have begun since; returns whether there are any.
    @discardableResult
    mutating func advance(to now: Instant) -> Bool {
        let current = now.nanoseconds / Self.interval.nanoseconds
        guard current > newest else { return false }
        for number in max(newest + 1, current - Int64(Self.count) + 1)...current {
            intervals[Int(number % Int64(Self.count))] = Throughput.Interval()
        }
        newest = current
        return true
    }
}
