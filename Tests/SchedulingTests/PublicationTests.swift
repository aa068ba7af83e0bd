import Base
import Scheduling
import Testing

@Suite("Steps are published in order, one at a time")
struct PublicationTests {
    /// Reads the step's one chunk and finishes it.
    private func complete(_ step: StepID, _ fixture: inout SchedulerFixture) -> [Command] {
        fixture.send(.inputOpened(step))
        guard let lease = fixture.cut(step).leases.first else { return [] }
        return fixture.finish(lease.attempt) + fixture.send(.inputEnded(step))
    }

    @Test("a larger table that is ready waits until the smaller ones are published")
    func inOrder() {
        var fixture = SchedulerFixture()
        fixture.submit(1, [.input(200), .input(100)])
        let (small, large) = (StepID(1, 1), StepID(1, 0))
        fixture.send(.inputOpened(small))
        let lease = fixture.cut(small).leases[0]
        fixture.send(.inputEnded(small))
        #expect(complete(large, &fixture).published.isEmpty)
        #expect(fixture.finish(lease.attempt).published == [small])
        #expect(fixture.send(.published(small, SnapshotID(1))).published == [large])
        let commands = fixture.send(.published(large, SnapshotID(2)))
        #expect(commands.last == .jobEnded(JobID(1), .done))
        #expect(fixture.job(1)?.steps.map(\.state) == [.done(SnapshotID(2)), .done(SnapshotID(1))])
    }

    @Test("one table is published at a time over all jobs")
    func oneOverAllJobs() {
        var fixture = SchedulerFixture()
        fixture.submit(1, [.input()])
        fixture.submit(2, [.input()])
        #expect(complete(StepID(1, 0), &fixture).published == [StepID(1, 0)])
        fixture.send(.tick)
        #expect(complete(StepID(2, 0), &fixture).published.isEmpty)
        let commands = fixture.send(.published(StepID(1, 0), SnapshotID(1)))
        #expect(commands.published == [StepID(2, 0)])
    }

    @Test("a failed publication fails the job and closes its step")
    func publicationFails() {
        var fixture = SchedulerFixture()
        fixture.submit(1, [.input()])
        _ = complete(StepID(1, 0), &fixture)
        let commands = fixture.send(.publishFailed(StepID(1, 0), reason: "locked"))
        #expect(commands.contains(.closeStep(StepID(1, 0))))
        #expect(fixture.failure(1) == "locked")
    }

    @Test("a publication that answers after a cancel is recorded, and then closes the step")
    func publishedAfterCancel() {
        var fixture = SchedulerFixture()
        fixture.submit(1, [.input()])
        let step = StepID(1, 0)
        _ = complete(step, &fixture)
        let cancelling = fixture.send(.cancelRequested(JobID(1)))
        #expect(!cancelling.contains(.closeStep(step)))
        #expect(!cancelling.contains(.jobEnded(JobID(1), .cancelled)))
        let commands = fixture.send(.published(step, SnapshotID(7)))
        #expect(commands.suffix(2) == [.closeStep(step), .jobEnded(JobID(1), .cancelled)])
        #expect(fixture.job(1)?.steps[0].state == .done(SnapshotID(7)))
        #expect(fixture.outcome(1) == .cancelled)
    }

    @Test("a publication that fails after a cancel closes its step too")
    func publicationFailsAfterCancel() {
        var fixture = SchedulerFixture()
        fixture.submit(1, [.input()])
        let step = StepID(1, 0)
        _ = complete(step, &fixture)
        fixture.send(.cancelRequested(JobID(1)))
        let commands = fixture.send(.publishFailed(step, reason: "x"))
        #expect(commands == [.closeStep(step), .jobEnded(JobID(1), .cancelled)])
        #expect(fixture.job(1)?.steps[0].state == .cancelled)
    }

    @Test("what was published before a restart is not done again")
    func resumed() {
        var fixture = SchedulerFixture()
        let done = StepPlan(source: .published(SnapshotID(3)))
        #expect(fixture.submit(1, [.input(100), done]).opened == [StepID(1, 0)])
        #expect(complete(StepID(1, 0), &fixture).published == [StepID(1, 0)])
        #expect(fixture.send(.published(StepID(1, 0), SnapshotID(4))).published.isEmpty)
        #expect(fixture.outcome(1) == .done)
        #expect(fixture.job(1)?.steps[1].state == .done(SnapshotID(3)))
    }

    @Test("a resumed job that was published whole ends without any worker")
    func resumedWhole() {
        var fixture = SchedulerFixture(workersWithSlots: [])
        fixture.submit(1, [StepPlan(source: .published(SnapshotID(3)))])
        #expect(fixture.outcome(1) == .done)
    }
}
