import Base
import Scheduling
import Testing

@Suite("Second attempts of tasks that take much longer than others")
struct SpeculationTests {
    private let step = StepID(1, 0)

    /// Two workers of one slot; five chunks took a second each, a sixth runs on worker 1.
    private func fixture(speculates: Bool = true) throws -> (SchedulerFixture, Lease) {
        var fixture = SchedulerFixture(
            SchedulingSettings(pools: [.static(zoneA)], speculates: speculates)
        )
        for worker in 1...2 { fixture.join(worker) }
        fixture.submitAndOpen(1)
        for _ in 0..<5 {
            let lease = try #require(fixture.cut(step).leases.first)
            fixture.advance(.seconds(1))
            fixture.finish(lease.attempt)
        }
        let slow = try #require(fixture.cut(step).leases.first)
        return (fixture, slow)
    }

    @Test("after three medians an idle worker tries the task, too")
    func late() throws {
        var (fixture, slow) = try fixture()
        #expect(fixture.passHeard(.seconds(3)).leases.isEmpty)
        let commands = fixture.passHeard(.seconds(1))
        #expect(commands.leases.map(\.task) == [slow.task])
        #expect(commands.leases.map(\.worker) == [WorkerID(2)])
        #expect(commands.notes.joined().contains("worker 2 tries it, too"))
        #expect(fixture.passHeard(.seconds(9)).leases.isEmpty)
    }

    @Test("at the end of a table two medians are enough")
    func tail() throws {
        var (fixture, slow) = try fixture()
        fixture.send(.inputEnded(step))
        #expect(fixture.passHeard(.seconds(2)).leases.isEmpty)
        #expect(fixture.passHeard(.milliseconds(600)).leases.map(\.task) == [slow.task])
    }

    @Test("no second attempt is made where cluster.yaml says so")
    func disabled() throws {
        var (fixture, _) = try fixture(speculates: false)
        #expect(fixture.passHeard(.seconds(30)).leases.isEmpty)
    }

    @Test("a busy worker is given no second attempt")
    func busy() throws {
        var (fixture, slow) = try fixture()
        let other = try #require(fixture.cut(step).leases.first)
        #expect(other.worker != slow.worker)
        #expect(fixture.passHeard(.seconds(10)).leases.isEmpty)
    }

    @Test("a suspect worker is given no second attempt")
    func suspect() throws {
        var (fixture, _) = try fixture()
        fixture.advance(.seconds(11))
        fixture.send(.workerHeard(WorkerID(1)))
        #expect(fixture.send(.tick).leases.isEmpty)
    }

    @Test("what takes less than a second is not tried twice")
    func short() throws {
        var fixture = SchedulerFixture(workersWithSlots: [1, 1])
        fixture.submitAndOpen(1)
        for _ in 0..<5 { fixture.finish(try #require(fixture.cut(step).leases.first).attempt) }
        fixture.cut(step)
        #expect(fixture.passHeard(.seconds(1)).leases.isEmpty)
        #expect(fixture.passHeard(.milliseconds(1)).leases.count == 1)
    }

    @Test("the attempt whose result is durable first counts, the other one is revoked")
    func firstWins() throws {
        var (fixture, slow) = try fixture()
        let second = try #require(fixture.passHeard(.seconds(4)).leases.first)
        let arrived = Event.resultArrived(second.attempt, TaskReport(lines: 10, rows: 10))
        #expect(fixture.send(arrived).revoked.isEmpty)
        let stored = fixture.send(.resultStored(second.attempt))
        #expect(stored.contains(.revoke(slow.attempt, slow.worker)))
        #expect(stored.contains(.releaseChunk(slow.task)))
        #expect(stored.causes == [.finished, .revoked(.otherWasFirst)])
        #expect(fixture.job(1)?.steps[0].report.lines == 60)
        #expect(fixture.job(1)?.steps[0].doneTasks == 6)
        #expect(fixture.send(.resultArrived(slow.attempt, TaskReport(lines: 10))).leases.isEmpty)
        #expect(fixture.job(1)?.steps[0].report.lines == 60)
    }

    @Test("a second result is discarded while the first is on its way to the disk")
    func secondResult() throws {
        var (fixture, slow) = try fixture()
        let second = try #require(fixture.passHeard(.seconds(4)).leases.first)
        let report = TaskReport(lines: 10, rows: 10)
        fixture.send(.resultArrived(slow.attempt, report))
        let commands = fixture.send(.resultArrived(second.attempt, report))
        #expect(commands.contains(.discardResult(second.attempt)))
        #expect(commands.causes == [.revoked(.otherWasFirst)])
        fixture.send(.resultStored(slow.attempt))
        #expect(fixture.job(1)?.steps[0].report.lines == 60)
    }

    @Test("when the first result cannot be stored, the other attempt goes on")
    func storeFails() throws {
        var (fixture, slow) = try fixture()
        let second = try #require(fixture.passHeard(.seconds(4)).leases.first)
        fixture.send(.resultArrived(second.attempt, TaskReport(lines: 10, rows: 10)))
        fixture.send(.storeFailed(second.attempt, reason: "disk full"))
        #expect(fixture.passHeard(.seconds(1)).leases.isEmpty)
        fixture.finish(slow.attempt)
        #expect(fixture.job(1)?.steps[0].doneTasks == 6)
    }

    @Test("when either worker is lost, the other attempt goes on", arguments: [1, 2])
    func lost(worker: Int) throws {
        var (fixture, slow) = try fixture()
        let second = try #require(fixture.passHeard(.seconds(4)).leases.first)
        #expect(fixture.close(worker).leases.isEmpty)
        let left = slow.worker == WorkerID(Int64(worker)) ? second : slow
        fixture.finish(left.attempt)
        #expect(fixture.job(1)?.steps[0].doneTasks == 6)
    }

    @Test("the end of the job revokes both")
    func cancelled() throws {
        var (fixture, slow) = try fixture()
        let second = try #require(fixture.passHeard(.seconds(4)).leases.first)
        let commands = fixture.send(.cancelRequested(JobID(1)))
        #expect(commands.revoked == [slow.attempt, second.attempt])
    }
}
