import Base
import Scheduling
import Testing

@Suite("Where an input is not what it was read as, its step begins anew, once")
struct DistrustTests {
    private let step = StepID(1, 0)

    /// Three chunks: one is durable, one has returned, one runs.
    private func begun(workers: [Int] = [3]) -> (fixture: SchedulerFixture, leases: [Lease]) {
        var fixture = SchedulerFixture(workersWithSlots: workers)
        fixture.submitAndOpen(1)
        let leases = (0..<3).flatMap { _ in fixture.cut(step).leases }
        fixture.finish(leases[0].attempt)
        let report = TaskReport(lines: 10, rows: 10)
        fixture.send(.resultArrived(leases[1].attempt, report))
        return (fixture, leases)
    }

    private func fail(_ fixture: inout SchedulerFixture, _ attempt: AttemptID) -> [Command] {
        fixture.send(.attemptFailed(attempt, .wrongIndex, reason: "another CRC-32"))
    }

    /// Reads the step's input once more, cut into so many chunks, and finishes all of it.
    private func readAnew(_ fixture: inout SchedulerFixture, chunks: Int) -> [Command] {
        var commands = fixture.send(.inputOpened(step))
        for _ in 0..<chunks {
            for lease in fixture.cut(step).leases { commands += fixture.finish(lease.attempt) }
        }
        return commands + fixture.send(.inputEnded(step))
    }

    @Test("nothing of before counts: what ran is revoked, what came is forgotten, texts go")
    func forgotten() {
        var (fixture, leases) = begun()
        let commands = fail(&fixture, leases[2].attempt)
        #expect(commands.contains(.closeInput(step)))
        #expect(commands.reopened == [step])
        #expect(
            commands.causes == [
                .failed(.wrongIndex, reason: "another CRC-32"), .revoked(.inputDistrusted),
            ]
        )
        for index in 1...2 {
            #expect(commands.contains(.releaseChunk(TaskID(step: step, index: index))))
        }
        let state = fixture.scheduler.step(step)
        #expect(state?.tasks.isEmpty == true)
        #expect(state?.doneTasks == 0)
        #expect(state?.report.lines == 0)
        #expect(state?.cutBytes == 0)
        #expect(commands.notes.count { $0.contains("another CRC-32") } == 1)
        // Whoever is told of the ends still asks which tasks those were.
        #expect(fixture.scheduler.describe(TaskID(step: step, index: 2)) == "step 0, chunk 2")
    }

    @Test("the job ends well, with the rows of the second reading alone")
    func survives() {
        var (fixture, leases) = begun()
        _ = fail(&fixture, leases[2].attempt)
        // Stored when nobody wants it any more.
        fixture.send(.resultStored(leases[1].attempt))
        #expect(readAnew(&fixture, chunks: 5).published == [step])
        #expect(fixture.scheduler.step(step)?.report.lines == 50)
        fixture.send(.published(step, SnapshotID(7)))
        #expect(fixture.outcome(1) == .done)
    }

    @Test("the reader may find it out as well")
    func reader() {
        var (fixture, _) = begun()
        let commands = fixture.send(.inputDistrusted(step, reason: "other bytes"))
        #expect(commands.reopened == [step])
        #expect(commands.revoked.count == 1)
        #expect(readAnew(&fixture, chunks: 1).published == [step])
    }

    @Test("what the closed input still answers is no answer of the next one")
    func staleAnswers() {
        var (fixture, leases) = begun()
        _ = fail(&fixture, leases[2].attempt)
        #expect(fixture.cut(step).leases.isEmpty)
        fixture.send(.inputEnded(step))
        fixture.send(.inputDistrusted(step, reason: "other bytes"))
        #expect(fixture.scheduler.step(step)?.state == .opening)
        #expect(readAnew(&fixture, chunks: 2).published == [step])
        #expect(fixture.scheduler.step(step)?.report.lines == 20)
    }

    @Test("a second time it fails the job")
    func secondTime() {
        var (fixture, leases) = begun()
        _ = fail(&fixture, leases[2].attempt)
        fixture.send(.inputOpened(step))
        let lease = fixture.cut(step).leases[0]
        let commands = fail(&fixture, lease.attempt)
        #expect(commands.reopened.isEmpty)
        #expect(fixture.failure(1).contains("another CRC-32"))
    }

    @Test("a step that was read to its end is read again when the present input has ended")
    func otherIsRead() {
        var fixture = SchedulerFixture(workersWithSlots: [4])
        let next = StepID(1, 1)
        fixture.submit(1, [.input(100), .input(200)])
        fixture.send(.inputOpened(step))
        let lease = fixture.cut(step).leases[0]
        #expect(fixture.send(.inputEnded(step)).opened == [next])
        fixture.send(.inputOpened(next))
        let commands = fail(&fixture, lease.attempt)
        #expect(!commands.contains(.closeInput(next)))
        #expect(commands.reopened.isEmpty)
        let other = fixture.cut(next).leases[0]
        #expect(fixture.finish(other.attempt).published.isEmpty)
        #expect(fixture.send(.inputEnded(next)).reopened == [step])
        #expect(readAnew(&fixture, chunks: 1).published == [step])
        #expect(fixture.send(.published(step, SnapshotID(7))).published == [next])
    }

    @Test("a task of before that waits to be tried again is not")
    func postponed() {
        var (fixture, leases) = begun(workers: [3, 3])
        let more = fixture.cut(step).leases[0]
        fixture.send(.attemptFailed(more.attempt, .transient, reason: "no memory"))
        _ = fail(&fixture, leases[2].attempt)
        fixture.send(.inputOpened(step))
        #expect(fixture.passHeard(.seconds(60)).leases.isEmpty)
        fixture.send(.inputEnded(step))
    }

    @Test("results of before a restart are forgotten as well")
    func recovered() {
        var fixture = SchedulerFixture()
        let chunk = ChunkSummary(sizeBytes: 100, lines: 10)
        let result = FinishedTasks.Result(chunk: chunk, report: TaskReport(lines: 10, rows: 10))
        fixture.submitAndOpen(1, .input(finished: FinishedTasks(results: [0: result, 2: result])))
        fixture.cut(step)
        let lease = fixture.cut(step).leases[0]
        #expect(fail(&fixture, lease.attempt).reopened == [step])
        // All of them are leased, those that were finished as well.
        #expect(readAnew(&fixture, chunks: 3).published == [step])
        #expect(fixture.scheduler.step(step)?.report.lines == 30)
    }

    @Test("a worker that says so of a task without data fails the job")
    func withoutInput() {
        var fixture = SchedulerFixture()
        let batch = fixture.submit(1, [.synthetic(2)]).batches[0].attempts
        let commands = fail(&fixture, batch[0].attempt)
        #expect(commands.reopened.isEmpty)
        #expect(fixture.failure(1).contains("another CRC-32"))
    }

    @Test("a job that has ended does not begin anew")
    func ended() {
        var (fixture, leases) = begun()
        fixture.send(.cancelRequested(JobID(1)))
        #expect(fail(&fixture, leases[2].attempt).isEmpty)
        #expect(fixture.send(.inputDistrusted(step, reason: "other bytes")).isEmpty)
    }
}
