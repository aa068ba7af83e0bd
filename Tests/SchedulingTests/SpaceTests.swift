import Base
import Scheduling
import Testing

@Suite("Jobs wait for room on the disks, and go on by themselves")
struct SpaceTests {
    private let step = StepID(1, 0)
    private let nearlyFull = "disk is nearly full"

    @Test("below the reserve nothing is leased and nothing cut; with room again both go on")
    func shortage() {
        var fixture = SchedulerFixture(workersWithSlots: [2])
        fixture.submitAndOpen(1)
        fixture.send(.spaceChanged(shortage: nearlyFull))
        #expect(fixture.waitingReason(1) == nearlyFull)
        // Those that were asked for before still come.
        for _ in 0..<3 { #expect(fixture.cut(step) == []) }
        #expect(fixture.passHeard(.seconds(9)) == [])
        let commands = fixture.send(.spaceChanged(shortage: nil))
        #expect(commands.leases.map(\.task.index) == [0, 1, 2])
        #expect(commands.count(of: .cutChunk(step)) == 3)
        #expect(fixture.waitingReason(1) == nil)
    }

    @Test("what runs may end below the reserve, and its table is published")
    func endingBelowReserve() {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1)
        let lease = fixture.cut(step).leases[0]
        fixture.send(.inputEnded(step))
        fixture.send(.spaceChanged(shortage: nearlyFull))
        #expect(fixture.finish(lease.attempt).published == [step])
        #expect(fixture.send(.published(step, SnapshotID(1))).last == .jobEnded(JobID(1), .done))
    }

    @Test("a job that was not started waits without its time for a pool running out")
    func pendingJob() {
        var fixture = SchedulerFixture()
        fixture.send(.spaceChanged(shortage: nearlyFull))
        #expect(fixture.submit(1, [.synthetic(1)]).batches.isEmpty)
        #expect(fixture.waitingReason(1) == nearlyFull)
        for _ in 0..<200 { fixture.passHeard(.seconds(9)) }
        #expect(fixture.outcome(1) == nil)
        #expect(fixture.send(.spaceChanged(shortage: nil)).batches.count == 1)
    }

    @Test("a job that the disk has no room for ends when it has waited as long as a job may")
    func neverRoom() {
        var (fixture, attempt) = leased()
        var time = Duration.zero
        while fixture.outcome(1) == nil, time < .seconds(3600) {
            var leases = fill(&fixture, attempt).leases
            while leases.isEmpty, fixture.outcome(1) == nil {
                leases = fixture.passHeard(.seconds(1)).leases
                time = time + .seconds(1)
            }
            if let lease = leases.first { attempt = lease.attempt }
        }
        #expect(time >= .seconds(600))
        #expect(fixture.failure(1) == "a disk was full for 601 s: no room")
    }

    @Test("a disk that was full for a job which has ended is not held against the next one")
    func otherJob() {
        var (fixture, attempt) = leased()
        _ = fill(&fixture, attempt)
        fixture.send(.cancelRequested(JobID(1)))
        for _ in 0..<100 { fixture.passHeard(.seconds(9)) }
        fixture.submitAndOpen(2)
        fixture.passHeard(.seconds(1))
        #expect(fixture.outcome(2) == nil)
    }

    @Test("a cancelled job does not wait for room")
    func cancelled() {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1)
        fixture.send(.spaceChanged(shortage: nearlyFull))
        let commands = fixture.send(.cancelRequested(JobID(1)))
        #expect(commands.contains(.jobEnded(JobID(1), .cancelled)))
    }

    /// A job whose one chunk is leased, and the attempt.
    private func leased() -> (SchedulerFixture, AttemptID) {
        var fixture = SchedulerFixture(workersWithSlots: [1], maxAttempts: 2)
        fixture.submitAndOpen(1)
        let attempt = fixture.cut(step).leases[0].attempt
        fixture.send(.inputEnded(step))
        return (fixture, attempt)
    }

    private func fill(_ fixture: inout SchedulerFixture, _ attempt: AttemptID) -> [Command] {
        fixture.send(.resultArrived(attempt, TaskReport(lines: 10, rows: 10)))
        return fixture.send(.storeFailed(attempt, reason: "no room", isDiskFull: true))
    }

    @Test("a result that a full disk refused is no failure of its task, however often")
    func fullSpool() {
        var (fixture, attempt) = leased()
        for delay in [1, 2, 4, 8, 16, 30, 30] {
            let commands = fill(&fixture, attempt)
            #expect(commands.causes == [.notStored(reason: "no room")])
            #expect(commands.leases.isEmpty)
            #expect(fixture.waitingReason(1) == "a disk is full: no room")
            #expect(fixture.passHeard(.milliseconds(delay * 1000 - 1)).leases.isEmpty)
            let leases = fixture.passHeard(.milliseconds(1)).leases
            #expect(leases.map(\.task.index) == [0])
            attempt = leases[0].attempt
            #expect(fixture.waitingReason(1) == nil)
        }
        #expect(fixture.finish(attempt).published == [step])
    }

    @Test("a result that was stored ends the waiting of all, and the next pause is short again")
    func roomAgain() {
        var (fixture, attempt) = leased()
        for _ in 0..<3 {
            _ = fill(&fixture, attempt)
            attempt = fixture.passHeard(.seconds(4)).leases[0].attempt
        }
        fixture.submitAndOpen(2)
        let other = fixture.cut(StepID(2, 0)).leases[0].attempt
        #expect(fill(&fixture, attempt).leases.isEmpty)
        #expect(fixture.finish(other).leases.map(\.task.step) == [step])
        #expect(fixture.waitingReason(1) == nil)
    }

    @Test("results that fail together make one pause, not one each")
    func together() {
        var fixture = SchedulerFixture(workersWithSlots: [2])
        fixture.submitAndOpen(1)
        let attempts = (0..<3).flatMap { _ in fixture.cut(step).leases.map(\.attempt) }
        for attempt in attempts { _ = fill(&fixture, attempt) }
        #expect(fixture.passHeard(.seconds(1)).leases.count == 3)
    }

    @Test("another failure to store is still a failure")
    func otherFailure() {
        var (fixture, attempt) = leased()
        fixture.send(.resultArrived(attempt, TaskReport(lines: 10, rows: 10)))
        fixture.send(.storeFailed(attempt, reason: "i/o", isDiskFull: false))
        let again = fixture.passHeard(.seconds(1)).leases[0]
        fixture.send(.resultArrived(again.attempt, TaskReport(lines: 10, rows: 10)))
        fixture.send(.storeFailed(again.attempt, reason: "i/o", isDiskFull: false))
        #expect(fixture.failure(1).contains("failed 2 times"))
    }

    @Test("a table that a full disk kept from being published is published later")
    func fullStore() {
        var (fixture, attempt) = leased()
        #expect(fixture.finish(attempt).published == [step])
        let refused = fixture.send(.publishFailed(step, reason: "no room", isDiskFull: true))
        #expect(refused.published.isEmpty)
        #expect(!refused.contains(.closeStep(step)))
        #expect(fixture.waitingReason(1) == "a disk is full: no room")
        #expect(fixture.pass(.milliseconds(999)).published.isEmpty)
        #expect(fixture.pass(.milliseconds(1)).published == [step])
        #expect(fixture.send(.published(step, SnapshotID(1))).last == .jobEnded(JobID(1), .done))
    }

    @Test("a job that was cancelled while its table met a full disk ends")
    func cancelledWhilePublishing() {
        var (fixture, attempt) = leased()
        fixture.finish(attempt)
        fixture.send(.cancelRequested(JobID(1)))
        let commands = fixture.send(.publishFailed(step, reason: "no room", isDiskFull: true))
        #expect(commands.contains(.closeStep(step)))
        #expect(commands.contains(.jobEnded(JobID(1), .cancelled)))
    }
}
