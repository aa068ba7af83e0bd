import Base
import Scheduling
import Testing

/// The chunk with this number, as it was cut the first time and must be cut again.
private func chunk(_ index: Int) -> ChunkSummary {
    ChunkSummary(
        sizeBytes: 100,
        lines: 10,
        firstLine: Int64(index) * 10 + 2,
        crc32: UInt32(index)
    )
}

/// What is left of a step of which these tasks were finished.
private func finished(
    _ tasks: [Int],
    of chunkCount: Int? = nil,
    rejected: Int64 = 0
) -> FinishedTasks {
    let report = TaskReport(lines: 10, rows: 10 - rejected, rejected: rejected, sizeBytes: 7)
    return FinishedTasks(
        results: Dictionary(
            uniqueKeysWithValues: tasks.map {
                ($0, FinishedTasks.Result(chunk: chunk($0), report: report))
            }
        ),
        chunkCount: chunkCount
    )
}

@Suite("After a restart, finished tasks are not done again")
struct RestartTests {
    private let step = StepID(1, 0)

    /// Cuts so many chunks of the step.
    private func cut(_ fixture: inout SchedulerFixture, _ count: Int) -> [Command] {
        (0..<count).flatMap { fixture.send(.chunkCut(step, chunk($0))) }
    }

    @Test("a chunk with a durable result is released, not leased; the others are leased")
    func someFinished() {
        var fixture = SchedulerFixture(workersWithSlots: [8])
        fixture.submitAndOpen(1, .input(finished: finished([0, 2])))
        let commands = cut(&fixture, 4)
        #expect(commands.leases.map(\.task.index) == [1, 3])
        #expect(commands.count(of: .releaseChunk(TaskID(step: step, index: 0))) == 1)
        #expect(commands.count(of: .releaseChunk(TaskID(step: step, index: 2))) == 1)
        fixture.send(.inputEnded(step))
        var published: [StepID] = []
        for lease in commands.leases { published += fixture.finish(lease.attempt).published }
        #expect(published == [step])
        let report = fixture.job(1)?.steps[0].report
        #expect(report?.lines == 40)
        #expect(fixture.job(1)?.steps[0].attempts == 4)
    }

    @Test("finished chunks do not count as chunks ahead: cutting goes on past them")
    func finishedAreNotAhead() {
        var fixture = SchedulerFixture()
        var asked = fixture.submitAndOpen(1, .input(finished: finished(Array(0..<20))))
            .count(of: .cutChunk(step))
        for index in 0..<20 {
            asked += fixture.send(.chunkCut(step, chunk(index))).count(of: .cutChunk(step))
        }
        #expect(asked == 23)
    }

    @Test("a step that was read and finished whole is published without its input")
    func wholeStep() {
        var fixture = SchedulerFixture()
        let commands = fixture.submit(
            1,
            [.input(100, finished: finished([0, 1, 2], of: 3)), .input(200)]
        )
        #expect(commands.published == [step])
        #expect(commands.opened == [StepID(1, 1)])
        #expect(fixture.job(1)?.steps[0].report.lines == 30)
    }

    @Test("a step whose input was not read to its end is read again, all tasks finished or not")
    func unverifiedInput() {
        var fixture = SchedulerFixture()
        let commands = fixture.submitAndOpen(1, .input(finished: finished([0, 1])))
        #expect(commands.opened == [step])
        #expect(cut(&fixture, 2).leases.isEmpty)
        let ended = fixture.send(.inputEnded(step))
        #expect(ended.contains(.storeInputEnd(step, chunks: 2)))
        #expect(ended.published == [step])
    }

    @Test(
        "a chunk that is not cut as it was makes the step begin anew: no result of before is believed",
        arguments: [
            ChunkSummary(sizeBytes: 101, lines: 10, firstLine: 12, crc32: 1),
            ChunkSummary(sizeBytes: 100, lines: 11, firstLine: 12, crc32: 1),
            ChunkSummary(sizeBytes: 100, lines: 10, firstLine: 13, crc32: 1),
            ChunkSummary(sizeBytes: 100, lines: 10, firstLine: 12, crc32: 9),
        ]
    )
    func changedChunk(other: ChunkSummary) {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1, .input(finished: finished([1])))
        fixture.send(.chunkCut(step, chunk(0)))
        let commands = fixture.send(.chunkCut(step, other))
        #expect(commands.contains(.closeInput(step)))
        #expect(commands.contains(.releaseChunk(TaskID(step: step, index: 1))))
        #expect(commands.reopened == [step])
        #expect(commands.notes.count { $0.contains("not cut as it was") } == 1)
        fixture.send(.inputOpened(step))
        let leases = fixture.send(.chunkCut(step, other)).leases
        #expect(leases.map(\.task.index) == [0])
        fixture.send(.inputEnded(step))
        #expect(fixture.finish(leases[0].attempt).published == [step])
        #expect(fixture.job(1)?.steps[0].report.lines == 10)
    }

    @Test("an input that ends before its finished chunks have come again is read anew")
    func shorterInput() {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1, .input(finished: finished([0, 5])))
        _ = cut(&fixture, 1)
        #expect(fixture.send(.inputEnded(step)).reopened == [step])
        #expect(fixture.job(1)?.steps[0].tasks.isEmpty == true)
    }

    @Test("rejected rows of before the restart count: over the limit nothing is published")
    func rejectsOfBefore() {
        var fixture = SchedulerFixture()
        let plan = StepPlan.input(
            rejectLimits: RejectLimits(maxRows: 5),
            finished: finished([0, 1], of: 2, rejected: 3)
        )
        let commands = fixture.submit(1, [plan])
        #expect(commands.published.isEmpty)
        #expect(fixture.failure(1).contains("6 rows were rejected, more than the 5"))
    }

    @Test("tasks without data that were finished are not leased again")
    func syntheticTasks() {
        var fixture = SchedulerFixture(workersWithSlots: [4])
        let plan = StepPlan(
            source: .synthetic(tasks: 6),
            finished: FinishedTasks(synthetic: [0, 1, 2, 5])
        )
        let batches = fixture.submit(1, [plan]).batches
        #expect(batches.flatMap(\.attempts).map(\.task.index) == [3, 4])
        for batch in batches { fixture.finish(batch.attempts) }
        #expect(fixture.outcome(1) == .done)
    }

    @Test("a task without data is done only when its end is durable")
    func syntheticEndsAreStored() {
        var fixture = SchedulerFixture()
        let batch = fixture.submit(1, [.synthetic(2)]).batches[0].attempts
        let commands = fixture.send(.syntheticFinished(batch.map(\.attempt)))
        #expect(commands.contains(.storeFinished(step, batch)))
        #expect(fixture.outcome(1) == nil)
        #expect(fixture.job(1)?.steps[0].doneTasks == 0)
        fixture.send(.storeFailed(batch[0].attempt, reason: "disk full"))
        fixture.send(.finishedStored([batch[1].attempt]))
        #expect(fixture.job(1)?.steps[0].doneTasks == 1)
        #expect(fixture.scheduler.attempt(batch[0].attempt) == nil)
    }
}
