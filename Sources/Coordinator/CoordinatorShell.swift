import API
import Base
import Catalog
import Columns
import Glibc
import HTTP
import Jobs
import Scheduling
import Spool
import Storage
import Transport
import Wire

/// The coordinator process around the scheduler: it owns the connections, the stores and the clock,
/// and carries commands out.
///
/// Everything here happens on `loop`; files, databases and inflate run on queues of their own and
/// come back as events. An `if` about jobs or leases belongs in the scheduler, not here.
final class CoordinatorShell {
    /// Bytes of results a worker may have under way; they wait in memory until they are synced.
    private static let resultCreditBytes: Int64 = 16 << 20
    /// Chunk text kept in memory until results are durable; beyond it chunks go to spool files.
    private static let chunkBudgetBytes = 256 << 20
    /// Logs that are read at a time for clients.
    static let logReadsLimit = 4
    private static let tickInterval = Duration.milliseconds(250)
    /// Lateness of a tick that no load explains: the process or the machine was stopped.
    private static let standstill = Duration.seconds(1)
    /// Length of a worker's host name: HOST_NAME_MAX of Linux is 64, of POSIX 255.
    private static let hostBytes = 255

    let loop: EventLoop
    let configuration: ClusterConfiguration
    let library: JobLibrary
    let jobStore: JobStore
    let security: ClusterSecurity
    let publisher: TablePublisher
    private let processes: ProcessPool
    private let inputs: InputReader
    private let chunks: ChunkStore
    private let memory = DataMemory()
    private(set) var spool: ResultSpool?
    private let retention: Retention
    private var space: SpaceMonitor?

    var scheduler: Scheduler
    var jobs: [JobID: JobContext] = [:]
    private(set) var links: [WorkerID: WorkerLink] = [:]
    private(set) var roster = WorkerRoster()
    private var departures = Departures()
    /// Connections whose worker has not said who it is.
    private var strangers = Strangers()
    private var arrived: [AttemptID: (result: ArrivedResult, worker: WorkerID)] = [:]
    private var pendingEvents: [Event] = []
    private var isHandling = false
    private var timers: [Timer] = []
    private var lastTick = EventLoop.now()
    private var signals: [SignalSource] = []
    private var isStopping = false
    var logReads = 0
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
        catalog: Catalog,
        processes: ProcessPool
    ) {
        self.loop = loop
        self.configuration = configuration
        self.library = library
        self.jobStore = jobStore
        self.security = security
        self.processes = processes
        publisher = TablePublisher(catalog: catalog, loop: loop)
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
        chunks = ChunkStore(
            loop: loop,
            directory: Self.spoolDirectory(configuration),
            budgetBytes: Self.chunkBudgetBytes,
            memory: memory.chunks
        )
        scheduler = Scheduler(
            settings: SchedulingSettings(
                configuration,
                epoch: jobStore.reign.epoch,
                livingWorkers: processes.livingByPool()
            ),
            at: EventLoop.now()
        )
    }

    static func spoolDirectory(_ configuration: ClusterConfiguration) -> String {
        configuration.stateDirectory + "/spool"
    }

    var spoolDirectory: String { Self.spoolDirectory(configuration) }

    func start() {
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
            loop.schedule(every: AttemptNews.interval) { [unowned self] in saveAttempts() },
            loop.schedule(every: StoreSweep.interval) { [unowned self] in sweepStore() },
        ]
        signals = [
            loop.onSignal(SIGCHLD) { [unowned self] in reap() },
            loop.onSignal(SIGTERM) { [unowned self] in stop("signal TERM") },
            loop.onSignal(SIGINT) { [unowned self] in stop("signal INT") },
        ]
        resumeJobs { [unowned self] in isReady = true }
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
        switch command {
        case .jobStarted(let id, let pool): jobStarted(id, on: pool)
        case .stepChanged(let step): stepChanged(step)
        case .jobEnded(let id, let outcome): jobEnded(id, outcome)
        case .note(let id, let text): jobs[id]?.log.write(text)
        case .openInput(let step): openInput(step)
        case .cutChunk(let step): inputs.cut(step)
        case .closeInput(let step): inputs.close(step)
        case .lease(let attempt, let task, let worker): lease(attempt, task, to: worker)
        case .leaseSynthetic(let batch, let worker): leaseSynthetic(batch, to: worker)
        case .revoke(let attempt, let worker): links[worker]?.send(.revoke(attempt))
        case .storeResult(let attempt, _):
            if let result = arrived[attempt]?.result { spool?.store(.result(result)) }
        case .storeFinished(let step, let batch): spool?.store(.finished(step, batch))
        case .storeInputEnd(let step, let chunks):
            spool?.store(.inputEnded(step, chunks: chunks))
        case .discardResult(let attempt): giveCredit(for: attempt)
        case .attemptEnded(let record): attemptEnded(record)
        case .releaseChunk(let task): chunks.remove(task)
        case .publish(let step): publish(step)
        case .closeStep(let step): close(step)
        case .startWorker(let pool): startWorker(pool)
        case .stopWorker(let worker, let reason): stopWorker(worker, reason)
        }
    }

    // MARK: Input

    private func openInput(_ step: StepID) {
        guard let context = context(step), let job = context.table else { return }
        let plan = InputPlan(
            files: context.files,
            declaration: job.transform,
            hasHeader: job.hasHeader,
            chunkSizeBytes: context.recovered?.chunkSizeBytes ?? configuredChunkSizeBytes,
            expected: context.recovered?.files
        )
        let shell = LoopBound(self, loop: loop)
        inputs.open(step, plan) { [loop] answer in
            loop.execute { shell.value.inputAnswered(step, answer) }
        }
    }

    private func inputAnswered(_ step: StepID, _ answer: InputReader.Answer) {
        switch answer {
        case .opened(let files):
            begin(step, of: files)
            handle(.inputOpened(step))
        case .note(let text): jobs[step.job]?.log.write("step \(step.index) \(text)")
        case .ended: handle(.inputEnded(step))
        case .failed(let reason): handle(.inputFailed(step, reason: reason))
        case .chunk(let text):
            guard let state = scheduler.step(step), scheduler.reading == step else { return }
            context(step)?.inputReadBytes = text.compressedBytes
            chunks.insert(text, as: TaskID(step: step, index: state.tasks.count))
            handle(.chunkCut(step, ChunkSummary(text), readBytes: text.compressedBytes))
        }
    }

    /// What results of the step's input are stored under, unless an earlier coordinator began it.
    private func begin(_ step: StepID, of files: [SpoolHeader.InputFile]) {
        guard let context = context(step), context.recovered == nil else { return }
        spool?.begin(
            SpoolHeader(
                step: step,
                chunkSizeBytes: configuredChunkSizeBytes,
                declarationHash: context.declarationHash,
                files: files
            )
        )
    }

    /// The job fails, and one that is submitted again inflates the file here.
    private func discardIndex(of attempt: AttemptID) {
        guard let task = scheduler.attempt(attempt)?.task, let context = context(task.step),
            let job = context.table, let chunk = scheduler.step(task.step)?.tasks[task.index].chunk
        else { return }
        inputs.discardIndex(
            of: chunk.source,
            chunkSizeBytes: context.recovered?.chunkSizeBytes ?? configuredChunkSizeBytes,
            hasHeader: job.hasHeader
        )
    }

    private var configuredChunkSizeBytes: Int { Int(configuration.scheduler.chunkSizeBytes) }

    // MARK: Attempts

    private func lease(_ attempt: AttemptID, _ task: TaskID, to worker: WorkerID) {
        guard let job = context(task.step)?.table else { return }
        chunks.lease(task) { [unowned self] text in
            switch text {
            case .success(let text):
                // Revoked while its text was read back: not sent for nothing.
                guard scheduler.attempt(attempt) != nil else { return }
                links[worker]?.lease(
                    text,
                    attempt: attempt,
                    step: task.step,
                    declaration: job.transform
                )
            case .failure(let error):
                handle(.attemptFailed(attempt, .transient, reason: "\(error)"))
            }
        }
    }

    private func leaseSynthetic(_ batch: [SyntheticAttempt], to worker: WorkerID) {
        let leases = batch.compactMap { item -> SyntheticLease? in
            guard case .selftest(let test) = context(item.task.step)?.declaration.work else {
                return nil
            }
            return SyntheticLease(test, attempt: item.attempt, task: item.task.index)
        }
        links[worker]?.send(.leaseSynthetic(leases))
    }

    private func stored(_ answer: SpoolAnswer) {
        switch answer {
        case .result(let attempt, .success(let result)):
            giveCredit(for: attempt)
            if let task = scheduler.attempt(attempt)?.task {
                context(task.step)?.results[task.index] = result
            }
            handle(.resultStored(attempt))
        case .result(let attempt, .failure(let error)):
            giveCredit(for: attempt)
            refused(attempt, error)
        case .finished(let attempts, nil):
            handle(.finishedStored(attempts))
        case .finished(let attempts, let error?):
            for attempt in attempts { refused(attempt, error) }
        }
    }

    private func refused(_ attempt: AttemptID, _ error: SpoolError) {
        let reason = error.description
        handle(.storeFailed(attempt, reason: reason, isDiskFull: error.isDiskFull))
    }

    /// Forgets an arrived result and lets its worker send as much again.
    private func giveCredit(for attempt: AttemptID) {
        guard let (result, worker) = arrived.removeValue(forKey: attempt) else { return }
        links[worker]?.send(.credit(bytes: Int64(result.result.payloadSizeBytes)))
    }

    // MARK: Publication

    private func publish(_ id: StepID) {
        guard let context = context(id), let job = context.table, let step = scheduler.step(id)
        else { return }
        let release = TableRelease(
            step: id,
            reign: jobStore.reign,
            job: job,
            spoolPath: ResultSpool.path(of: id, in: spoolDirectory),
            results: step.tasks.indices.compactMap { context.results[$0] },
            extraInfo: releaseInfo(of: id)
        )
        precondition(release.results.count == step.tasks.count, "a finished task has no result")
        publisher.publish(release) { [unowned self] outcome in
            switch outcome {
            case .success(let snapshot):
                spool?.remove([id])
                handle(.published(id, snapshot))
            case .failure(let error):
                let reason = error.description
                handle(.publishFailed(id, reason: reason, isDiskFull: error.isDiskFull))
            }
        }
    }

    private func close(_ step: StepID) {
        spool?.drop(step)
        context(step)?.results = [:]
        for link in links.values { link.forget(step) }
    }

    /// Removes what the spool holds of a job that has ended.
    func removeResults(of job: JobContext, _ completion: @escaping () -> Void = {}) {
        guard let spool else { return completion() }
        spool.remove(job.steps.map(\.id), completion)
    }

    // MARK: Workers

    /// Takes a connection of a worker in.
    func accept(_ connection: Connection) {
        // Dropped before it is started, a connection is closed; so is one whose peer left already.
        guard let address = connection.peerAddress else { return }
        let link = WorkerLink(
            connection: connection,
            loop: loop,
            memory: memory.results,
            delegate: self
        )
        for surplus in strangers.insert(link, from: address) {
            surplus.close("more connections without a hello than have a place")
        }
    }

    private func startWorker(_ pool: PoolID) {
        guard !isStopping else { return }
        let slots = configuration.pools.first { $0.name == pool }?.slots ?? 1
        do throws(StorageError) {
            try processes.launch(pool, slots: slots)
        } catch {
            handle(.launchFailed(pool, reason: "\(error)"))
        }
    }

    private func reap() {
        for (pid, launch, end) in processes.reap() where !isStopping {
            CoordinatorLog.write("worker process \(pid) of pool \(launch.pool) ended: \(end)")
            guard launch.hasJoined else {
                handle(.launchFailed(launch.pool, reason: "\(end), see coordinator.log"))
                continue
            }
            if let worker = departures.takeWorker(of: pid) {
                lost(worker, end.loss)
            } else if links.values.contains(where: { $0.hello?.processID == pid }) {
                departures.keep(end, of: pid)
            }
        }
    }

    /// Loses a worker whose connection has ended, with the reason that its process gives, if any.
    private func disconnected(_ id: WorkerID, process: pid_t, reason: String) {
        if let end = departures.takeEnd(of: process) {
            lost(id, end.loss)
        } else if processes.hasJoined(process) {
            departures.await(process, of: id, reason: reason, since: EventLoop.now())
            reap()
        } else {
            lost(id, .disconnected(reason: reason))
        }
    }

    private func lost(_ id: WorkerID, _ loss: WorkerLoss) {
        CoordinatorLog.write("worker \(id) is gone: \(loss)")
        roster.left(id, lost: true, reason: "\(loss)")
        // Its results that are not stored yet stay: they are whole and verified by their hash.
        handle(.workerClosed(id, loss))
    }

    private func stopWorker(_ id: WorkerID, _ reason: String) {
        guard let link = links.removeValue(forKey: id) else { return }
        roster.left(id, lost: reason != "drained", reason: reason)
        link.dismiss(.stop(reason: reason), reason)
    }

    /// Ends the cluster: workers are told, jobs stay as they are in the job store.
    func stop(_ reason: String, exitCode: Int32 = 0) {
        guard !isStopping else { return }
        isStopping = true
        self.exitCode = exitCode
        CoordinatorLog.write("ends: \(reason)")
        for link in links.values { link.send(.stop(reason: "the coordinator ends: \(reason)")) }
        for pid in processes.living() { kill(pid, SIGTERM) }
        endWhenWorkersAreGone(until: EventLoop.now() + .seconds(5))
    }

    private func endWhenWorkersAreGone(until deadline: Instant) {
        _ = processes.reap()
        let living = processes.living()
        if living.isEmpty || EventLoop.now() > deadline {
            for pid in living { kill(pid, SIGKILL) }
            saveAttempts()
            jobStore.drain()
            JobLog.drain()
            loop.stop()
            return
        }
        timers.append(
            loop.schedule(after: .milliseconds(5)) { [unowned self] in
                endWhenWorkersAreGone(until: deadline)
            }
        )
    }

    func context(_ step: StepID) -> StepContext? {
        guard let steps = jobs[step.job]?.steps, steps.indices.contains(step.index) else {
            return nil
        }
        return steps[step.index]
    }
}

// MARK: - Connections of workers

extension CoordinatorShell: WorkerLinkDelegate {
    func admit(_ link: WorkerLink, _ hello: Hello) -> Result<Welcome, RefusedError> {
        guard hello.protocolVersion == protocolVersion else {
            let text =
                "the worker speaks protocol \(hello.protocolVersion) (\(hello.productVersion)), "
                + "the coordinator \(protocolVersion) (\(productVersion)); install the same version"
            return .failure(RefusedError(reason: text))
        }
        let pool = PoolID(hello.pool)
        guard scheduler.pool(pool) != nil else {
            let names = configuration.pools.map(\.name.rawValue).joined(separator: ", ")
            let text = "there is no pool '\(hello.pool)'; cluster.yaml has \(names)"
            return .failure(RefusedError(reason: text))
        }
        guard Limits.slots.contains(Int(hello.slots)) else {
            return .failure(RefusedError(reason: "slots must be within \(Limits.slots)"))
        }
        guard hello.host.utf8.count <= Self.hostBytes, hello.processID > 0 else {
            return .failure(RefusedError(reason: "the hello names no host and process"))
        }
        guard links.count < Limits.workers else {
            let text = "the coordinator has \(Limits.workers) workers, the most it takes"
            return .failure(RefusedError(reason: text))
        }
        let id = roster.join(hello, pool: pool)
        strangers.remove(link)
        links[id] = link
        CoordinatorLog.write("worker \(id) joined pool \(pool): \(hello.host) \(hello.processID)")
        let wasLaunched = processes.markJoined(hello.processID)
        let event = Event.workerJoined(
            id,
            pool,
            slots: Int(hello.slots),
            wasLaunched: wasLaunched
        )
        // The welcome must leave before the first lease; the connection may be gone by then.
        let arrival = LoopBound((shell: self, link: link), loop: loop)
        loop.execute {
            let (shell, link) = arrival.value
            if shell.links[id] === link { shell.handle(event) }
        }
        return .success(
            Welcome(
                worker: id,
                heartbeatMilliseconds: milliseconds(configuration.scheduler.heartbeat),
                lostAfterMilliseconds: milliseconds(configuration.scheduler.lostAfter),
                resultCreditBytes: Self.resultCreditBytes
            )
        )
    }

    func heard(_ link: WorkerLink) {
        if let id = link.id { handle(.workerHeard(id)) }
    }

    func received(
        _ result: TransformResult,
        of attempt: AttemptID,
        block: MemoryBlock,
        sha256: [UInt8],
        from link: WorkerLink
    ) {
        guard let worker = link.id else { return }
        guard let running = scheduler.attempt(attempt) else {
            // Late: counted by the scheduler, and the worker may send again.
            link.send(.credit(bytes: Int64(result.payloadSizeBytes)))
            return handle(.resultArrived(attempt, TaskReport()))
        }
        guard running.worker == worker, let job = context(running.task.step)?.table else {
            return link.close("a result of attempt \(attempt), which is not its to report")
        }
        guard let chunk = scheduler.step(running.task.step)?.tasks[running.task.index].chunk else {
            preconditionFailure("attempt \(attempt) counts and has no task")
        }
        guard result.lines == chunk.lines,
            result.conversionFailures.count == job.transform.columns.count
        else {
            link.send(.credit(bytes: Int64(result.payloadSizeBytes)))
            let reason =
                "the worker reports \(result.lines) lines, the chunk has \(chunk.lines)"
            return handle(.attemptFailed(attempt, .defect, reason: reason))
        }
        arrived[attempt] = (
            ArrivedResult(
                attempt: attempt,
                task: running.task,
                chunk: chunk,
                columns: job.transform.columns,
                result: result,
                block: block,
                sha256: sha256
            ), worker
        )
        handle(.resultArrived(attempt, TaskReport(result)))
    }

    func finished(_ attempts: [AttemptID], from link: WorkerLink) {
        // Of attempts that count, a worker may only report its own, and only those without data.
        let foreign = attempts.first { attempt in
            guard let running = scheduler.attempt(attempt) else { return false }
            return running.worker != link.id || context(running.task.step)?.table != nil
        }
        if let foreign {
            return link.close("the end of attempt \(foreign), which is not its to report")
        }
        handle(.syntheticFinished(attempts))
    }

    func failed(
        _ attempt: AttemptID,
        _ kind: FailureKind,
        message: String,
        from link: WorkerLink
    ) {
        guard scheduler.attempt(attempt)?.worker == link.id else { return }
        let failure: FailureClass =
            switch kind {
            case .transient: .transient
            case .badInput: .badInput
            case .defect: .defect
            case .wrongIndex: .defect
            }
        if kind == .wrongIndex { discardIndex(of: attempt) }
        handle(.attemptFailed(attempt, failure, reason: message))
    }

    func closed(_ link: WorkerLink, reason: String) {
        strangers.remove(link)
        guard let id = link.id, links.removeValue(forKey: id) != nil, !isStopping else { return }
        disconnected(id, process: link.hello?.processID ?? 0, reason: reason)
    }

    private func milliseconds(_ duration: Duration) -> UInt32 {
        UInt32(clamping: duration.nanoseconds / 1_000_000)
    }
}
