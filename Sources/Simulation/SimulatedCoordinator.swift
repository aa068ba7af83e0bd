import Base
import Scheduling
import Wire

/// A coordinator process: the real scheduler, in a shell that mirrors the product's.
final class SimulatedCoordinator {
    /// Bytes of results a worker may have under way; few, so that credit runs out often.
    static let resultCreditBytes: Int64 = 60
    private static let tickInterval = Duration.milliseconds(250)
    private static let standstill = Duration.seconds(1)

    /// A result on its way from the wire to the spool.
    struct Arrived {
        /// The attempt that the worker reported, by which it is filed with the scheduler.
        var report: AttemptID
        var task: TaskID
        var chunk: ChunkSummary
        var worker: WorkerID
        var result: TransformResult
        var payload: [UInt8]
    }

    let world: World
    let process: SimulatedProcess
    let epoch: Int64
    let workers: any WorkerHost
    private(set) var scheduler: Scheduler
    private(set) var links: [WorkerID: SimulatedLink] = [:]
    private var strangers: [ObjectIdentifier: SimulatedLink] = [:]
    var texts: [TaskID: TableInput.Chunk] = [:]
    /// Durable results by task.
    var results: [StepID: [Int: SimulatedSpool.Stored]] = [:]
    var jobOf: [JobID: Int] = [:]
    var arrived: [AttemptID: Arrived] = [:]
    let inputQueue: SimulatedQueue
    let publisherQueue: SimulatedQueue
    let storeQueue: SimulatedQueue
    private(set) lazy var spool = SimulatedSpool(self)
    /// What the input thread has open.
    var reading: OpenInput?
    private var pendingEvents: [Event] = []
    private var isHandling = false
    private var workerCounter: Int64 = 0
    private var lastTick: Instant
    /// Workers started by this coordinator: whether they have joined.
    private var launched: [Int32: Bool] = [:]

    init(_ world: World, workers: any WorkerHost) {
        self.world = world
        self.workers = workers
        process = SimulatedProcess(world.agenda)
        epoch = world.bug == .epochNotRaised ? 1 : world.store.beginReign()
        inputQueue = SimulatedQueue(process)
        publisherQueue = SimulatedQueue(process)
        storeQueue = SimulatedQueue(process)
        lastTick = world.agenda.now
        scheduler = Scheduler(
            settings: SchedulingSettings(
                maxAttempts: world.scenario.maxAttempts,
                lostAfter: World.lostAfter,
                fallbackAfter: .seconds(4),
                queueTimeout: .seconds(120),
                pools: world.scenario.pools,
                epoch: epoch,
                expectedWorkers: workers.livingByPool()
            ),
            at: world.agenda.now
        )
    }

    func start() {
        world.trace.note("coordinator starts, epoch \(epoch)")
        world.network.listener = (process, { [unowned self] in accept($0) })
        resumeJobs()
        handle(.tick)
        planTick()
        planSweep()
    }

    private func planTick() {
        process.after(Self.tickInterval) { [self] in
            let late = world.agenda.now - lastTick - Self.tickInterval
            lastTick = world.agenda.now
            if late > Self.standstill { handle(.stoodStill(late)) }
            handle(.tick)
            planTick()
        }
    }

    // MARK: Events and commands

    func handle(_ event: Event) {
        pendingEvents.append(event)
        guard !isHandling else { return }
        isHandling = true
        defer { isHandling = false }
        var next = 0
        while next < pendingEvents.count {
            let event = pendingEvents[next]
            next += 1
            trace(event)
            let commands = scheduler.handle(event, at: world.agenda.now)
            if let contradiction = scheduler.contradiction {
                world.oracle.expect(false, "the scheduler contradicts itself: \(contradiction)")
            }
            for command in commands { carryOut(command) }
        }
        pendingEvents.removeAll(keepingCapacity: true)
    }

    private func trace(_ event: Event) {
        switch event {
        case .tick: break
        case .submitted(let plan):
            // Sets and dictionaries are described in any order.
            let finished = plan.steps.map { step in
                step.finished.results.keys.sorted() + step.finished.synthetic.sorted()
            }
            world.trace.note("event submitted(\(plan.id)), finished: \(finished)")
        default: world.trace.note("event \(event)")
        }
    }

    private func carryOut(_ command: Command) {
        world.trace.note("command \(command)")
        switch command {
        case .jobStarted(let id, _): world.oracle.started(id, among: scheduler.jobs)
        case .stepChanged, .note: break
        case .attemptEnded(let record): world.oracle.ended(record)
        case .jobEnded(let id, let outcome): recordEnd(of: id, outcome)
        case .openInput(let step):
            world.oracle.opened(step, of: scheduler.jobs[step.job])
            openInput(step)
        case .reopenInput(let step):
            world.oracle.opened(step, of: scheduler.jobs[step.job])
            reopenInput(step)
        case .cutChunk(let step): cutChunk(step)
        case .closeInput(let step): closeInput(step)
        case .searchDamage(let step): searchDamage(step)
        case .lease(let attempt, let task, let worker): lease(attempt, task, to: worker)
        case .leaseSynthetic(let batch, let worker): leaseSynthetic(batch, to: worker)
        case .revoke(let attempt, let worker): links[worker]?.send(.revoke(attempt))
        case .storeResult(let attempt, let task): store(attempt, task)
        case .storeFinished(let step, let batch): spool.store(.finished(step, batch))
        case .storeInputEnd(let step, let chunks): spool.store(.inputEnded(step, chunks: chunks))
        case .discardResult(let attempt): giveCredit(for: attempt)
        case .releaseChunk(let task): release(task)
        case .planMerge(let step):
            preconditionFailure("no simulated job sorts its rows, and step \(step) does")
        case .perform(let step, _), .abandon(let step):
            preconditionFailure("no simulated job has actions, and step \(step) is one")
        case .publish(let step): publish(step)
        case .closeStep(let step): close(step)
        case .startWorker(let pool): startWorker(pool)
        case .cancelStarts: preconditionFailure("no pool of a scenario is on demand")
        case .stopWorker(let worker, let reason, let isForGood):
            links.removeValue(forKey: worker)?.dismiss(
                .stop(reason: reason, isForGood: isForGood),
                reason
            )
        }
    }

    func forget(_ job: JobID) { scheduler.forget(job) }

    func scenarioStep(_ id: StepID) -> Scenario.Step? {
        guard let job = jobOf[id.job] else { return nil }
        return world.scenario.jobs[job].steps[id.index]
    }

    /// Stands for everything that decides what the results of a step's tasks are.
    func declarationHash(of step: StepID) -> [UInt8] {
        digest(Array("\(world.oracle.jobOf[step.job] ?? -1) \(step.index)".utf8))
    }

    private func close(_ step: StepID) {
        spool.drop(step)
        if world.bug == .resultsRemovedBeforeEndIsDurable { spool.remove(step) }
        results[step] = nil
        for id in links.keys.sorted() { links[id]?.forget(step) }
    }

    // MARK: Workers

    private func accept(_ end: ConnectionEnd) {
        let link = SimulatedLink(self, end)
        strangers[ObjectIdentifier(link)] = link
    }

    func admit(_ link: SimulatedLink, _ hello: Hello) -> Welcome {
        workerCounter += 1
        let id = WorkerID(workerCounter)
        strangers[ObjectIdentifier(link)] = nil
        links[id] = link
        // The welcome must leave before the first lease; the connection may be gone by then.
        process.after(.zero) { [self] in
            if links[id] === link { join(id, hello) }
        }
        return Welcome(
            worker: id,
            heartbeatMilliseconds: UInt32(World.heartbeat.nanoseconds / 1_000_000),
            lostAfterMilliseconds: UInt32(World.lostAfter.nanoseconds / 1_000_000),
            resultCreditBytes: Self.resultCreditBytes
        )
    }

    private func join(_ id: WorkerID, _ hello: Hello) {
        let wasLaunched = launched[hello.processID] == false
        if wasLaunched { launched[hello.processID] = true }
        let surplus = world.bug == .overloadsWorkers ? 3 : 0
        let slots = Int(hello.slots) + surplus
        handle(.workerJoined(id, PoolID(hello.pool), slots: slots, wasLaunched: wasLaunched))
    }

    func closed(_ link: SimulatedLink, reason: String) {
        strangers[ObjectIdentifier(link)] = nil
        guard let id = link.id, links[id] === link else { return }
        links[id] = nil
        guard world.bug != .lostWorkersTasksDropped else { return pretendLife(of: id) }
        handle(.workerClosed(id, .disconnected(reason: reason)))
    }

    /// As if the worker that is gone were still heard of.
    private func pretendLife(of id: WorkerID) {
        process.after(World.heartbeat) { [self] in
            handle(.workerHeard(id))
            pretendLife(of: id)
        }
    }

    private func startWorker(_ pool: PoolID) {
        workers.launch(pool) { [self] pid in
            if let pid {
                launched[pid] = false
            } else {
                handle(.launchFailed(pool, reason: "exit code 1"))
            }
        }
    }

    /// A process that was started here has ended; the connection of one that had joined tells.
    func reaped(_ pid: Int32, of pool: PoolID) {
        guard let hasJoined = launched.removeValue(forKey: pid), !hasJoined else { return }
        handle(.launchFailed(pool, reason: "signal 9"))
    }
}

/// What starts worker processes on the coordinator's machine.
protocol WorkerHost: AnyObject {
    func launch(_ pool: PoolID, _ answer: @escaping (Int32?) -> Void)
    func livingByPool() -> [PoolID: Int]
}
