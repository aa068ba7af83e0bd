import Base
import Scheduling

/// A scheduler amid everything that can happen to it, drawn from one seed.
///
/// Plays the shell: keeps what commands asked for and answers in any order, late, twice or never.
struct RandomWalk {
    private(set) var fixture: SchedulerFixture
    private(set) var trace: [(forgotten: JobID?, event: Event, time: Instant)] = []
    private(set) var answers: [[Command]] = []
    /// What the commands did that they must not; empty in a good walk.
    private(set) var complaints: [String] = []
    private(set) var outcomes: [JobOutcome] = []

    var random: SeededGenerator
    private var jobs = 0
    private var lastWorker = 0
    private var inputs: [StepID: Input] = [:]
    private var chunkLines: [StepID: Int64] = [:]
    private var active: [Active] = []
    private var late: [AttemptID] = []
    /// Attempts whose ends are being made durable, one result or many ends of tasks without data.
    private var stores: [[AttemptID]] = []
    private var publishing: StepID?
    private var readAnew: Set<StepID> = []
    /// Steps whose merging is being planned.
    private var merges: [StepID] = []
    private var launches: [PoolID] = []
    var scaled: [PoolID: Int] = [:]
    var actions = ActionBook()
    private var silent: Set<WorkerID> = []
    private var seen: Set<AttemptID> = []
    private var ended: Set<AttemptID> = []

    private struct Input {
        var isOpen = false
        var chunksLeft: Int
        var cuts = 0
        var isSearched = false
    }

    private struct Active {
        let attempt: AttemptID
        let worker: WorkerID
        let isSynthetic: Bool
    }

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        fixture = SchedulerFixture(RandomPlans.settings(using: &random))
    }

    var settings: SchedulingSettings { fixture.scheduler.settings }

    var openJobs: [Job] { fixture.scheduler.jobs.values.filter { !$0.isEnded } }

    /// Attempts that were leased and for which no cause was told; none once every job has ended.
    var unexplained: Set<AttemptID> { seen.subtracting(ended) }

    // MARK: Events

    mutating func send(_ event: Event) {
        // As the shell does, jobs that have ended are forgotten in the end.
        let ended = fixture.scheduler.jobs.values.filter(\.isEnded).map(\.id).sorted()
        let forgotten = ended.count > 2 ? ended.first : nil
        if let forgotten { fixture.forget(forgotten) }
        trace.append((forgotten, event, fixture.now))
        let commands = fixture.send(event)
        answers.append(commands)
        for command in commands { carryOut(command) }
    }

    private mutating func tick(after time: Duration) {
        fixture.advance(time)
        for worker in fixture.scheduler.workers.keys.sorted() where !silent.contains(worker) {
            send(.workerHeard(worker))
        }
        send(.tick)
    }

    /// One random event.
    mutating func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case ..<5: submit()
        case ..<7: cancel()
        case ..<12: join([zoneA, zoneB, zoneC][lastWorker % 3], wasLaunched: false)
        case ..<20: answerLaunch(succeeds: Bool.random(using: &random))
        case ..<23: loseWorker()
        case ..<25: silent.formUnion(fixture.scheduler.workers.keys.sorted().prefix(1))
        case ..<27: drainOrScale()
        case ..<32: answerAction(fails: Int.random(in: 0..<3, using: &random) == 0)
        case ..<34: answerActionLate()
        case ..<35: resize()
        case ..<54: answerInput(fails: Int.random(in: 0..<60, using: &random) == 0)
        case ..<72: answerAttempt(fails: Int.random(in: 0..<8, using: &random) == 0)
        case ..<84: answerStore(fails: Int.random(in: 0..<10, using: &random) == 0)
        case ..<88: answerPublication(fails: Int.random(in: 0..<10, using: &random) == 0)
        case ..<91: answerMerge(fails: Int.random(in: 0..<10, using: &random) == 0)
        case ..<93: reportLate()
        default: tick(after: .milliseconds(Int64.random(in: 1...12_000, using: &random)))
        }
    }

    /// Everything that waits is answered well, and time passes: what follows when faults stop.
    mutating func settle() {
        silent = []
        while !launches.isEmpty { answerLaunch(succeeds: true) }
        if fixture.scheduler.pools[1].workers.isEmpty { join(zoneB, wasLaunched: false) }
        answerInput(fails: false)
        for _ in 0..<20 { answerAttempt(fails: false) }
        while !stores.isEmpty { answerStore(fails: false) }
        answerMerge(fails: false)
        answerPublication(fails: false)
        while !actions.underWay.isEmpty { answerAction(fails: false) }
        tick(after: .seconds(1))
    }

    /// Lets time pass in which nobody wants anything.
    mutating func rest(for time: Duration) {
        let end = fixture.now + time
        while fixture.now < end {
            while !launches.isEmpty { answerLaunch(succeeds: true) }
            tick(after: .seconds(10))
        }
    }

    private mutating func submit() {
        jobs += 1
        send(.submitted(RandomPlans.job(JobID(Int64(jobs)), using: &random)))
    }

    private mutating func cancel() {
        guard jobs > 0 else { return }
        send(.cancelRequested(JobID(Int64.random(in: 1...Int64(jobs), using: &random))))
    }

    private mutating func join(_ pool: PoolID, wasLaunched: Bool) {
        guard wasLaunched || fixture.scheduler.workers.count < 12 else { return }
        lastWorker += 1
        let slots = Int.random(in: 1...3, using: &random)
        let id = WorkerID(Int64(lastWorker))
        send(.workerJoined(id, pool, slots: slots, wasLaunched: wasLaunched))
    }

    private mutating func answerLaunch(succeeds: Bool) {
        guard let pool = launches.popLast() else { return }
        if succeeds {
            join(pool, wasLaunched: true)
        } else {
            send(.launchFailed(pool, reason: "exit 1"))
        }
    }

    private mutating func cancel(_ count: Int, of pool: PoolID) {
        for _ in 0..<count {
            guard let index = launches.lastIndex(of: pool) else {
                return complaints.append("a start of \(pool) is cancelled that was never made")
            }
            launches.remove(at: index)
        }
    }

    private mutating func loseWorker() {
        let workers = fixture.scheduler.workers.keys.sorted()
        guard let worker = workers.randomElement(using: &random) else { return }
        forget(worker)
        send(.workerClosed(worker, .disconnected(reason: "reset by peer")))
    }

    private mutating func drainOrScale() {
        let workers = fixture.scheduler.workers.keys.sorted()
        if Bool.random(using: &random), let worker = workers.randomElement(using: &random) {
            send(.drainRequested(worker))
        } else {
            scale(Bool.random(using: &random) ? zoneA : zoneC)
        }
    }

    private mutating func scale(_ pool: PoolID) {
        // A pool that was scaled once does not scale itself any more.
        guard Int.random(in: 0..<4, using: &random) == 0 else { return }
        let workers = Int.random(in: 0...10, using: &random)
        scaled[pool] = min(workers, fixture.scheduler.pool(pool)?.settings.maxWorkers ?? 0)
        send(.scaleRequested(pool, workers: workers))
    }

    private mutating func answerInput(fails: Bool) {
        guard let step = inputs.keys.sorted().first, var input = inputs[step] else { return }
        if input.isSearched {
            inputs[step] = nil
            return send(.damageSearched(step, damage: fails ? "damaged" : nil))
        }
        if fails {
            inputs[step] = nil
            return send(.inputFailed(step, reason: "damaged"))
        }
        if !input.isOpen, Int.random(in: 0..<10, using: &random) == 0 {
            inputs[step] = nil
            return send(.inputUnchanged(step))
        }
        guard input.isOpen else {
            inputs[step]?.isOpen = true
            return send(.inputOpened(step))
        }
        if !readAnew.contains(step), Int.random(in: 0..<100, using: &random) == 0 {
            inputs[step] = nil
            return send(.inputDistrusted(step, reason: "other bytes"))
        }
        guard input.cuts > 0 else { return }
        input.cuts -= 1
        input.chunksLeft -= 1
        inputs[step] = input.chunksLeft < 0 ? nil : input
        guard input.chunksLeft >= 0 else { return send(.inputEnded(step)) }
        chunkLines[step, default: 0] += 10
        send(.chunkCut(step, ChunkSummary(sizeBytes: 100, lines: 10)))
    }

    private mutating func answerAttempt(fails: Bool) {
        guard !active.isEmpty else { return }
        let index = Int.random(in: active.indices, using: &random)
        let item = active.remove(at: index)
        late.append(item.attempt)
        if fails {
            let classes: [FailureClass] = [
                .transient, .transient, .transient, .badInput, .defect, .wrongIndex,
            ]
            let failure = classes[Int.random(in: classes.indices, using: &random)]
            send(.attemptFailed(item.attempt, failure, reason: "no space"))
        } else if item.isSynthetic {
            let batch = active.filter { $0.isSynthetic && $0.worker == item.worker }
            active.removeAll { $0.isSynthetic && $0.worker == item.worker }
            send(.syntheticFinished([item.attempt] + batch.map(\.attempt)))
        } else {
            send(.resultArrived(item.attempt, report(of: item.attempt)))
        }
    }

    /// Rows and rejected lines are reported of chunks alone: merged rows were counted before.
    private func report(of attempt: AttemptID) -> TaskReport {
        guard let task = fixture.scheduler.attempt(attempt)?.task,
            case .planned(let first)? = fixture.scheduler.step(task.step)?.merge,
            task.index >= first
        else { return TaskReport(lines: 10, rows: 9, rejected: 1) }
        return TaskReport(sizeBytes: 100)
    }

    private mutating func answerStore(fails: Bool) {
        guard !stores.isEmpty else { return }
        let attempts = stores.removeFirst()
        if fails {
            let isFull = Bool.random(using: &random)
            for attempt in attempts {
                send(.storeFailed(attempt, reason: "no room", isDiskFull: isFull))
            }
        } else if attempts.count == 1 {
            send(.resultStored(attempts[0]))
        } else {
            send(.finishedStored(attempts))
        }
    }

    private mutating func answerPublication(fails: Bool) {
        guard let step = publishing else { return }
        publishing = nil
        send(
            fails
                ? .publishFailed(step, reason: "locked")
                : .published(step, SnapshotID(step.job.rawValue))
        )
    }

    private mutating func answerMerge(fails: Bool) {
        guard !merges.isEmpty else { return }
        let step = merges.removeFirst()
        guard !fails else { return send(.mergeFailed(step, reason: "too many partitions")) }
        let tasks = Int.random(in: 0...5, using: &random)
        let chunk = ChunkSummary(sizeBytes: 200, lines: 20)
        send(.mergePlanned(step, Array(repeating: chunk, count: tasks)))
    }

    private mutating func reportLate() {
        guard let attempt = late.randomElement(using: &random) else { return }
        // One whose result is being stored has answered; a second answer of it is late as well.
        let before = fixture.scheduler.lateReports
        send(.resultArrived(attempt, TaskReport(lines: 10, rows: 10)))
        if fixture.scheduler.lateReports != before + 1 {
            complaints.append("the late report of \(attempt) counted")
        }
    }

    // MARK: Commands

    private mutating func carryOut(_ command: Command) {
        switch command {
        case .openInput(let step):
            expect(inputs.isEmpty, "step \(step) is opened while another is read")
            inputs[step] = Input(chunksLeft: Int.random(in: 0...15, using: &random))
        case .reopenInput(let step):
            expect(inputs.isEmpty, "step \(step) is opened again while another is read")
            expect(readAnew.insert(step).inserted, "step \(step) begins anew a second time")
            // From its files alone, with other chunks than before.
            inputs[step] = Input(chunksLeft: Int.random(in: 0...15, using: &random))
            chunkLines[step] = nil
        case .cutChunk(let step): inputs[step]?.cuts += 1
        case .closeInput(let step): inputs[step] = nil
        case .searchDamage(let step): inputs[step]?.isSearched = true
        case .lease(let attempt, _, let worker):
            begin(attempt, on: worker, isSynthetic: false)
        case .leaseSynthetic(let batch, let worker):
            expect(batch.count <= 256, "a batch of \(batch.count)")
            for item in batch { begin(item.attempt, on: worker, isSynthetic: true) }
        case .revoke(let attempt, let worker):
            expect(
                active.contains { $0.attempt == attempt && $0.worker == worker },
                "\(attempt) is revoked and does not run on \(worker)"
            )
            active.removeAll { $0.attempt == attempt }
            late.append(attempt)
        case .attemptEnded(let record):
            expect(seen.contains(record.attempt), "\(record.attempt) ended and never began")
            expect(ended.insert(record.attempt).inserted, "\(record.attempt) ended twice")
            expect(record.started <= record.ended, "\(record.attempt) ended before it began")
        case .storeResult(let attempt, _): stores.append([attempt])
        case .storeFinished(_, let batch): stores.append(batch.map(\.attempt))
        case .publish(let step):
            expect(publishing == nil, "two steps are published at a time")
            expect(
                fixture.scheduler.step(step)?.report.lines == chunkLines[step],
                "step \(step) is published with lines missing or doubled"
            )
            publishing = step
        case .planMerge(let step):
            expect(!merges.contains(step), "the merging of step \(step) is planned twice")
            merges.append(step)
        case .startWorker(let pool): launches.append(pool)
        case .cancelStarts(let pool, let count): cancel(count, of: pool)
        case .stopWorker(let worker, _, _): forget(worker)
        case .jobEnded(_, let outcome): outcomes.append(outcome)
        case .perform(let step, let attempt):
            complaints += actions.begin(step, attempt: attempt, fixture.scheduler)
        case .abandon(let step): complaints += actions.abandon(step)
        case .jobStarted, .stepChanged, .note, .storeInputEnd, .discardResult, .releaseChunk,
            .closeStep:
            break
        }
    }

    private mutating func begin(_ attempt: AttemptID, on worker: WorkerID, isSynthetic: Bool) {
        expect(seen.insert(attempt).inserted, "\(attempt) is leased twice")
        active.append(Active(attempt: attempt, worker: worker, isSynthetic: isSynthetic))
        guard !isSynthetic, let slots = fixture.scheduler.workers[worker]?.slots else { return }
        let held = active.count { $0.worker == worker && !$0.isSynthetic }
        expect(held <= slots + 1, "worker \(worker) of \(slots) slots holds \(held) chunks")
    }

    private mutating func forget(_ worker: WorkerID) {
        late += active.filter { $0.worker == worker }.map(\.attempt)
        active.removeAll { $0.worker == worker }
        silent.remove(worker)
    }

    mutating func expect(_ holds: Bool, _ complaint: String) {
        if !holds { complaints.append(complaint) }
    }
}
