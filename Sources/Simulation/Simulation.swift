import Base
import Scheduling

/// One run: a cluster, its jobs and its faults, all fixed by one seed.
///
/// After a while the faults stop, and from then on every job must end within a bound.
package final class Simulation {
    /// Time after the last fault within which all must have ended.
    ///
    /// The longest wait is for a chunk that never comes back: ten minutes, at most three times
    /// before the job fails, and then pools that back off.
    private static let patience = Duration.seconds(2400)
    private static let submitPatience = Duration.seconds(3)

    private let world: World
    private let seed: UInt64
    private var coordinator: SimulatedCoordinator?
    private var workers: [Int32: SimulatedWorker] = [:]
    private var lastPID: Int32 = 0
    private var answered: [Int: JobID] = [:]
    private var counts: [Fault: Int] = [:]
    private var areFaultsOver = false

    package init(seed: UInt64, bug: PlantedBug? = nil, trace: Trace = Trace(.off)) {
        self.seed = seed
        world = World(seed: seed, bug: bug, trace: trace)
    }

    /// Runs until all is over, or something is wrong.
    package func run() -> Report {
        let start = world.agenda.now
        world.catalog.onCommit = { [unowned self] version in
            world.trace.note("committed \(version.commitKey) as \(version.snapshot)")
            world.oracle.committed(version, on: world.disk)
        }
        world.onCrashPoint = { [unowned self] in endCoordinator(losingPower: true) }
        startCoordinator()
        for pool in world.scenario.pools where !pool.startsWorkers {
            for _ in 0..<pool.workers { startStaticWorker(of: pool.id) }
        }
        for job in world.scenario.jobs.indices { planSubmit(job) }
        if !world.faults.isCalm { planFault() }
        world.agenda.after(world.faults.duration) { [self] in endFaults() }
        let deadline = start + world.faults.duration + Self.patience
        while world.oracle.violation == nil, world.agenda.now < deadline, !isOver {
            guard world.agenda.step() else { break }
        }
        if world.oracle.violation == nil {
            world.oracle.checkFiles(on: world.disk)
            world.oracle.checkEnd(world.store, isCalm: world.faults.isCalm)
        }
        counts[.wrongIndex] = world.distrusted > 0 ? world.distrusted : nil
        let report = Report(
            seed: seed,
            violation: world.oracle.violation,
            time: world.agenda.now - start,
            events: world.agenda.events,
            faults: counts,
            hash: world.trace.hash
        )
        world.agenda.clear()
        return report
    }

    private var isOver: Bool {
        areFaultsOver && answered.count == world.scenario.jobs.count
            && world.store.unfinished.isEmpty && coordinator?.scheduler.jobs.isEmpty == true
    }

    // MARK: Processes

    private func startCoordinator() {
        let coordinator = SimulatedCoordinator(world, workers: self)
        self.coordinator = coordinator
        world.network.resetHalfOpen()
        // A disk that fails is likely to fail at once.
        if world.faults.isEnabled(.diskError), !areFaultsOver, world.dice.once(in: 3) {
            world.disk.failingSyncs = 1
        }
        coordinator.start()
    }

    /// Ends the coordinator; a supervisor starts it again.
    private func endCoordinator(losingPower: Bool) {
        guard let coordinator else { return }
        world.trace.note("coordinator ends, power lost: \(losingPower)")
        self.coordinator = nil
        coordinator.process.end()
        world.network.end(coordinator.process, silently: losingPower)
        world.network.listener = nil
        world.oracle.coordinatorEnded()
        if losingPower {
            // They are on the same machine.
            for worker in living.filter(\.isLaunched) { end(worker, silently: true) }
            world.losePower()
        }
        world.agenda.after(world.dice.milliseconds(50...4000)) { [self] in startCoordinator() }
    }

    private var living: [SimulatedWorker] {
        workers.sorted { $0.key < $1.key }.map(\.value)
    }

    private func startStaticWorker(of pool: PoolID) {
        world.agenda.after(world.dice.milliseconds(10...1500)) { [self] in
            start(pool, isLaunched: false)
        }
    }

    @discardableResult
    private func start(_ pool: PoolID, isLaunched: Bool) -> Int32 {
        lastPID += 1
        let worker = SimulatedWorker(
            world,
            pid: lastPID,
            pool: pool,
            slots: world.scenario.slots[pool] ?? 1,
            isLaunched: isLaunched
        ) { [unowned self] worker, _ in
            end(worker, silently: false)
        }
        workers[lastPID] = worker
        if world.faults.isEnabled(.slowWorker), !areFaultsOver, world.dice.once(in: 3) {
            counts[.slowWorker, default: 0] += 1
            worker.slowness = world.dice.number(10...100)
        }
        worker.start()
        return lastPID
    }

    /// Ends a worker; who supervises it starts another one.
    private func end(_ worker: SimulatedWorker, silently: Bool) {
        guard workers.removeValue(forKey: worker.pid) != nil else { return }
        worker.process.end()
        world.network.end(worker.process, silently: silently)
        if worker.isLaunched {
            world.agenda.after(.milliseconds(1)) { [self] in
                guard let coordinator else { return }
                coordinator.process.run { coordinator.reaped(worker.pid, of: worker.pool) }
            }
        } else {
            startStaticWorker(of: worker.pool)
        }
    }

    // MARK: People

    private func planSubmit(_ job: Int) {
        let plan = world.scenario.jobs[job]
        world.agenda.after(plan.submitAfter) { [self] in submit(job) }
    }

    /// Submits, again and again until there is an answer.
    private func submit(_ job: Int) {
        guard answered[job] == nil else { return }
        world.agenda.after(Self.submitPatience) { [self] in submit(job) }
        guard let coordinator else { return }
        coordinator.process.after(world.network.latency()) { [self] in
            coordinator.submit(job) { [self] id in
                world.agenda.after(world.network.latency()) { [self] in
                    guard answered[job] == nil else { return }
                    answered[job] = id
                    world.oracle.answered(id, job: job)
                    guard let delay = world.scenario.jobs[job].cancelAfter else { return }
                    world.agenda.after(delay) { [self] in cancel(id) }
                }
            }
        }
    }

    private func cancel(_ id: JobID) {
        counts[.cancel, default: 0] += 1
        guard let coordinator else { return }
        coordinator.process.run { coordinator.cancel(id) {} }
    }

    // MARK: Faults

    private func planFault() {
        let most = Int(world.faults.interval.nanoseconds / 1_000_000)
        world.agenda.after(world.dice.milliseconds(20...most)) { [self] in
            guard !areFaultsOver else { return }
            if let fault = world.dice.pick(world.faults.kinds) { inject(fault) }
            planFault()
        }
    }

    private func inject(_ fault: Fault) {
        switch fault {
        case .coordinatorKilled, .coordinatorLosesPower:
            guard coordinator != nil else { return }
            if fault == .coordinatorLosesPower, world.dice.once(in: 2) {
                world.armedPoint = world.dice.pick(CrashPoint.allCases + [.recordWritten])
            } else {
                endCoordinator(losingPower: fault == .coordinatorLosesPower)
            }
        case .coordinatorPaused:
            guard let process = coordinator?.process else { return }
            pause(process, for: world.dice.milliseconds(100...15_000))
        case .workerKilled, .workerLosesPower, .workerPaused, .stuckSlot, .repeatedReport, .cut,
            .oneWayCut:
            guard let worker = world.dice.pick(living) else { return }
            inject(fault, into: worker)
        case .reset:
            if world.dice.once(in: 2) {
                world.dice.pick(living)?.isNextResultLost = true
            } else {
                guard let connection = world.dice.pick(world.network.open) else { return }
                world.network.reset(connection, isHalfOpen: world.dice.once(in: 3))
            }
        case .diskFull:
            world.disk.isFull = true
            later { $0.disk.isFull = false }
        case .diskError:
            if world.dice.once(in: 2) {
                world.disk.failures += 1
            } else {
                world.disk.failingSyncs += world.dice.number(1...2)
            }
        case .catalogBusy:
            world.catalog.isBusy = true
            later { $0.catalog.isBusy = false }
        case .lostCommitAnswer: world.catalog.lostAnswers = 1
        case .failingLookUp: world.catalog.failingLookUps = world.dice.number(1...3)
        case .drain, .scale: ask(for: fault)
        case .delay, .slowWorker, .launchFailure, .cancel, .wrongIndex:
            // These are drawn where they strike.
            return
        }
        counts[fault, default: 0] += 1
        world.trace.note("fault \(fault.rawValue)")
    }

    private func inject(_ fault: Fault, into worker: SimulatedWorker) {
        switch fault {
        case .workerKilled: end(worker, silently: false)
        case .workerLosesPower: end(worker, silently: true)
        case .workerPaused: pause(worker.process, for: world.dice.milliseconds(100...20_000))
        case .stuckSlot: worker.isNextStuck = true
        case .repeatedReport: worker.process.run { worker.repeatReport() }
        case .cut: cut(worker.route, [.toWorker, .toCoordinator])
        case .oneWayCut:
            cut(worker.route, [world.dice.once(in: 2) ? .toWorker : .toCoordinator])
        default: preconditionFailure("\(fault) is none of a worker")
        }
    }

    private func pause(_ process: SimulatedProcess, for time: Duration) {
        process.pause()
        world.agenda.after(time) { process.resume() }
    }

    private func cut(_ route: Route, _ directions: [Route.Direction]) {
        route.cut(directions)
        world.agenda.after(world.dice.milliseconds(200...20_000)) { route.heal() }
    }

    private func later(_ change: @escaping (World) -> Void) {
        world.agenda.after(world.dice.milliseconds(100...8000)) { [world] in change(world) }
    }

    private func ask(for fault: Fault) {
        guard let coordinator, let pool = world.dice.pick(world.scenario.pools) else { return }
        let event: Event
        if fault == .scale {
            let count = world.dice.number(pool.minWorkers...pool.maxWorkers)
            event = .scaleRequested(pool.id, workers: count)
        } else {
            guard let id = world.dice.pick(coordinator.scheduler.workers.keys.sorted()) else {
                return
            }
            event = .drainRequested(id)
        }
        coordinator.process.run { coordinator.handle(event) }
    }

    /// Everything that is broken is mended; what is lost stays lost.
    private func endFaults() {
        areFaultsOver = true
        world.trace.note("faults are over")
        world.armedPoint = nil
        world.disk.isFull = false
        world.disk.failures = 0
        world.disk.failingSyncs = 0
        world.catalog.isBusy = false
        world.catalog.lostAnswers = 0
        world.catalog.failingLookUps = 0
        for worker in living {
            worker.slowness = 1
            worker.isNextStuck = false
            worker.isNextResultLost = false
            worker.route.heal()
            worker.process.resume()
        }
        coordinator?.process.resume()
    }
}

extension Simulation: WorkerHost {
    func launch(_ pool: PoolID, _ answer: @escaping (Int32?) -> Void) {
        guard let process = coordinator?.process else { return }
        process.after(world.dice.milliseconds(5...300)) { [self] in
            if world.faults.isEnabled(.launchFailure), !areFaultsOver, world.dice.once(in: 3) {
                counts[.launchFailure, default: 0] += 1
                return answer(nil)
            }
            answer(start(pool, isLaunched: true))
        }
    }

    func livingByPool() -> [PoolID: Int] {
        var counts: [PoolID: Int] = [:]
        for worker in living where worker.isLaunched { counts[worker.pool, default: 0] += 1 }
        return counts
    }
}
