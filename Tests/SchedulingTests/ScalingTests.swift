import Base
import Scheduling
import Testing

@Suite("How many workers a pool has")
struct ScalingTests {
    private let start = Command.startWorker(zoneA)

    private func fixture(_ pools: PoolSettings...) -> SchedulerFixture {
        SchedulerFixture(SchedulingSettings(pools: pools))
    }

    // MARK: Draining

    @Test("a drain finishes what runs, and no attempt is revoked or leased again for it")
    func drainWhileRunning() {
        var fixture = SchedulerFixture(workersWithSlots: [2, 2])
        fixture.submitAndOpen(1)
        let leases = (0..<6).flatMap { _ in fixture.cut(StepID(1, 0)).leases }
        #expect(leases.count == 6)
        fixture.send(.drainRequested(WorkerID(1)))
        var commands: [Command] = []
        for lease in leases { commands += fixture.finish(lease.attempt) }
        commands += fixture.send(.inputEnded(StepID(1, 0)))
        #expect(commands.revoked.isEmpty)
        #expect(commands.stopped == [WorkerID(1)])
        #expect(fixture.job(1)?.steps[0].attempts == 6)
        #expect(commands.published == [StepID(1, 0)])
    }

    @Test("a drained worker of a started pool is replaced while it finishes")
    func drainReplaced() {
        var fixture = fixture(.process(zoneA, workers: 1))
        fixture.send(.tick)
        fixture.join(1, wasLaunched: true)
        fixture.submitAndOpen(1)
        fixture.cut(StepID(1, 0))
        #expect(fixture.send(.drainRequested(WorkerID(1))).contains(start))
        #expect(fixture.join(2, wasLaunched: true).stopped.isEmpty)
    }

    @Test("a pool whose last workers drain is shown as draining")
    func drainingPool() {
        var fixture = fixture(.process(zoneA, workers: 1))
        fixture.send(.tick)
        fixture.join(1, wasLaunched: true)
        fixture.submitAndOpen(1)
        let lease = fixture.cut(StepID(1, 0)).leases[0]
        fixture.send(.scaleRequested(zoneA, workers: 0))
        #expect(fixture.scheduler.state(of: fixture.scheduler.pools[0]) == .draining)
        fixture.finish(lease.attempt)
        #expect(fixture.scheduler.state(of: fixture.scheduler.pools[0]) == .empty)
    }

    // MARK: Claims

    @Test("a pool has as many workers as are claimed, and what it would have without")
    func claims() {
        var fixture = fixture(.process(zoneA, workers: 1))
        fixture.send(.tick)
        fixture.join(1, wasLaunched: true)
        #expect(fixture.send(.claimed(zoneA, workers: 3)).count(of: start) == 2)
        fixture.join(2, wasLaunched: true)
        fixture.join(3, wasLaunched: true)
        #expect(fixture.scheduler.pools[0].targetReason == "3 workers are claimed")
        let commands = fixture.send(.claimed(zoneA, workers: 0))
        #expect(commands.stopped == [WorkerID(3), WorkerID(2)])
        #expect(fixture.scheduler.pools[0].targetReason == nil)
    }

    @Test("no claim makes a pool larger than it may be")
    func claimsBound() {
        var fixture = fixture(.process(zoneA, workers: 0))
        let most = fixture.scheduler.pools[0].settings.maxWorkers
        #expect(fixture.send(.claimed(zoneA, workers: most + 5)).count(of: start) == most)
    }

    @Test("workers that leave and are not waited for go at once, and nobody is blamed")
    func leavers() {
        var fixture = fixture(.process(zoneA, workers: 2))
        fixture.send(.tick)
        fixture.join(1, wasLaunched: true)
        fixture.join(2, wasLaunched: true)
        fixture.submitAndOpen(1)
        let leases = (0..<2).flatMap { _ in fixture.cut(StepID(1, 0)).leases }
        #expect(Set(leases.map(\.worker)) == [WorkerID(1), WorkerID(2)])
        fixture.send(.scaleRequested(zoneA, workers: 1))
        let commands = fixture.send(.leaversReleased(zoneA))
        #expect(commands.stopped == [WorkerID(2)])
        #expect(commands.leases.map(\.worker) == [WorkerID(1)])
        #expect(fixture.job(1)?.steps[0].tasks.allSatisfy { $0.workersLost == 0 } ?? false)
    }

    // MARK: Rejoining

    @Test("a worker that comes back after it was replaced does not stay")
    func rejoin() {
        var fixture = fixture(.process(zoneA, workers: 2))
        fixture.send(.tick)
        for worker in 1...2 { fixture.join(worker, wasLaunched: true) }
        fixture.advance(.seconds(31))
        fixture.send(.workerHeard(WorkerID(2)))
        #expect(fixture.send(.tick).stopped == [WorkerID(1)])
        #expect(fixture.pass(.seconds(1)).count(of: start) == 1)
        fixture.join(3, wasLaunched: true)
        #expect(fixture.join(4).stopped == [WorkerID(4)])
        #expect(fixture.scheduler.pools[0].workers == [WorkerID(2), WorkerID(3)])
    }

    @Test("a worker that comes back while its replacement starts stays, and the other does not")
    func rejoinFirst() {
        var fixture = fixture(.process(zoneA, workers: 1))
        fixture.send(.tick)
        fixture.join(1, wasLaunched: true)
        fixture.pass(.seconds(31))
        #expect(fixture.pass(.seconds(1)) == [start])
        #expect(fixture.join(2).stopped.isEmpty)
        #expect(fixture.join(3, wasLaunched: true).stopped == [WorkerID(3)])
    }

    @Test("workers of an earlier coordinator that come back late are not one too many")
    func lateAdoption() {
        let settings = SchedulingSettings(
            pools: [.process(zoneA, workers: 2)],
            expectedWorkers: [zoneA: 2]
        )
        var fixture = SchedulerFixture(settings)
        fixture.join(1)
        #expect(fixture.pass(.seconds(1)) == [start])
        fixture.join(2, wasLaunched: true)
        #expect(fixture.join(3).stopped == [WorkerID(3)])
    }

    @Test("workers of a static pool are as many as join")
    func staticPool() {
        var fixture = fixture(.static(zoneA))
        for worker in 1...20 { #expect(fixture.join(worker).stopped.isEmpty) }
    }

    // MARK: Autoscaling

    private func autoscaled() -> PoolSettings {
        var settings = PoolSettings.process(zoneA, workers: 1)
        settings.autoscale = Autoscale(tasksPerWorker: 4, coolDown: .seconds(30))
        return settings
    }

    @Test("an autoscaled pool has a worker for so many open tasks, between its bounds")
    func autoscaleUp() {
        var fixture = fixture(autoscaled())
        #expect(fixture.send(.tick).count(of: start) == 1)
        fixture.join(1, wasLaunched: true)
        #expect(fixture.submit(1, [.synthetic(10)]).count(of: start) == 2)
        #expect(fixture.submit(2, [.synthetic(1000)]).count(of: start) == 5)
        #expect(fixture.scheduler.pools[0].wantedWorkers == 8)
        let reason = fixture.scheduler.pools[0].targetReason
        #expect(reason == "autoscaled for 1010 open tasks, 4 a worker")
    }

    @Test("it gets smaller only when fewer workers were enough for the cool-down")
    func autoscaleDown() {
        var fixture = fixture(autoscaled())
        fixture.send(.tick)
        fixture.join(1, wasLaunched: true)
        let batch = fixture.submit(1, [.synthetic(8)]).batches.flatMap(\.attempts)
        fixture.join(2, wasLaunched: true)
        fixture.finish(batch)
        #expect(fixture.outcome(1) == .done)
        fixture.passHeard(.seconds(20))
        #expect(fixture.scheduler.pools[0].wantedWorkers == 2)
        let stopped = fixture.passHeard(.seconds(11)).stopped
        #expect(stopped == [WorkerID(2)])
        #expect(fixture.scheduler.pools[0].wantedWorkers == 1)
    }

    @Test("the rest of an input is reckoned from what was read of it")
    func autoscaleInput() {
        var fixture = fixture(autoscaled())
        fixture.send(.tick)
        fixture.join(1, wasLaunched: true)
        fixture.submitAndOpen(1, .input(1000))
        let chunk = ChunkSummary(sizeBytes: 100, lines: 10)
        fixture.send(.chunkCut(StepID(1, 0), chunk, readBytes: 50))
        #expect(fixture.passHeard(.seconds(1)).count(of: start) == 4)
        #expect(fixture.scheduler.pools[0].targetReason?.contains("20 open tasks") == true)
    }

    @Test("scaling by hand ends autoscaling, and says so")
    func autoscaleByHand() {
        var fixture = fixture(autoscaled())
        fixture.send(.tick)
        fixture.send(.scaleRequested(zoneA, workers: 3))
        fixture.submit(1, [.synthetic(1000)])
        #expect(fixture.scheduler.pools[0].wantedWorkers == 3)
        #expect(fixture.scheduler.pools[0].targetReason == "scaled by hand: no autoscaling")
    }

    // MARK: On demand

    private func onDemand(_ id: PoolID, minWorkers: Int = 2) -> PoolSettings {
        var settings = PoolSettings.process(id, workers: 0, minWorkers: minWorkers)
        settings.isOnDemand = true
        return settings
    }

    @Test("a pool on demand gets min_workers when a job needs it, and none a minute after")
    func demand() {
        var fixture = fixture(onDemand(zoneA))
        #expect(fixture.send(.tick).isEmpty)
        #expect(fixture.submit(1, [.synthetic(1)]).count(of: start) == 2)
        fixture.join(1, wasLaunched: true)
        let batch = fixture.join(2, wasLaunched: true).batches.flatMap(\.attempts)
        fixture.finish(batch)
        #expect(fixture.outcome(1) == .done)
        #expect(fixture.passHeard(.seconds(30)).stopped.isEmpty)
        #expect(fixture.passHeard(.seconds(31)).stopped == [WorkerID(2), WorkerID(1)])
    }

    @Test("a job that lost its pool has the next one started, and moves when that is there")
    func demandInMidJob() {
        var fixture = fixture(.static(zoneA), onDemand(zoneB, minWorkers: 1))
        fixture.join(1)
        fixture.submitAndOpen(1)
        let lease = fixture.cut(StepID(1, 0)).leases[0]
        fixture.close(1)
        fixture.pass(.zero)
        #expect(fixture.pass(.seconds(10)).isEmpty)
        #expect(fixture.pass(.seconds(1)) == [.startWorker(zoneB)])
        #expect(fixture.waitingReason(1)?.contains("acquiring pool zone-b") == true)
        fixture.join(2, zoneB, wasLaunched: true)
        let commands = fixture.passHeard(.seconds(1))
        #expect(commands.leases.map(\.task) == [lease.task])
        #expect(fixture.job(1)?.pool == zoneB)
    }

    @Test("a pool on demand that scales itself keeps none when no job needs it")
    func demandAutoscaled() {
        var pool = onDemand(zoneA)
        pool.autoscale = Autoscale(tasksPerWorker: 1, coolDown: .seconds(10))
        var fixture = fixture(pool)
        #expect(fixture.send(.tick).isEmpty)
        #expect(fixture.submit(1, [.synthetic(3)]).count(of: start) == 2)
        fixture.join(1, wasLaunched: true)
        let batch = fixture.join(2, wasLaunched: true).batches.flatMap(\.attempts)
        #expect(fixture.scheduler.pools[0].wantedWorkers == 3)
        fixture.join(3, wasLaunched: true)
        fixture.finish(batch)
        #expect(fixture.outcome(1) == .done)
        for _ in 0..<5 { fixture.passHeard(.seconds(10)) }
        #expect(fixture.scheduler.pools[0].wantedWorkers == 2)
        for _ in 0..<3 { fixture.passHeard(.seconds(10)) }
        #expect(fixture.scheduler.workers.isEmpty)
    }

    @Test("a pool on demand that is given up keeps no workers")
    func givenUp() {
        var fixture = fixture(onDemand(zoneA), .static(zoneB))
        fixture.join(1, zoneB)
        fixture.submit(1, [.input()])
        fixture.join(2, wasLaunched: true)
        for _ in 0..<3 { fixture.passHeard(.seconds(10)) }
        let commands = fixture.passHeard(.seconds(1))
        #expect(fixture.job(1)?.pool == zoneB)
        #expect(commands.stopped == [WorkerID(2)])
        #expect(fixture.scheduler.state(of: fixture.scheduler.pools[0]) == .exhausted)
    }
}
