import Base
import Testing

// The queue is internal, hence `@testable`: through the scheduler only its ends would be seen.
@testable import Scheduling

@Suite("Jobs that wait")
struct JobQueueTests {
    private static let reading = JobQueue.Lane(wantsReader: true, needsWorkers: true, pool: nil)
    private static let other = JobQueue.Lane(wantsReader: false, needsWorkers: true, pool: zoneB)
    private let start = Instant(nanoseconds: 0)

    private func take(_ queue: inout JobQueue, at now: Instant) -> [Int64] {
        var ids: [Int64] = []
        while let (_, id) = queue.first(of: queue.lanes, at: now) {
            queue.remove(id)
            ids.append(id.rawValue)
        }
        return ids
    }

    @Test("the smallest goes first, of equal ones the older, over all lanes")
    func order() {
        var queue = JobQueue()
        for (id, size) in [(1, 30), (2, 10), (3, 20), (4, 10)] as [(Int64, Int64)] {
            let lane = id % 2 == 0 ? Self.reading : Self.other
            queue.insert(JobID(id), lane, sizeBytes: size, at: start)
        }
        #expect(take(&queue, at: start) == [2, 4, 3, 1])
        #expect(queue.count == 0)
    }

    @Test("who has waited for ten minutes goes before all younger ones, the oldest first")
    func aging() {
        var queue = JobQueue()
        for (id, size) in [(1, 30), (2, 20), (3, 40)] as [(Int64, Int64)] {
            queue.insert(JobID(id), Self.reading, sizeBytes: size, at: start)
        }
        let later = start + .seconds(1)
        queue.insert(JobID(4), Self.reading, sizeBytes: 5, at: later)
        queue.insert(JobID(5), Self.other, sizeBytes: 1, at: later)
        var young = queue
        #expect(take(&young, at: start + .seconds(599)) == [5, 4, 2, 1, 3])
        #expect(take(&queue, at: start + .seconds(600)) == [1, 2, 3, 5, 4])
    }

    @Test("a job that is taken out does not come, and may not be there at all")
    func removal() {
        var queue = JobQueue()
        for id in 1...3 as ClosedRange<Int64> {
            queue.insert(JobID(id), Self.reading, sizeBytes: id, at: start)
        }
        queue.remove(JobID(1))
        queue.remove(JobID(9))
        #expect(!queue.contains(JobID(1)))
        #expect(take(&queue, at: start) == [2, 3])
    }

    @Test("all of a lane wait for its reason, and the time without a pool is each one's own")
    func reasons() {
        var queue = JobQueue()
        queue.insert(JobID(1), Self.reading, sizeBytes: 1, at: start)
        queue.wait(Self.reading, "no pool", lacksPool: true, at: start)
        queue.insert(JobID(2), Self.reading, sizeBytes: 1, at: start + .seconds(50))
        #expect(queue.reason(of: JobID(2)) == "no pool")
        let time = Duration.seconds(60)
        #expect(queue.overdue(in: Self.reading, after: time, at: start + .seconds(60)) == nil)
        #expect(
            queue.overdue(in: Self.reading, after: time, at: start + .seconds(61)) == JobID(1)
        )
        queue.remove(JobID(1))
        #expect(queue.overdue(in: Self.reading, after: time, at: start + .seconds(110)) == nil)
        #expect(
            queue.overdue(in: Self.reading, after: time, at: start + .seconds(111)) == JobID(2)
        )
        queue.wait(Self.reading, "another reads", lacksPool: false, at: start + .seconds(112))
        #expect(queue.overdue(in: Self.reading, after: time, at: start + .seconds(999)) == nil)
    }

    @Test("an event looks at one job a lane, however many wait, and each is passed over once")
    func cost() {
        var scheduler = Scheduler(
            settings: SchedulingSettings(pools: [.static(zoneA)]),
            at: start
        )
        let count: Int64 = 100_000
        for id in 1...count {
            let steps = [StepPlan.input(count - id)]
            let plan = JobPlan(id: JobID(id), name: "job", steps: steps)
            _ = scheduler.handle(.submitted(plan), at: start)
        }
        #expect(scheduler.queue.count == Int(count))
        var looks = scheduler.queue.looks
        #expect(looks <= 2 * Int(count))
        for second in 1...1000 as ClosedRange<Int64> {
            _ = scheduler.handle(.tick, at: start + .milliseconds(second))
        }
        #expect(scheduler.queue.looks - looks <= 2 * 1000)
        looks = scheduler.queue.looks
        for id in 1...count {
            _ = scheduler.handle(.cancelRequested(JobID(id)), at: start + .seconds(2))
            scheduler.forget(JobID(id))
        }
        #expect(scheduler.queue.count == 0)
        #expect(scheduler.queue.looks - looks <= 4 * Int(count))
    }
}
