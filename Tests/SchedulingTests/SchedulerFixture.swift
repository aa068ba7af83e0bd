import Base
import Scheduling

let zoneA = PoolID("zone-a")
let zoneB = PoolID("zone-b")

/// A scheduler with a manual clock whose invariants are checked after every event.
struct SchedulerFixture {
    private(set) var scheduler: Scheduler
    static let start = Instant(nanoseconds: 1_000_000_000)
    private(set) var now = Self.start

    init(_ settings: SchedulingSettings) {
        scheduler = Scheduler(settings: settings, at: now)
    }

    /// One static pool, with workers 1, 2, … that have so many slots each.
    init(workersWithSlots slots: [Int] = [1], maxAttempts: Int = 4) {
        self.init(SchedulingSettings(maxAttempts: maxAttempts, pools: [.static(zoneA)]))
        for (index, slots) in slots.enumerated() { join(index + 1, slots: slots) }
    }

    @discardableResult
    mutating func send(_ event: Event) -> [Command] {
        let commands = scheduler.handle(event, at: now)
        scheduler.checkInvariants()
        return commands
    }

    mutating func forget(_ job: JobID) { scheduler.forget(job) }

    /// Lets time pass without a word of it.
    mutating func advance(_ time: Duration) { now = now + time }

    /// Lets time pass, and a tick come at the end of it.
    @discardableResult
    mutating func pass(_ time: Duration) -> [Command] {
        now = now + time
        return send(.tick)
    }

    /// Lets time pass in which the coordinator itself does nothing.
    mutating func standStill(_ time: Duration) {
        now = now + time
        send(.stoodStill(time))
    }

    /// Lets time pass at the end of which every worker is heard and a tick comes.
    @discardableResult
    mutating func passHeard(_ time: Duration) -> [Command] {
        now = now + time
        var commands: [Command] = []
        for worker in scheduler.workers.keys.sorted() { commands += send(.workerHeard(worker)) }
        return commands + send(.tick)
    }

    @discardableResult
    mutating func join(
        _ worker: Int,
        _ pool: PoolID = zoneA,
        slots: Int = 1,
        wasLaunched: Bool = false
    ) -> [Command] {
        send(.workerJoined(WorkerID(Int64(worker)), pool, slots: slots, wasLaunched: wasLaunched))
    }

    @discardableResult
    mutating func close(_ worker: Int) -> [Command] {
        send(.workerClosed(WorkerID(Int64(worker)), .disconnected(reason: "reset by peer")))
    }

    @discardableResult
    mutating func submit(_ job: Int, _ steps: [StepPlan], pool: PoolID? = nil) -> [Command] {
        let plan = JobPlan(id: JobID(Int64(job)), name: "job", steps: steps, pool: pool)
        return send(.submitted(plan))
    }

    /// Submits a job with one input and opens it.
    @discardableResult
    mutating func submitAndOpen(_ job: Int, _ step: StepPlan = .input()) -> [Command] {
        submit(job, [step]) + send(.inputOpened(StepID(job, 0)))
    }

    @discardableResult
    mutating func cut(_ step: StepID) -> [Command] {
        send(.chunkCut(step, ChunkSummary(sizeBytes: 100, lines: 10)))
    }

    /// Reports and stores a result.
    @discardableResult
    mutating func finish(
        _ attempt: AttemptID,
        lines: Int64 = 10,
        rejected: Int64 = 0
    ) -> [Command] {
        let report = TaskReport(lines: lines, rows: lines - rejected, rejected: rejected)
        return send(.resultArrived(attempt, report)) + send(.resultStored(attempt))
    }

    /// Reports tasks without data as finished, and that as stored.
    @discardableResult
    mutating func finish(_ batch: [SyntheticAttempt]) -> [Command] {
        let attempts = batch.map(\.attempt)
        return send(.syntheticFinished(attempts)) + send(.finishedStored(attempts))
    }

    func worker(_ id: Int) -> Worker? { scheduler.workers[WorkerID(Int64(id))] }

    func job(_ id: Int) -> Job? { scheduler.jobs[JobID(Int64(id))] }

    func waitingReason(_ id: Int) -> String? {
        scheduler.waitingReason(of: JobID(Int64(id)))
    }

    func outcome(_ id: Int) -> JobOutcome? {
        if case .ended(let outcome) = job(id)?.state { outcome } else { nil }
    }

    /// Why the job failed; empty when it has not.
    func failure(_ id: Int) -> String {
        if case .failed(let reason) = outcome(id) { reason } else { "" }
    }
}

extension StepID {
    init(_ job: Int, _ index: Int) { self.init(job: JobID(Int64(job)), index: index) }
}

extension StepPlan {
    static func input(
        _ sizeBytes: Int64 = 1000,
        rejectLimits: RejectLimits = RejectLimits(),
        allowsEmpty: Bool = false,
        finished: FinishedTasks = FinishedTasks(),
        isMerged: Bool = false
    ) -> StepPlan {
        StepPlan(
            source: .input(sizeBytes: sizeBytes),
            rejectLimits: rejectLimits,
            allowsEmpty: allowsEmpty,
            finished: finished,
            isMerged: isMerged
        )
    }

    static func synthetic(_ tasks: Int) -> StepPlan { StepPlan(source: .synthetic(tasks: tasks)) }
}

extension PoolSettings {
    /// A pool whose workers join by themselves.
    static func `static`(_ id: PoolID, minWorkers: Int = 1) -> PoolSettings {
        PoolSettings(
            id: id,
            startsWorkers: false,
            workers: 0,
            minWorkers: minWorkers,
            maxWorkers: 8,
            acquireTimeout: .seconds(60)
        )
    }

    /// A pool whose workers the coordinator starts.
    static func process(_ id: PoolID, workers: Int = 2, minWorkers: Int = 1) -> PoolSettings {
        PoolSettings(
            id: id,
            startsWorkers: true,
            workers: workers,
            minWorkers: minWorkers,
            maxWorkers: 8,
            acquireTimeout: .seconds(30)
        )
    }
}

/// One `lease` command.
struct Lease: Equatable {
    let attempt: AttemptID
    let task: TaskID
    let worker: WorkerID
}

extension [Command] {
    var leases: [Lease] {
        compactMap {
            guard case .lease(let attempt, let task, let worker) = $0 else { return nil }
            return Lease(attempt: attempt, task: task, worker: worker)
        }
    }

    /// The batches of tasks without data, with the worker of each.
    var batches: [(attempts: [SyntheticAttempt], worker: WorkerID)] {
        compactMap {
            guard case .leaseSynthetic(let attempts, let worker) = $0 else { return nil }
            return (attempts, worker)
        }
    }

    var opened: [StepID] {
        compactMap { if case .openInput(let step) = $0 { step } else { nil } }
    }

    var reopened: [StepID] {
        compactMap { if case .reopenInput(let step) = $0 { step } else { nil } }
    }

    var published: [StepID] {
        compactMap { if case .publish(let step) = $0 { step } else { nil } }
    }

    var revoked: [AttemptID] {
        compactMap { if case .revoke(let attempt, _) = $0 { attempt } else { nil } }
    }

    var stopped: [WorkerID] {
        compactMap { if case .stopWorker(let worker, _, _) = $0 { worker } else { nil } }
    }

    /// Why attempts ended, in the order in which they did.
    var causes: [AttemptCause] { records.map(\.cause) }

    var records: [AttemptRecord] {
        compactMap { if case .attemptEnded(let record) = $0 { record } else { nil } }
    }

    var notes: [String] {
        compactMap { if case .note(_, let text) = $0 { text } else { nil } }
    }

    func count(of command: Command) -> Int { count { $0 == command } }
}
