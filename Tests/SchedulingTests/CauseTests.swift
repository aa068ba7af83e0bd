import Base
import Scheduling
import Testing

@Suite("Every attempt ends with its cause, once")
struct CauseTests {
    private let step = StepID(1, 0)

    /// A job that is being read on one worker with two slots, with two chunks leased.
    private func running() -> (SchedulerFixture, [Lease]) {
        var fixture = SchedulerFixture(workersWithSlots: [2])
        fixture.submitAndOpen(1)
        let leases = (0..<2).flatMap { _ in fixture.cut(step).leases }
        return (fixture, leases)
    }

    @Test("the record names attempt, task and worker, and when it began and ended")
    func record() throws {
        var (fixture, leases) = running()
        fixture.advance(.seconds(3))
        let lease = leases[0]
        let record = try #require(fixture.finish(lease.attempt).records.first)
        #expect(record.attempt == lease.attempt)
        #expect(record.task == lease.task)
        #expect(record.worker == lease.worker)
        #expect(record.started == SchedulerFixture.start)
        #expect(record.ended - record.started == .seconds(3))
        #expect(record.cause == .finished)
    }

    @Test("an attempt has finished when its result is durable, not when it arrives")
    func durable() {
        var (fixture, leases) = running()
        let arrived = Event.resultArrived(leases[0].attempt, TaskReport(lines: 10, rows: 10))
        #expect(fixture.send(arrived).records.isEmpty)
        #expect(fixture.send(.resultStored(leases[0].attempt)).causes == [.finished])
    }

    @Test("tasks without data end one by one")
    func synthetic() {
        var fixture = SchedulerFixture()
        let batch = fixture.submit(1, [.synthetic(20)]).batches[0].attempts
        let records = fixture.finish(batch).records
        #expect(records.map(\.attempt) == batch.map(\.attempt))
        #expect(records.allSatisfy { $0.cause == .finished })
    }

    @Test(
        "what ran on a lost worker says how the worker was lost",
        arguments: [
            WorkerLoss.exited(code: 3), .killed(signal: 9), .disconnected(reason: "reset by peer"),
        ]
    )
    func lost(loss: WorkerLoss) {
        var (fixture, leases) = running()
        let records = fixture.send(.workerClosed(WorkerID(1), loss)).records
        #expect(records.map(\.attempt) == leases.map(\.attempt))
        #expect(records.allSatisfy { $0.cause == .lost(loss) })
    }

    @Test("silence is told with its length")
    func silent() {
        var (fixture, _) = running()
        let causes = fixture.pass(.seconds(31)).causes
        #expect(causes == [.lost(.silent(.seconds(31))), .lost(.silent(.seconds(31)))])
        #expect(causes[0].description == "lost with its worker: no heartbeat for 31 s")
    }

    @Test("an overdue attempt takes its worker with it, and only it counts against its task")
    func overdue() {
        var (fixture, leases) = running()
        fixture.passHeard(.seconds(300))
        fixture.finish(leases[1].attempt)
        let second = fixture.cut(step).leases[0]
        let causes = fixture.passHeard(.seconds(301)).causes
        #expect(causes.contains(.overdue(after: .seconds(600))))
        #expect(causes.contains(.lost(.overdue(leases[0].attempt))))
        let tasks = fixture.job(1)?.steps[0].tasks ?? []
        #expect(tasks[leases[0].task.index].workersLost == 1)
        #expect(tasks[second.task.index].workersLost == 0)
    }

    @Test("the worker's own words are kept with the class of the failure")
    func failed() {
        var (fixture, leases) = running()
        let commands = fixture.send(.attemptFailed(leases[0].attempt, .badInput, reason: "line 7"))
        #expect(
            commands.causes == [.failed(.badInput, reason: "line 7"), .revoked(.jobEnded)]
        )
    }

    @Test("the attempt that brings too many rejected rows fails, the others are revoked")
    func rejects() {
        var (fixture, leases) = running()
        let report = TaskReport(lines: 2000, rows: 999, rejected: 1001)
        let causes = fixture.send(.resultArrived(leases[0].attempt, report)).causes
        #expect(causes == [.failed(.badInput, reason: fixture.failure(1)), .revoked(.jobEnded)])
    }

    @Test("the end of a job revokes what runs and what waits for the disk")
    func cancelled() {
        var (fixture, leases) = running()
        fixture.send(.resultArrived(leases[0].attempt, TaskReport(lines: 10, rows: 10)))
        let causes = fixture.send(.cancelRequested(JobID(1))).causes
        #expect(causes == [.revoked(.jobEnded), .revoked(.jobEnded)])
        #expect(fixture.send(.resultStored(leases[0].attempt)).records.isEmpty)
    }

    @Test("a late report ends nothing a second time")
    func late() {
        var (fixture, leases) = running()
        fixture.close(1)
        let report = Event.resultArrived(leases[0].attempt, TaskReport(lines: 10))
        #expect(fixture.send(report).records.isEmpty)
        #expect(fixture.scheduler.lateReports == 1)
    }

    @Test("a task that takes down three workers is told with file, chunk and lines")
    func poison() {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1)
        let chunk = ChunkSummary(sizeBytes: 9, lines: 10, firstLine: 12, source: "/in/a.tsv.gz")
        fixture.send(.chunkCut(step, chunk))
        for worker in 1...3 {
            fixture.send(.workerClosed(WorkerID(Int64(worker)), .killed(signal: 9)))
            fixture.join(worker + 1)
        }
        #expect(
            fixture.failure(1)
                == "step 0, chunk 0 (/in/a.tsv.gz, lines 12 to 21) took down 3 workers, "
                + "the last one: signal 9"
        )
    }
}
