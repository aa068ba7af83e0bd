import Base
import Scheduling
import Testing

/// A task that merges so many bytes.
private func piece(_ sizeBytes: Int) -> ChunkSummary {
    ChunkSummary(sizeBytes: sizeBytes, lines: 20, crc32: UInt32(sizeBytes))
}

@Suite("Rows that are sorted are merged by a second stage of tasks")
struct MergeTests {
    private let step = StepID(1, 0)

    /// A step of two chunks, both of which are sorted.
    private func sorted(_ fixture: inout SchedulerFixture) -> [Command] {
        fixture.submitAndOpen(1, .input(isMerged: true))
        let leases = fixture.cut(step).leases + fixture.cut(step).leases
        fixture.send(.inputEnded(step))
        return leases.flatMap { fixture.finish($0.attempt) }
    }

    @Test("the merge is planned once, when the last chunk is durable and the input was verified")
    func plannedOnce() {
        var fixture = SchedulerFixture(workersWithSlots: [8])
        fixture.submitAndOpen(1, .input(isMerged: true))
        let leases = fixture.cut(step).leases + fixture.cut(step).leases
        var commands = leases.flatMap { fixture.finish($0.attempt) }
        #expect(commands.count(of: .planMerge(step)) == 0)
        commands = fixture.send(.inputEnded(step))
        #expect(commands.count(of: .planMerge(step)) == 1)
        #expect(commands.published.isEmpty)
        #expect(fixture.pass(.seconds(1)).count(of: .planMerge(step)) == 0)
    }

    @Test("the table is published when all merged rows are durable, with the lines of the chunks")
    func publishedMerged() {
        var fixture = SchedulerFixture(workersWithSlots: [8])
        #expect(sorted(&fixture).count(of: .planMerge(step)) == 1)
        let leases = fixture.send(.mergePlanned(step, [piece(1), piece(2)])).leases
        #expect(leases.map(\.task.index) == [2, 3])
        #expect(fixture.finish(leases[0].attempt, lines: 0).published.isEmpty)
        #expect(fixture.finish(leases[1].attempt, lines: 0).published == [step])
        #expect(fixture.job(1)?.steps[0].report.lines == 20)
    }

    @Test("a lost worker costs its merge task, and no sorted chunk")
    func lostWorker() {
        var fixture = SchedulerFixture(workersWithSlots: [1])
        _ = sorted(&fixture)
        fixture.send(.mergePlanned(step, [piece(1)]))
        fixture.close(1)
        let leases = fixture.join(2).leases
        #expect(leases.map(\.task.index) == [2])
        #expect(fixture.finish(leases[0].attempt, lines: 0).published == [step])
    }

    @Test("nothing to merge is published at once")
    func nothing() {
        var fixture = SchedulerFixture(workersWithSlots: [8])
        _ = sorted(&fixture)
        #expect(fixture.send(.mergePlanned(step, [])).published == [step])
    }

    @Test("rows that will not be published are not merged")
    func refused() {
        var fixture = SchedulerFixture(workersWithSlots: [8])
        fixture.submitAndOpen(1, .input(isMerged: true))
        let commands = fixture.send(.inputEnded(step))
        #expect(commands.count(of: .planMerge(step)) == 0)
        #expect(fixture.failure(1).contains("a header and no rows"))
    }

    @Test("a merge that cannot be planned fails the job; an answer after its end does not count")
    func failed() {
        var fixture = SchedulerFixture(workersWithSlots: [8])
        _ = sorted(&fixture)
        fixture.send(.mergeFailed(step, reason: "too many partitions"))
        #expect(fixture.failure(1) == "too many partitions")
        #expect(fixture.send(.mergePlanned(step, [piece(1)])).leases.isEmpty)
    }

    @Test("after a restart, merged rows are not merged again, unless they are planned otherwise")
    func restart() {
        let report = TaskReport(lines: 10, rows: 10)
        func result(_ chunk: ChunkSummary) -> FinishedTasks.Result {
            FinishedTasks.Result(chunk: chunk, report: report)
        }
        let chunk = ChunkSummary(sizeBytes: 100, lines: 10, firstLine: 2)
        let finished = FinishedTasks(
            results: [0: result(chunk)],
            merged: [1: result(piece(1)), 2: result(piece(7))],
            chunkCount: 1
        )
        var fixture = SchedulerFixture(workersWithSlots: [8])
        let commands = fixture.submit(1, [.input(finished: finished, isMerged: true)])
        #expect(commands.count(of: .planMerge(step)) == 1)
        let leases = fixture.send(.mergePlanned(step, [piece(1), piece(2)])).leases
        #expect(leases.map(\.task.index) == [2])
        #expect(fixture.finish(leases[0].attempt, lines: 0).published == [step])
        #expect(fixture.job(1)?.steps[0].report.lines == 10)
    }
}
