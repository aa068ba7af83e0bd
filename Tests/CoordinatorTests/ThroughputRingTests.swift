import API
import Base
import Testing

@testable import Coordinator

@Suite("Throughput of the last hour")
struct ThroughputRingTests {
    private func at(_ seconds: Int64) -> Instant {
        Instant(nanoseconds: (1_000_000 + seconds) * 1_000_000_000)
    }

    @Test("what finished is counted in its interval, the newest last")
    func counting() {
        var ring = ThroughputRing()
        ring.note(tasks: 1, rows: 10, bytes: 100, at: at(0))
        ring.note(tasks: 2, rows: 20, bytes: 200, at: at(1))
        ring.note(tasks: 4, rows: 40, bytes: 400, at: at(60))
        let intervals = ring.summary(at: at(60)).intervals
        #expect(intervals.count == ThroughputRing.count)
        #expect(intervals.suffix(3).map(\.tasks) == [3, 0, 4])
        #expect(intervals.suffix(3).map(\.rows) == [30, 0, 40])
        #expect(intervals.suffix(3).map(\.bytes) == [300, 0, 400])
    }

    @Test("what is an hour old is forgotten, however long nothing happened")
    func forgetting() {
        var ring = ThroughputRing()
        ring.note(tasks: 5, rows: 0, bytes: 0, at: at(0))
        let sums = [3540, 3630].map { time in
            ring.summary(at: at(time)).intervals.map(\.tasks).reduce(0, +)
        }
        #expect(sums == [5, 0])
        ring.note(tasks: 7, rows: 0, bytes: 0, at: at(1_000_000))
        let last = ring.summary(at: at(1_000_000)).intervals.map(\.tasks)
        #expect(last.reduce(0, +) == 7)
    }

    @Test("a new interval is told once")
    func advancing() {
        var ring = ThroughputRing()
        ring.advance(to: at(0))
        let told = [1, 31, 31, 95, 96].map { ring.advance(to: at($0)) }
        #expect(told == [false, true, false, true, false])
    }
}
