import Base
import Scheduling
import Testing

@Suite("Workers that fail while others do not")
struct HealthTests {
    private let step = StepID(1, 0)

    /// Worker 1 fails three chunks, worker 2 finishes four in between.
    private func failThrice(_ fixture: inout SchedulerFixture) {
        fixture.submitAndOpen(1)
        for _ in 0..<3 {
            let leases = (0..<2).flatMap { _ in fixture.cut(step).leases }
            for lease in leases where lease.worker == WorkerID(2) { fixture.finish(lease.attempt) }
            fixture.finish(fixture.cut(step).leases.first?.attempt ?? AttemptID(0))
            for lease in leases where lease.worker == WorkerID(1) {
                fixture.send(.attemptFailed(lease.attempt, .transient, reason: "no space"))
            }
        }
    }

    @Test("three failures while others succeed set a worker aside, with the reason")
    func setAside() throws {
        var fixture = SchedulerFixture(workersWithSlots: [1, 1])
        failThrice(&fixture)
        let worker = try #require(fixture.worker(1))
        #expect(worker.state == .setAside(until: fixture.now + .seconds(30)))
        #expect(worker.reason?.hasPrefix("set aside for 30 s: failed 3 times") == true)
        let leases = (0..<3).flatMap { _ in fixture.cut(step).leases }
        #expect(leases.allSatisfy { $0.worker == WorkerID(2) })
        #expect(fixture.passHeard(.seconds(29)).leases.allSatisfy { $0.worker == WorkerID(2) })
        fixture.passHeard(.seconds(1))
        #expect(fixture.worker(1)?.state == .ready)
        #expect(fixture.worker(1)?.reason == nil)
    }

    @Test("a worker that fails again is set aside for twice as long")
    func growing() {
        var fixture = SchedulerFixture(workersWithSlots: [1, 1])
        failThrice(&fixture)
        fixture.send(.cancelRequested(JobID(1)))
        fixture.forget(JobID(1))
        fixture.passHeard(.seconds(30))
        failThrice(&fixture)
        #expect(fixture.worker(1)?.state == .setAside(until: fixture.now + .seconds(60)))
    }

    @Test("a started worker that fails is replaced")
    func replaced() {
        var fixture = SchedulerFixture(SchedulingSettings(pools: [.process(zoneA)]))
        fixture.send(.tick)
        for worker in 1...2 { fixture.join(worker, wasLaunched: true) }
        failThrice(&fixture)
        #expect(fixture.worker(1) == nil)
        #expect(fixture.passHeard(.seconds(1)).contains(.startWorker(zoneA)))
    }

    @Test("when all fail it is not the workers' fault")
    func everybody() {
        var fixture = SchedulerFixture(
            SchedulingSettings(maxAttempts: 100, pools: [.static(zoneA)])
        )
        for worker in 1...2 { fixture.join(worker) }
        fixture.submitAndOpen(1)
        var leases = (0..<4).flatMap { _ in fixture.cut(step).leases }
        for _ in 0..<5 {
            for lease in leases {
                fixture.send(.attemptFailed(lease.attempt, .transient, reason: "no space"))
            }
            leases = fixture.passHeard(.seconds(9)).leases
            #expect(!leases.isEmpty)
        }
        #expect(fixture.worker(1)?.state == .ready)
        #expect(fixture.worker(2)?.state == .ready)
    }

    @Test("results that the coordinator cannot store are not the worker's failures")
    func notStored() {
        var fixture = SchedulerFixture(
            SchedulingSettings(maxAttempts: 100, pools: [.static(zoneA)])
        )
        for worker in 1...2 { fixture.join(worker) }
        fixture.submitAndOpen(1)
        for _ in 0..<6 {
            let again = fixture.passHeard(.seconds(30)).leases
            let leases = again + (0..<2).flatMap { _ in fixture.cut(step).leases }
            for lease in leases {
                let arrived = Event.resultArrived(lease.attempt, TaskReport(lines: 10, rows: 10))
                fixture.send(arrived)
                let stored = Event.resultStored(lease.attempt)
                let failed = Event.storeFailed(lease.attempt, reason: "disk full")
                fixture.send(lease.worker == WorkerID(1) ? failed : stored)
            }
        }
        #expect(fixture.worker(1)?.state == .ready)
    }
}
