import Base
import Scheduling
import Testing

@Suite("Pools: which one a job gets, and when workers are started")
struct PoolTests {
    private func fixture(_ pools: PoolSettings...) -> SchedulerFixture {
        SchedulerFixture(SchedulingSettings(pools: pools))
    }

    private let start = Command.startWorker(zoneA)

    // MARK: Choice

    @Test("a job takes the first pool that has min_workers")
    func firstPool() {
        var fixture = fixture(.static(zoneA, minWorkers: 2), .static(zoneB))
        fixture.join(1, zoneB)
        fixture.join(2, zoneA)
        fixture.join(3, zoneA)
        #expect(fixture.submit(1, [.input()]).contains(.jobStarted(JobID(1), zoneA)))
    }

    @Test("a static pool that never had a worker is skipped at once")
    func emptyStaticPool() {
        var fixture = fixture(.static(zoneA), .static(zoneB))
        fixture.join(1, zoneB)
        #expect(fixture.submit(1, [.input()]).contains(.jobStarted(JobID(1), zoneB)))
        #expect(fixture.scheduler.state(of: fixture.scheduler.pools[0]) == .empty)
        #expect(fixture.scheduler.state(of: fixture.scheduler.pools[1]) == .active)
    }

    @Test("a pool that has no workers after acquire_timeout is exhausted, and the next is used")
    func exhausted() {
        var fixture = fixture(.process(zoneA), .static(zoneB))
        fixture.join(1, zoneB)
        fixture.submit(1, [.input()])
        #expect(fixture.waitingReason(1) == "acquiring pool zone-a: 0 of at least 1 workers")
        for _ in 0..<3 { #expect(fixture.passHeard(.seconds(10)).opened.isEmpty) }
        let commands = fixture.passHeard(.seconds(1))
        #expect(commands.contains(.jobStarted(JobID(1), zoneB)))
        #expect(fixture.scheduler.state(of: fixture.scheduler.pools[0]) == .exhausted)
        #expect(fixture.scheduler.pools[0].exhaustedReason?.contains("after 30.0 s") == true)
    }

    @Test("the time that nobody waited does not count as acquiring")
    func acquiringBeginsAnew() {
        var fixture = fixture(.process(zoneA), .static(zoneB))
        fixture.join(1, zoneB)
        fixture.submit(1, [.input()])
        fixture.send(.cancelRequested(JobID(1)))
        for _ in 0..<10 { fixture.passHeard(.seconds(9)) }
        fixture.submit(2, [.input()])
        #expect(fixture.waitingReason(2)?.hasPrefix("acquiring pool zone-a") == true)
        #expect(fixture.job(2)?.pool == nil)
    }

    @Test("a job that no pool takes fails after queue_timeout, and waits visibly before")
    func queueTimeout() {
        var fixture = fixture(.static(zoneA))
        fixture.submit(1, [.input()])
        #expect(fixture.waitingReason(1) == "no pool has workers (zone-a is empty)")
        fixture.pass(.seconds(600))
        #expect(fixture.outcome(1) == nil)
        fixture.pass(.milliseconds(1))
        let reason = "ZONE_RESOURCE_POOL_EXHAUSTED: no pool has workers (zone-a is empty)"
        #expect(fixture.failure(1) == reason)
    }

    @Test("the time a job waits for another one's input does not count against queue_timeout")
    func queueTimeoutCountsPoolsOnly() {
        var fixture = fixture(.static(zoneA))
        fixture.join(1)
        fixture.submitAndOpen(1)
        fixture.submit(2, [.input()])
        for _ in 0..<100 { fixture.passHeard(.seconds(9)) }
        fixture.close(1)
        fixture.send(.cancelRequested(JobID(1)))
        fixture.send(.tick)
        #expect(fixture.outcome(2) == nil)
        #expect(fixture.waitingReason(2)?.hasPrefix("acquiring pool zone-a") == true)
        #expect(fixture.join(2).contains(.jobStarted(JobID(2), zoneA)))
    }

    @Test("a job that names its pool gets no other one")
    func requestedPool() {
        var fixture = fixture(.static(zoneA), .static(zoneB))
        fixture.join(1, zoneA)
        fixture.submit(1, [.input()], pool: zoneB)
        #expect(fixture.job(1)?.pool == nil)
        #expect(fixture.join(2, zoneB).contains(.jobStarted(JobID(1), zoneB)))
    }

    // MARK: Fallback in mid-job

    @Test("a job whose pool is lost moves on after fallback_after; what is done stays done")
    func fallback() {
        var fixture = fixture(.static(zoneA, minWorkers: 2), .static(zoneB))
        for worker in 1...2 { fixture.join(worker) }
        fixture.join(3, zoneB)
        fixture.submitAndOpen(1)
        let step = StepID(1, 0)
        var leases = fixture.cut(step).leases
        leases += fixture.cut(step).leases
        fixture.finish(leases[0].attempt)
        fixture.close(1)
        fixture.pass(.zero)
        #expect(fixture.waitingReason(1) == "pool zone-a has 1 of at least 2 workers")
        #expect(fixture.passHeard(.seconds(10)).leases.isEmpty)
        let commands = fixture.passHeard(.milliseconds(1))
        #expect(commands.contains(.revoke(leases[1].attempt, WorkerID(2))))
        #expect(commands.leases.map(\.task) == [leases[1].task])
        #expect(commands.leases.map(\.worker) == [WorkerID(3)])
        let reason = "1 of at least 2 workers after 10.0 s"
        #expect(commands.notes == ["pool zone-a is lost (\(reason)), going on in zone-b"])
        #expect(fixture.scheduler.pools[0].exhaustedReason == reason)
        #expect(fixture.job(1)?.steps[0].doneTasks == 1)
        #expect(fixture.job(1)?.steps[0].tasks.map(\.failures) == [0, 0])
    }

    @Test("a job does not move back when its first pool is there again")
    func noWayBack() {
        var fixture = fixture(.static(zoneA), .static(zoneB))
        fixture.join(1)
        fixture.join(2, zoneB)
        fixture.submitAndOpen(1)
        fixture.close(1)
        for _ in 0..<3 { fixture.passHeard(.seconds(6)) }
        #expect(fixture.job(1)?.pool == zoneB)
        fixture.join(3)
        for _ in 0..<10 { fixture.passHeard(.seconds(6)) }
        #expect(fixture.job(1)?.pool == zoneB)
    }

    @Test("a job whose pool was the last one goes on in an earlier pool that is there again")
    func poolsAreTriedAgain() {
        var fixture = fixture(.static(zoneA), .static(zoneB))
        fixture.join(1)
        fixture.submitAndOpen(1)
        fixture.join(2, zoneB)
        fixture.close(1)
        for _ in 0..<3 { fixture.passHeard(.seconds(6)) }
        #expect(fixture.job(1)?.pool == zoneB)
        fixture.join(3)
        fixture.close(2)
        for _ in 0..<3 { fixture.passHeard(.seconds(6)) }
        #expect(fixture.job(1)?.pool == zoneA)
    }

    @Test("a job that lost every pool fails after queue_timeout")
    func allPoolsLost() {
        var fixture = fixture(.static(zoneA))
        fixture.join(1)
        fixture.submitAndOpen(1)
        fixture.close(1)
        fixture.pass(.zero)
        fixture.pass(.seconds(600))
        #expect(fixture.outcome(1) == nil)
        fixture.pass(.seconds(1))
        #expect(fixture.failure(1).hasPrefix("ZONE_RESOURCE_POOL_EXHAUSTED: pool zone-a has 0"))
    }

    // MARK: Starting workers

    @Test("workers that end at once are started after 0.1 s, then ever later, up to 30 s")
    func backOff() {
        var fixture = fixture(.process(zoneA, workers: 1))
        #expect(fixture.send(.tick) == [start])
        for exponent in 0..<12 {
            fixture.send(.launchFailed(zoneA, reason: "exit 1"))
            let delay = min(Duration.milliseconds(100 << exponent), .seconds(30))
            #expect(fixture.pass(delay - .milliseconds(1)).isEmpty)
            #expect(fixture.pass(.milliseconds(1)) == [start])
        }
    }

    @Test("one that did work and died is replaced at once, and the back-off begins anew")
    func soundWorker() {
        var fixture = fixture(.process(zoneA, workers: 1))
        fixture.send(.tick)
        for _ in 0..<5 {
            fixture.send(.launchFailed(zoneA, reason: "exit 1"))
            fixture.pass(.seconds(30))
        }
        fixture.join(1, wasLaunched: true)
        let batch = fixture.submit(1, [.synthetic(1)]).batches[0].attempts
        fixture.finish(batch)
        #expect(fixture.close(1) == [start])
        fixture.send(.launchFailed(zoneA, reason: "exit 1"))
        #expect(fixture.pass(.milliseconds(100)) == [start])
    }

    @Test("a restarted coordinator waits for the workers it had before it starts others")
    func adoption() {
        let settings = SchedulingSettings(
            pools: [.process(zoneA, workers: 2)],
            expectedWorkers: [zoneA: 2]
        )
        var fixture = SchedulerFixture(settings)
        #expect(fixture.send(.tick).isEmpty)
        fixture.join(1)
        #expect(fixture.pass(.milliseconds(500)).isEmpty)
        #expect(fixture.pass(.milliseconds(500)) == [start])
    }

    @Test("workers that are not there any more after a restart are started at once")
    func partialAdoption() {
        let settings = SchedulingSettings(
            pools: [.process(zoneA, workers: 3)],
            expectedWorkers: [zoneA: 1]
        )
        var fixture = SchedulerFixture(settings)
        #expect(fixture.send(.tick) == [start, start])
        fixture.join(1)
        #expect(fixture.pass(.seconds(2)).isEmpty)
    }

    @Test("scaling up starts workers, up to max_workers")
    func scaleUp() {
        var fixture = fixture(.process(zoneA, workers: 2))
        #expect(fixture.send(.tick) == [start, start])
        #expect(fixture.send(.scaleRequested(zoneA, workers: 100)).count(of: start) == 6)
        #expect(fixture.scheduler.pools[0].wantedWorkers == 8)
    }

    @Test("scaling down stops the idlest, then the youngest, and lets the others finish")
    func scaleDown() {
        var fixture = fixture(.process(zoneA, workers: 4))
        fixture.send(.tick)
        for worker in 1...4 { fixture.join(worker, wasLaunched: true) }
        fixture.submitAndOpen(1)
        let lease = fixture.cut(StepID(1, 0)).leases[0]
        #expect(lease.worker == WorkerID(1))
        let commands = fixture.send(.scaleRequested(zoneA, workers: 2))
        #expect(commands.stopped == [WorkerID(4), WorkerID(3)])
        #expect(fixture.send(.scaleRequested(zoneA, workers: 0)).stopped == [WorkerID(2)])
        #expect(fixture.worker(1)?.state == .draining)
        #expect(fixture.finish(lease.attempt).stopped == [WorkerID(1)])
        #expect(fixture.pass(.seconds(60)).count(of: start) == 0)
    }

    @Test("workers that were starting when their pool was scaled down do not stay")
    func scaleDownWhileStarting() {
        var fixture = fixture(.process(zoneA, workers: 4))
        fixture.send(.tick)
        fixture.send(.scaleRequested(zoneA, workers: 1))
        var stopped: [WorkerID] = []
        for worker in 1...4 { stopped += fixture.join(worker, wasLaunched: true).stopped }
        #expect(stopped == [WorkerID(2), WorkerID(3), WorkerID(4)])
        #expect(fixture.scheduler.pools[0].workers == [WorkerID(1)])
    }

    @Test("workers that are leaving already do not count as surplus twice")
    func scaleDownTwice() {
        var fixture = fixture(.process(zoneA, workers: 4))
        fixture.send(.tick)
        for worker in 1...4 { fixture.join(worker, wasLaunched: true) }
        fixture.submitAndOpen(1)
        for _ in 0..<4 { fixture.cut(StepID(1, 0)) }
        fixture.send(.scaleRequested(zoneA, workers: 2))
        fixture.send(.scaleRequested(zoneA, workers: 1))
        let staying = (1...4).filter { fixture.worker($0)?.state == .ready }
        #expect(staying == [1])
    }
}
