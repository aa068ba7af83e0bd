import Base
import Scheduling
import Testing

@Suite("Workers: health, draining and tasks without data")
struct WorkerTests {
    @Test("silence for a third of lost_after makes a worker suspect, the whole of it lost")
    func silence() {
        var fixture = SchedulerFixture()
        fixture.pass(.seconds(10))
        #expect(fixture.worker(1)?.state == .ready)
        fixture.pass(.milliseconds(1))
        #expect(fixture.worker(1)?.state == .suspect)
        fixture.send(.workerHeard(WorkerID(1)))
        #expect(fixture.worker(1)?.state == .ready)
        #expect(fixture.pass(.seconds(30)).stopped.isEmpty)
        #expect(fixture.pass(.milliseconds(1)).stopped == [WorkerID(1)])
        #expect(fixture.worker(1) == nil)
    }

    @Test("a worker that is heard but never returns its chunk is lost after ten minutes")
    func overdue() {
        var fixture = SchedulerFixture(workersWithSlots: [1])
        fixture.submitAndOpen(1)
        let lease = fixture.cut(StepID(1, 0)).leases[0]
        for _ in 0..<60 {
            #expect(fixture.pass(.seconds(10)).stopped.isEmpty)
            fixture.send(.workerHeard(lease.worker))
        }
        #expect(fixture.pass(.milliseconds(1)).stopped == [lease.worker])
        #expect(fixture.worker(1) == nil)
    }

    @Test("silence while the coordinator stood still is not the workers' fault")
    func standstill() {
        var fixture = SchedulerFixture()
        fixture.standStill(.seconds(60))
        #expect(fixture.send(.tick).stopped.isEmpty)
        #expect(fixture.worker(1)?.state == .ready)
    }

    @Test("a suspect worker gets no new work until it is heard")
    func suspect() {
        var fixture = SchedulerFixture(workersWithSlots: [1, 1])
        fixture.submitAndOpen(1)
        fixture.pass(.seconds(9))
        fixture.send(.workerHeard(WorkerID(2)))
        fixture.pass(.seconds(2))
        let workers = (0..<3).flatMap { _ in fixture.cut(StepID(1, 0)).leases.map(\.worker) }
        #expect(workers == [WorkerID(2), WorkerID(2)])
        #expect(fixture.send(.workerHeard(WorkerID(1))).leases.map(\.worker) == [WorkerID(1)])
    }

    @Test("a drained worker finishes what it runs, gets nothing new and is stopped when idle")
    func drain() {
        var fixture = SchedulerFixture(workersWithSlots: [1, 1])
        fixture.submitAndOpen(1)
        let lease = fixture.cut(StepID(1, 0)).leases[0]
        #expect(lease.worker == WorkerID(1))
        #expect(fixture.send(.drainRequested(WorkerID(1))).stopped.isEmpty)
        #expect(fixture.worker(1)?.state == .draining)
        for _ in 0..<3 {
            #expect(fixture.cut(StepID(1, 0)).leases.allSatisfy { $0.worker == WorkerID(2) })
        }
        #expect(fixture.finish(lease.attempt).stopped == [WorkerID(1)])
        #expect(fixture.worker(1) == nil)
    }

    @Test("an idle worker that is drained is stopped at once")
    func drainIdle() {
        var fixture = SchedulerFixture()
        #expect(fixture.send(.drainRequested(WorkerID(1))).stopped == [WorkerID(1)])
    }

    @Test("tasks without data go out in batches of at most 256, shared between the workers")
    func batches() {
        var fixture = SchedulerFixture(workersWithSlots: [1, 1])
        let commands = fixture.submit(1, [.synthetic(1000)])
        #expect(commands.batches.map(\.attempts.count) == [256, 256])
        #expect(commands.batches.map(\.worker.rawValue) == [1, 2])
    }

    @Test("no worker is given more than its share of few tasks", arguments: [4, 10, 100])
    func fairness(tasks: Int) {
        var fixture = SchedulerFixture(workersWithSlots: [1, 1, 1, 1])
        let batches = fixture.submit(1, [.synthetic(tasks)]).batches
        let share = max(2, (tasks + 3) / 4)
        #expect(batches.allSatisfy { $0.attempts.count <= share })
        #expect(Set(batches.map(\.worker)).count == min(4, (tasks + 1) / 2))
    }

    @Test("a job of tasks without data ends when each is finished, and publishes nothing")
    func syntheticJob() {
        var fixture = SchedulerFixture(workersWithSlots: [1, 1])
        var waiting = fixture.submit(1, [.synthetic(1000)]).batches.map(\.attempts)
        var finished: Set<Int> = []
        var published: [StepID] = []
        while let batch = waiting.popLast() {
            finished.formUnion(batch.map(\.task.index))
            let commands = fixture.finish(batch)
            published += commands.published
            waiting += commands.batches.map(\.attempts)
        }
        #expect(finished.count == 1000)
        #expect(fixture.outcome(1) == .done)
        #expect(published.isEmpty)
    }

    @Test("late reports of tasks without data are counted")
    func lateSynthetic() {
        var fixture = SchedulerFixture()
        let batch = fixture.submit(1, [.synthetic(2)]).batches[0].attempts
        // Once while the ends are being stored, and once after that.
        fixture.send(.syntheticFinished(batch.map(\.attempt)))
        fixture.finish(batch)
        fixture.finish(batch)
        #expect(fixture.scheduler.lateReports == 4)
        #expect(fixture.job(1)?.steps[0].doneTasks == 2)
    }
}
