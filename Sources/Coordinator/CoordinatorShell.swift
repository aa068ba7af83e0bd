import Base
import Catalog
import Glibc
import HTTP
import Jobs
import Query
import Scheduling
import Transport
import Wire

/// The coordinator process around the scheduler: it owns the connections, the stores and the clock,
/// and carries commands out.
///
/// Everything here happens on `loop`; files, databases and inflate run on queues of their own and
/// come back as events. An `if` about jobs or leases belongs in the scheduler, not here.
final class CoordinatorShell {
    /// Chunk text kept in memory until results are durable; beyond it chunks go to spool files.
    static let chunkBudgetBytes = 256 << 20
    /// Logs that are read at a time for clients.
    static let logReadsLimit = 4
    /// At the end: time for workers of this machine to go, and for the commands that stop others.
    ///
    /// What is not done by then `otjob down` does. systemd waits for 90 s.
    private static let processesPatience = Duration.seconds(5)
    private static let commandsPatience = Duration.seconds(60)
    private static let tickInterval = Duration.milliseconds(250)
    /// Lateness of a tick that no load explains: the process or the machine was stopped.
    private static let standstill = Duration.seconds(1)

    let loop: EventLoop
    let configuration: ClusterConfiguration
    let library: JobLibrary
    let jobStore: JobStore
    let security: ClusterSecurity
    /// Who may work; nil where all stays on this machine.
    let identities: IdentityRegistry?
    let publisher: TablePublisher
    let views: ViewPublisher
    /// What questions of the Dataproc API read.
    let queryStore: StoreFolder
    let storeReader: StoreReader
    let processes: ProcessPool
    let commandPools: CommandPools
    let inputs: InputReader
    let ingestor: Ingestor
    let chunks: ChunkStore
    let merges: MergeReader
    let memory = DataMemory()
    private(set) var spool: ResultSpool?
    let retention: Retention
    private(set) var space: SpaceMonitor?
    /// The Dataproc API's clusters, jobs and operations; there from the start on.
    private(set) var dataproc: DataprocService?

    var scheduler: Scheduler
    var jobs: [JobID: JobContext] = [:]
    var timetable = Timetable()
    /// The lines of `timetable`.
    var schedules: [ScheduleID: ScheduleRecord] = [:]
    var links: [WorkerID: WorkerLink] = [:]
    var roster = WorkerRoster()
    var workerHistory = WorkerHistory()
    var departures = Departures()
    /// Connections whose worker has not said who it is.
    var strangers = Newcomers<WorkerLink>(share: WorkerLink.strangers)
    var refusals = RefusalLog()
    var tally = WorkTally()
    var throughput = ThroughputRing()
    var dashboardAccess = DashboardAccess()
    let dashboardEvents = DashboardEvents()
    var arrived: [AttemptID: (result: ArrivedResult, worker: WorkerID)] = [:]
    private var pendingEvents: [Event] = []
    private var isHandling = false
    private var timers: [Timer] = []
    private var lastTick = EventLoop.now()
    let started = EventLoop.wallTime()
    private var signals: [SignalSource] = []
    var isStopping = false
    var logReads = 0
    /// Jobs that are being recorded for the first time.
    var submitsUnderWay = 0
    /// Jobs that `otjob retry` takes up again, and whether they are to be cancelled thereupon.
    var retries: [JobID: Bool] = [:]
    /// Whether all unfinished jobs of an earlier coordinator are known here again.
    private(set) var isReady = false
    private(set) var exitCode: Int32 = 0
    /// The two ports, kept open as long as the shell lives.
    var servers: (workers: Listener, http: HTTPServer)?

    init(
        loop: EventLoop,
        configuration: ClusterConfiguration,
        library: JobLibrary,
        jobStore: JobStore,
        security: ClusterSecurity,
        identities: IdentityRegistry?,
        catalog: Catalog,
        processes: ProcessPool,
        commandPools: CommandPools
    ) {
        self.loop = loop
        self.configuration = configuration
        self.library = library
        self.jobStore = jobStore
        self.security = security
        self.identities = identities
        self.processes = processes
        self.commandPools = commandPools
        publisher = TablePublisher(catalog: catalog, loop: loop)
        views = ViewPublisher(
            loop: loop,
            publisher: publisher,
            reign: jobStore.reign,
            store: Self.store(of: catalog, temporary: configuration.stateDirectory + "/views")
        )
        queryStore = Self.store(of: catalog, temporary: configuration.stateDirectory + "/queries")
        storeReader = StoreReader(
            loop: loop,
            store: Self.store(of: catalog, temporary: configuration.stateDirectory + "/rows")
        )
        retention = Retention(
            loop: loop,
            policy: RetentionPolicy(configuration.retention),
            jobStore: jobStore,
            publisher: publisher,
            stateDirectory: configuration.stateDirectory
        )
        let indexes = IndexStore(
            directory: IndexStore.directory(state: configuration.stateDirectory)
        )
        indexes.sweepTemporaryFiles()
        inputs = InputReader(memory: memory.chunks, indexes: indexes)
        ingestor = Ingestor(
            loop: loop,
            store: RawStore(
                directory: configuration.storage.raw,
                archiveDirectory: configuration.storage.archive,
                archiveLimits: RawStore.ArchiveLimits(
                    versions: configuration.retention.archiveVersions,
                    age: configuration.retention.archive
                )
            ),
            indexes: indexes
        )
        chunks = ChunkStore(
            loop: loop,
            directory: Self.spoolDirectory(configuration),
            budgetBytes: Self.chunkBudgetBytes,
            memory: memory.chunks
        )
        merges = MergeReader(
            loop: loop,
            directory: Self.spoolDirectory(configuration),
            memory: memory.chunks
        )
        scheduler = Scheduler(
            settings: SchedulingSettings(
                configuration,
                epoch: jobStore.reign.epoch,
                livingWorkers: processes.livingByPool().merging(
                    commandPools.livingByPool,
                    uniquingKeysWith: +
                )
            ),
            at: EventLoop.now()
        )
    }

    private static func store(of catalog: Catalog, temporary: String) -> StoreFolder {
        StoreFolder(
            catalog: catalog.path,
            dataPath: catalog.dataPath,
            temporaryFolder: temporary
        )
    }

    static func spoolDirectory(_ configuration: ClusterConfiguration) -> String {
        configuration.stateDirectory + "/spool"
    }

    var spoolDirectory: String { Self.spoolDirectory(configuration) }

    func start() {
        commandPools.makeInput = { [unowned self] in makeJoinToken(for: $0, $1) }
        commandPools.launchFailed = { [unowned self] pool, reason in
            handle(.launchFailed(pool, reason: reason))
        }
        spool = ResultSpool(loop: loop, directory: spoolDirectory) { [unowned self] in
            stored($0)
        }
        let space = SpaceMonitor(
            loop: loop,
            paths: [configuration.stateDirectory, configuration.storage.tables],
            gauge: SpaceGauge(configuredReserveBytes: configuration.scheduler.reserveBytes)
        ) { [unowned self] in
            handle(.spaceChanged(shortage: $0))
        }
        self.space = space
        space.measure()
        timers = [
            loop.schedule(every: SpaceMonitor.interval) { space.measure() },
            loop.schedule(every: Self.tickInterval) { [unowned self] in tick() },
            loop.schedule(every: JobNews.interval) { [unowned self] in tellWatchers() },
            loop.schedule(every: Self.timetableInterval) { [unowned self] in submitScheduled() },
            loop.schedule(every: AttemptNews.interval) { [unowned self] in saveAttempts() },
            loop.schedule(every: AttemptNews.interval) { [unowned self] in saveWorkerEvents() },
            loop.schedule(every: AttemptNews.courseInterval) { [unowned self] in saveCourses() },
            loop.schedule(every: StoreSweep.interval) { [unowned self] in sweepStore() },
            loop.schedule(every: DataprocService.interval) { [unowned self] in dataproc?.tick() },
            loop.schedule(every: DashboardEvents.interval) { [unowned self] in tellPages() },
        ]
        signals = [
            loop.onSignal(SIGCHLD) { [unowned self] in reap() },
            loop.onSignal(SIGTERM) { [unowned self] in stop("signal TERM") },
            loop.onSignal(SIGINT) { [unowned self] in stop("signal INT") },
        ]
        dataproc = DataprocService(shell: self)
        resumeJobs { [unowned self] in
            // Its jobs are among those that go on.
            dataproc?.resume { [unowned self] in isReady = true }
        }
        resumeSchedules()
        sweepStore()
        retention.start()
        handle(.tick)
    }

    /// Lets the scheduler look at its deadlines; a tick that comes late tells that we stood still.
    private func tick() {
        let now = EventLoop.now()
        let late = now - lastTick - Self.tickInterval
        lastTick = now
        if late > Self.standstill { handle(.stoodStill(late)) }
        if chunks.heldBytes == 0 { memory.releaseSpares() }
        for (worker, loss) in departures.overdue(at: now) { lost(worker, loss) }
        commandPools.tick()
        handle(.tick)
    }

    // MARK: Events and commands

    /// Tells the scheduler; events that arise while commands are carried out wait their turn.
    func handle(_ event: Event) {
        pendingEvents.append(event)
        guard !isHandling else { return }
        isHandling = true
        defer { isHandling = false }
        var next = 0
        while next < pendingEvents.count {
            let event = pendingEvents[next]
            next += 1
            for command in scheduler.handle(event, at: EventLoop.now()) { carryOut(command) }
        }
        pendingEvents.removeAll(keepingCapacity: true)
    }

    private func carryOut(_ command: Command) {
        dashboardEvents.note()
        switch command {
        case .jobStarted(let id, let pool): jobStarted(id, on: pool)
        case .stepChanged(let step): stepChanged(step)
        case .jobEnded(let id, let outcome): jobEnded(id, outcome)
        case .note(let id, let text): jobs[id]?.write(text)
        case .openInput(let step): openInput(step)
        case .reopenInput(let step): reopenInput(step)
        case .cutChunk(let step): inputs.cut(step)
        case .closeInput(let step): inputs.close(step)
        case .searchDamage(let step): searchDamage(step)
        case .lease(let attempt, let task, let worker): lease(attempt, task, to: worker)
        case .leaseSynthetic(let batch, let worker): leaseSynthetic(batch, to: worker)
        case .revoke(let attempt, let worker): links[worker]?.revoke(attempt)
        case .storeResult(let attempt, _):
            if let result = arrived[attempt]?.result { spool?.store(.result(result)) }
        case .storeFinished(let step, let batch): spool?.store(.finished(step, batch))
        case .storeInputEnd(let step, let chunks):
            spool?.store(.inputEnded(step, chunks: chunks))
        case .planMerge(let step): planMerge(of: step)
        case .discardResult(let attempt): giveCredit(for: attempt)
        case .attemptEnded(let record): attemptEnded(record)
        case .releaseChunk(let task): chunks.remove(task)
        case .perform(let step, let attempt): perform(step, attempt)
        case .abandon(let step): abandon(step)
        case .publish(let step): publish(step)
        case .closeStep(let step): close(step)
        case .startWorker(let pool): startWorker(pool)
        case .cancelStarts(let pool, let count): commandPools.cancel(count, of: pool)
        case .stopWorker(let worker, let reason, let isForGood):
            stopWorker(worker, reason, isForGood: isForGood)
        }
    }

    /// The step, unless its job is unknown.
    func context(_ step: StepID) -> StepContext? {
        guard let steps = jobs[step.job]?.steps, steps.indices.contains(step.index) else {
            return nil
        }
        return steps[step.index]
    }

    // MARK: The end

    /// Ends the cluster: workers are told, jobs stay as they are in the job store.
    func stop(_ reason: String, exitCode: Int32 = 0) {
        guard !isStopping else { return }
        isStopping = true
        ingestor.abandonAll()
        self.exitCode = exitCode
        CoordinatorLog.write("ends: \(reason)")
        let farewell = CoordinatorMessage.stop(
            reason: "the coordinator ends: \(reason)",
            isForGood: false
        )
        for link in links.values { link.send(farewell) }
        for pid in processes.living() { kill(pid, SIGTERM) }
        commandPools.end()
        endWhenWorkersAreGone(since: EventLoop.now())
    }

    private func endWhenWorkersAreGone(since start: Instant) {
        _ = processes.reap()
        let living = processes.living()
        let elapsed = EventLoop.now() - start
        if living.isEmpty || elapsed > Self.processesPatience,
            !commandPools.isBusy || elapsed > Self.commandsPatience
        {
            for pid in living { kill(pid, SIGKILL) }
            saveAttempts()
            saveCourses()
            saveWorkerEvents()
            jobStore.drain()
            JobLog.drain()
            loop.stop()
            return
        }
        timers.append(
            loop.schedule(after: .milliseconds(5)) { [unowned self] in
                endWhenWorkersAreGone(since: start)
            }
        )
    }
}
