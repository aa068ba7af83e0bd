package import Base

/// Decides which attempt runs on which worker, which input is read and which table is published.
///
/// Pure: the caller passes events and the time in and carries the returned commands out, in order.
/// It reads no clock, file, socket or random source, and nothing depends on the order of a
/// dictionary: the same events give the same commands.
///
/// One input is read at a time, steps of a job the smallest first, so tasks become ready in the
/// order in which they are to be done; workers that the tail of one step leaves idle go on with the
/// next. Steps of a job are published in that order, one at a time over all jobs.
package struct Scheduler: Sendable {
    package let settings: SchedulingSettings
    package internal(set) var jobs: [JobID: Job] = [:]
    package internal(set) var workers: [WorkerID: Worker] = [:]
    /// In the order in which they are tried.
    package internal(set) var pools: [Pool]
    /// Reports of attempts that no longer count, dropped.
    package internal(set) var lateReports = 0

    /// Jobs that have not been started.
    var queue = JobQueue()
    /// Running jobs in the order in which they were started.
    var runningJobs: [JobID] = []
    var attempts: [AttemptID: Attempt] = [:]
    /// Results that have arrived and are not durable yet.
    var unstoredResults = 0
    /// The steps that have tasks to lease, in the order in which they are leased from.
    var readySteps: [ReadyStep] = []
    /// Tasks that failed, by the time at which they are tried again.
    var postponed = MinHeap<PostponedTask>()
    /// Jobs with a step that may be ready to be published, or with none left.
    var progressed: Set<JobID> = []
    /// Before this no worker's silence or pause can be over.
    var nextWorkerCheck = Instant(nanoseconds: .max)
    /// What the event that is being handled may have changed; the rest is not looked at.
    var changes: Changes = []
    /// The step whose input is being read.
    package internal(set) var reading: StepID?
    /// The step of an ended job in whose input damage is being looked for.
    package internal(set) var searched: StepID?
    var publishing: StepID?
    package internal(set) var space = SpaceState()
    /// Why jobs were told that they wait for room, the last time.
    var toldSpaceReason: String?
    var commands: [Command] = []
    /// The time of the event that is being handled.
    private(set) var now: Instant
    private var attemptCounter: Int64 = 0
    private(set) var startCounter = 0

    package init(settings: SchedulingSettings, at now: Instant) {
        self.settings = settings
        self.now = now
        pools = settings.pools.map(Pool.init(settings:))
        for index in pools.indices {
            let expected = settings.expectedWorkers[pools[index].settings.id] ?? 0
            guard expected > 0 else { continue }
            pools[index].hadWorkers = true
            if pools[index].settings.startsWorkers {
                pools[index].expected = expected
                pools[index].expectedUntil = now + SchedulingSettings.adoptionTime
            }
        }
    }

    /// Takes an event in and returns what follows from it.
    package mutating func handle(_ event: Event, at time: Instant) -> [Command] {
        now = time
        apply(event)
        repeat { followUp() } while !changes.isEmpty
        if event == .tick { speculate() }
        tellSpace()
        defer { commands.removeAll(keepingCapacity: true) }
        return commands
    }

    /// Looks at what may have changed; what that changes in turn is looked at in the next round.
    private mutating func followUp() {
        if changes.remove(.jobs) != nil {
            startJobs()
            startActions()
            openNextInput()
        }
        leaseTasks()
        requestChunks()
        if changes.remove(.steps) != nil {
            planMerges()
            publishNextStep()
            endJobs()
        }
        if changes.remove(.pools) != nil { launchWorkers() }
    }

    private mutating func apply(_ event: Event) {
        switch event {
        case .submitted, .cancelRequested:
            applyJobEvent(event)
        case .inputOpened, .chunkCut, .inputEnded, .inputFailed, .inputDistrusted,
            .inputUnchanged, .damageSearched:
            applyInputEvent(event)
        case .mergePlanned, .mergeFailed:
            applyMergeEvent(event)
        case .performed, .performFailed, .inputSized:
            applyActionEvent(event)
        case .workerJoined, .workerHeard, .workerClosed, .launchFailed, .drainRequested,
            .scaleRequested, .claimed, .leaversReleased:
            applyWorkerEvent(event)
        case .resultArrived, .resultStored, .storeFailed, .syntheticFinished, .finishedStored,
            .attemptFailed:
            applyAttemptEvent(event)
        case .published, .publishFailed:
            applyPublicationEvent(event)
        case .tick:
            changes = [.steps, .pools]
            checkWorkers()
            checkLeases()
            checkSteps()
            checkPools()
            checkSpace()
            resumePostponed()
        case .spaceChanged(let shortage):
            space.shortage = shortage
            changes = [.jobs, .steps]
        case .stoodStill(let duration):
            excuseSilence(of: duration)
        }
    }

    /// A number for a new attempt: the epoch above, a counter below, so it is never used again.
    mutating func nextAttempt() -> AttemptID {
        attemptCounter += 1
        precondition(attemptCounter < 1 << 32, "more attempts than one epoch can number")
        return AttemptID(settings.epoch << 32 | attemptCounter)
    }

    mutating func nextStartNumber() -> Int {
        startCounter += 1
        return startCounter
    }

    /// The step, unless its job is unknown.
    package func step(_ id: StepID) -> Step? {
        guard let job = jobs[id.job], job.steps.indices.contains(id.index) else { return nil }
        return job.steps[id.index]
    }

    /// The task and the worker of an attempt that counts.
    package func attempt(_ id: AttemptID) -> (task: TaskID, worker: WorkerID)? {
        attempts[id].map { ($0.task, $0.worker) }
    }

    /// Changes a step in place; the step must exist.
    mutating func update<Result>(_ id: StepID, _ change: (inout Step) -> Result) -> Result {
        precondition(jobs[id.job] != nil, "step \(id) of an unknown job")
        return change(&jobs[id.job, default: Self.noJob].steps[id.index])
    }

    /// Only ever named as a default that a precondition rules out.
    private static let noJob = Job(plan: JobPlan(id: JobID(0), name: "", steps: []))
}

/// What has to be looked at after an event, because it may have changed.
struct Changes: OptionSet {
    let rawValue: UInt8

    /// Jobs may start: one was submitted, or a pool or the reader may be free.
    static let jobs = Changes(rawValue: 1)
    /// A step may be complete, or a job over.
    static let steps = Changes(rawValue: 2)
    /// A pool may have too few workers.
    static let pools = Changes(rawValue: 4)
}
