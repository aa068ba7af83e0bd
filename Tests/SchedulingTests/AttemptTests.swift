import Base
import Scheduling
import Testing

@Suite("What becomes of attempts")
struct AttemptTests {
    private let step = StepID(1, 0)

    /// A job that is being read, with so many chunks cut.
    private func running(
        workersWithSlots slots: [Int] = [1],
        chunks: Int = 1
    ) -> (SchedulerFixture, [Lease]) {
        var fixture = SchedulerFixture(workersWithSlots: slots)
        fixture.submitAndOpen(1)
        var leases: [Lease] = []
        for _ in 0..<chunks { leases += fixture.cut(step).leases }
        return (fixture, leases)
    }

    @Test("a worker holds its slots and one more", arguments: [1, 2, 7])
    func leaseLimit(slots: Int) {
        let (fixture, leases) = running(workersWithSlots: [slots], chunks: slots + 4)
        #expect(leases.count == slots + 1)
        #expect(fixture.worker(1)?.running.count == slots + 1)
    }

    @Test("chunks go to the least loaded worker, in the order in which they were cut")
    func leastLoaded() {
        let (_, leases) = running(workersWithSlots: [2, 2], chunks: 4)
        #expect(leases.map(\.worker.rawValue) == [1, 2, 1, 2])
        #expect(leases.map(\.task.index) == [0, 1, 2, 3])
    }

    @Test("what a lost worker ran is leased again, first, and does not count as a failure")
    func lostWorker() {
        var (fixture, leases) = running(chunks: 5)
        #expect(leases.map(\.task.index) == [0, 1])
        fixture.close(1)
        let again = fixture.join(2).leases
        #expect(again.map(\.task.index) == [0, 1])
        #expect(Set(again.map(\.attempt)).isDisjoint(with: leases.map(\.attempt)))
        let tasks = fixture.job(1)?.steps[0].tasks ?? []
        #expect(tasks.map(\.failures) == [0, 0, 0, 0, 0])
        // Only what was in the slot can have taken the worker down.
        #expect(tasks.map(\.workersLost) == [1, 0, 0, 0, 0])
    }

    @Test("a task that takes down three workers fails its job, which names step and chunk")
    func poison() {
        var (fixture, _) = running()
        for worker in 1...3 {
            #expect(fixture.outcome(1) == nil)
            fixture.close(worker)
            fixture.join(worker + 1)
        }
        let reason = "step 0, chunk 0 took down 3 workers, the last one: reset by peer"
        #expect(fixture.failure(1) == reason)
    }

    /// Two chunks, of which the first was in the slot of two workers that were lost.
    private func suspected() -> (SchedulerFixture, [Lease]) {
        var (fixture, _) = running(chunks: 2)
        fixture.close(1)
        fixture.join(2)
        fixture.close(2)
        let leases = fixture.join(3).leases
        return (fixture, leases)
    }

    @Test("a task that took down two workers gets one of its own, and nothing runs beside it")
    func alone() {
        var (fixture, leases) = suspected()
        #expect(leases.map(\.task.index) == [0])
        // What was blamed for another's deed is sound, and the next one comes when it has shown that.
        let next = fixture.finish(leases[0].attempt).leases
        #expect(next.map(\.task.index) == [1])
        let another = fixture.cut(step).leases
        #expect(another.map(\.task.index) == [2])
    }

    @Test("others go on beside a worker that has a task to itself")
    func besideSuspected() {
        var (fixture, _) = suspected()
        let leases = fixture.join(4).leases + fixture.cut(step).leases + fixture.cut(step).leases
        #expect(leases.map(\.task.index) == [1, 2])
        #expect(leases.map(\.worker.rawValue) == [4, 4])
    }

    @Test("a suspected task waits for an idle worker, and nothing new keeps the others from idling")
    func waitsForIdle() {
        var (fixture, first) = running(workersWithSlots: [1, 1], chunks: 4)
        #expect(first.map(\.worker.rawValue) == [1, 2, 1, 2])
        fixture.close(1)
        fixture.join(3)
        // Chunk 0 was in the slot of both; chunks 1 and 3 are with worker 2.
        var leases = fixture.close(3).leases + fixture.finish(first[1].attempt).leases
        #expect(leases == [])
        leases = fixture.finish(first[3].attempt).leases
        #expect(leases.map(\.task.index) == [0])
        #expect(leases.map(\.worker.rawValue) == [2])
    }

    @Test("synthetic tasks that took down two workers run alone, too")
    func synthetic() {
        var fixture = SchedulerFixture(workersWithSlots: [1])
        fixture.submit(1, [.synthetic(4)])
        for worker in 1...2 {
            fixture.close(worker)
            fixture.join(worker + 1)
        }
        #expect(fixture.worker(3)?.running.count == 1)
    }

    @Test("nothing is revoked on a worker that is gone")
    func noRevokeOnLostWorker() {
        var (fixture, _) = running(workersWithSlots: [2], chunks: 3)
        var last: [Command] = []
        for worker in 1...3 {
            last = fixture.close(worker)
            if worker < 3 { fixture.join(worker + 1, slots: 2) }
        }
        #expect(fixture.failure(1).contains("took down 3 workers"))
        #expect(last.revoked.isEmpty)
    }

    @Test("a transient failure is tried again until max_attempts, then the job fails")
    func transient() {
        var (fixture, leases) = running()
        for failure in 1...4 {
            #expect(fixture.outcome(1) == nil)
            let event = Event.attemptFailed(leases[0].attempt, .transient, reason: "disk full")
            #expect(fixture.send(event).leases.isEmpty)
            leases = fixture.passHeard(.seconds(5)).leases
            #expect(leases.count == (failure < 4 ? 1 : 0))
        }
        let reason = "step 0, chunk 0 failed 4 times, the last time: disk full"
        #expect(fixture.failure(1) == reason)
    }

    @Test("a failed task waits for a moment before it is tried again, each time twice as long")
    func retryDelay() {
        var (fixture, leases) = running()
        for failure in 0..<3 {
            fixture.send(.attemptFailed(leases[0].attempt, .transient, reason: "disk full"))
            #expect(fixture.job(1)?.steps[0].tasks[0].state == .postponed)
            let delay = Duration.milliseconds(250 << failure)
            #expect(fixture.passHeard(delay - .milliseconds(1)).leases.isEmpty)
            leases = fixture.passHeard(delay / 4 + .milliseconds(1)).leases
            #expect(leases.map(\.task.index) == [0])
        }
    }

    @Test("a failed task goes to another worker, if one has room")
    func elsewhere() {
        var (fixture, leases) = running(workersWithSlots: [1, 1])
        #expect(leases.map(\.worker) == [WorkerID(1)])
        fixture.send(.attemptFailed(leases[0].attempt, .transient, reason: "disk full"))
        #expect(fixture.passHeard(.seconds(1)).leases.map(\.worker) == [WorkerID(2)])
    }

    @Test("a task that waits to be tried again ends with its job")
    func postponedEnds() {
        var (fixture, leases) = running()
        fixture.send(.attemptFailed(leases[0].attempt, .transient, reason: "disk full"))
        let commands = fixture.send(.cancelRequested(JobID(1)))
        #expect(commands.contains(.releaseChunk(leases[0].task)))
        #expect(fixture.passHeard(.seconds(1)).leases.isEmpty)
        fixture.forget(JobID(1))
        #expect(fixture.passHeard(.seconds(1)).leases.isEmpty)
    }

    @Test(
        "bad input and defects fail the job at once",
        arguments: [FailureClass.badInput, .defect]
    )
    func lasting(failure: FailureClass) {
        var (fixture, leases) = running(chunks: 2)
        let commands = fixture.send(.attemptFailed(leases[0].attempt, failure, reason: "line 7"))
        #expect(fixture.failure(1).contains("line 7"))
        #expect(commands.contains(.revoke(leases[1].attempt, WorkerID(1))))
        let after: Command = failure == .badInput ? .searchDamage(step) : .closeInput(step)
        #expect(commands.contains(after))
    }

    @Test("a late result is counted and discarded")
    func lateResult() {
        var (fixture, leases) = running()
        fixture.close(1)
        let commands = fixture.send(.resultArrived(leases[0].attempt, TaskReport(lines: 10)))
        #expect(commands == [.discardResult(leases[0].attempt)])
        #expect(fixture.scheduler.lateReports == 1)
        #expect(fixture.job(1)?.steps[0].doneTasks == 0)
    }

    @Test("a result that comes twice is stored once")
    func doubleResult() {
        var (fixture, leases) = running()
        let attempt = leases[0].attempt
        let arrived = Event.resultArrived(attempt, TaskReport(lines: 10, rows: 10))
        #expect(fixture.send(arrived).count(of: .storeResult(attempt, leases[0].task)) == 1)
        #expect(fixture.send(arrived) == [.discardResult(attempt)])
        fixture.send(.resultStored(attempt))
        fixture.send(.resultStored(attempt))
        #expect(fixture.job(1)?.steps[0].report.lines == 10)
        #expect(fixture.scheduler.lateReports == 1)
    }

    @Test("a late failure is counted and changes nothing")
    func lateFailure() {
        var (fixture, leases) = running()
        fixture.finish(leases[0].attempt)
        let late = Event.attemptFailed(leases[0].attempt, .badInput, reason: "late")
        #expect(fixture.send(late).isEmpty)
        #expect(fixture.scheduler.lateReports == 1)
    }

    @Test("a result counts, and its chunk is released, only when it is stored")
    func storedResult() {
        var (fixture, leases) = running()
        let (attempt, task) = (leases[0].attempt, leases[0].task)
        let arrived = fixture.send(.resultArrived(attempt, TaskReport(lines: 10, rows: 10)))
        #expect(arrived.contains(.storeResult(attempt, task)))
        #expect(!arrived.contains(.releaseChunk(task)))
        #expect(fixture.job(1)?.steps[0].doneTasks == 0)
        #expect(fixture.job(1)?.steps[0].report.lines == 0)
        #expect(fixture.send(.inputEnded(step)).published.isEmpty)
        let stored = fixture.send(.resultStored(attempt))
        #expect(stored.contains(.releaseChunk(task)))
        #expect(stored.published == [step])
        #expect(fixture.job(1)?.steps[0].report.lines == 10)
    }

    @Test("a result on its way to the disk survives its worker")
    func storedAfterLoss() {
        var (fixture, leases) = running()
        fixture.send(.resultArrived(leases[0].attempt, TaskReport(lines: 10, rows: 10)))
        fixture.close(1)
        fixture.send(.resultStored(leases[0].attempt))
        #expect(fixture.job(1)?.steps[0].doneTasks == 1)
    }

    @Test("a failed store puts the task back and counts as a failure")
    func storeFails() {
        var (fixture, leases) = running()
        fixture.send(.resultArrived(leases[0].attempt, TaskReport(lines: 10, rows: 10)))
        let commands = fixture.send(.storeFailed(leases[0].attempt, reason: "no space"))
        #expect(fixture.passHeard(.seconds(1)).leases.map(\.task) == [leases[0].task])
        #expect(commands.causes == [.notStored(reason: "no space")])
        #expect(fixture.job(1)?.steps[0].tasks[0].failures == 1)
    }

    @Test("rejected rows over max_rows fail the job on arrival, without storing the result")
    func tooManyRejects() {
        var (fixture, leases) = running()
        let attempt = leases[0].attempt
        let report = TaskReport(lines: 2000, rows: 999, rejected: 1001)
        let commands = fixture.send(.resultArrived(attempt, report))
        #expect(commands.contains(.discardResult(attempt)))
        #expect(fixture.failure(1).contains("1001 rows were rejected, more than the 1000"))
    }

    @Test("rejected rows over max_rows fail the job also when several results arrive together")
    func rejectsTogether() {
        var (fixture, leases) = running(chunks: 2)
        let report = TaskReport(lines: 600, rows: 0, rejected: 600)
        for lease in leases { fixture.send(.resultArrived(lease.attempt, report)) }
        fixture.send(.resultStored(leases[0].attempt))
        #expect(fixture.outcome(1) == nil)
        fixture.send(.resultStored(leases[1].attempt))
        #expect(fixture.failure(1).contains("1200 rows were rejected"))
    }

    @Test(
        "the share of rejected rows counts at the end, from 10,000 lines on",
        arguments: [(9_999, 11, false), (10_000, 10, false), (10_000, 11, true)]
    )
    func rejectShare(lines: Int64, rejected: Int64, isTooMany: Bool) {
        var (fixture, leases) = running()
        fixture.finish(leases[0].attempt, lines: lines, rejected: rejected)
        #expect(fixture.outcome(1) == nil)
        let commands = fixture.send(.inputEnded(step))
        #expect(commands.published.isEmpty == isTooMany)
        #expect(fixture.failure(1).contains("rejects.max_share") == isTooMany)
    }

    @Test("attempt numbers bear the epoch and only grow")
    func attemptNumbers() {
        var last: Int64 = 0
        for epoch in Int64(1)...3 {
            let settings = SchedulingSettings(pools: [.static(zoneA)], epoch: epoch)
            var fixture = SchedulerFixture(settings)
            fixture.join(1)
            fixture.submitAndOpen(1)
            for _ in 0..<5 {
                for lease in fixture.cut(step).leases {
                    #expect(lease.attempt.rawValue > last)
                    #expect(lease.attempt.rawValue >> 32 == epoch)
                    last = lease.attempt.rawValue
                    fixture.finish(lease.attempt)
                }
            }
        }
        #expect(last == 3 << 32 | 5)
    }

    @Test("cancelling revokes what runs, releases chunks, closes the input and ends the job")
    func cancel() {
        var (fixture, leases) = running(chunks: 3)
        let commands = fixture.send(.cancelRequested(JobID(1)))
        #expect(commands.revoked == leases.map(\.attempt))
        for index in 0..<3 {
            #expect(commands.contains(.releaseChunk(TaskID(step: step, index: index))))
        }
        #expect(commands.contains(.closeInput(step)))
        #expect(commands.contains(.closeStep(step)))
        #expect(commands.last == .jobEnded(JobID(1), .cancelled))
        #expect(fixture.worker(1)?.running.isEmpty == true)
        #expect(fixture.send(.cancelRequested(JobID(1))).isEmpty)
    }

    @Test("while two results a slot wait for the disk no more chunks are leased")
    func slowDisk() {
        var fixture = SchedulerFixture(workersWithSlots: [1])
        fixture.submitAndOpen(1)
        let leases = (0..<4).flatMap { _ in fixture.cut(StepID(1, 0)).leases }
        #expect(leases.count == 2)
        let report = TaskReport(lines: 10, rows: 10)
        #expect(fixture.send(.resultArrived(leases[0].attempt, report)).leases.count == 1)
        #expect(fixture.send(.resultArrived(leases[1].attempt, report)).leases.isEmpty)
        #expect(fixture.send(.resultStored(leases[0].attempt)).leases.count == 1)
    }
}
