import Base
import Scheduling

/// Watches a run from outside, and knows what must hold: failure-model.md, section 2.
///
/// Keeps books of its own, over all coordinators of the run, and believes nobody.
final class Oracle {
    private let scenario: Scenario
    /// The first thing that was wrong.
    private(set) var violation: String?

    private var lastAttempt = AttemptID(0)
    /// The newest attempt of every task; slow tasks may have an older one beside it.
    private var newest: [TaskID: AttemptID] = [:]
    private var taskOf: [AttemptID: TaskID] = [:]
    private var workerOf: [AttemptID: WorkerID] = [:]
    /// Attempts of the present coordinator that have not ended.
    private var openAttempts: Set<AttemptID> = []
    private var durable: Set<TaskID> = []
    /// Results that a restart found, be they synced or not.
    private var found: Set<TaskID> = []
    /// Chunks that the most workers at a time may have had.
    private var mostChunks: Int
    private var unsettled: Set<StepID> = []
    /// Steps whose results a restart went on with that no sync has reached, and none will.
    private var undermined: Set<StepID> = []
    private var inputsRead: Set<StepID> = []
    private var versions: [StepID: TableVersion] = [:]
    private var accepted: [JobID: Int] = [:]
    private var cancelled: Set<JobID> = []
    private(set) var jobOf: [JobID: Int] = [:]

    init(_ scenario: Scenario) {
        self.scenario = scenario
        mostChunks = scenario.pools.reduce(0) {
            $0 + $1.maxWorkers * (4 * (scenario.slots[$1.id] ?? 0) + 2)
        }
    }

    func expect(_ holds: Bool, _ text: @autoclosure () -> String) {
        if !holds, violation == nil { violation = text() }
    }

    func input(of step: StepID) -> TableInput? {
        guard let job = jobOf[step.job], scenario.jobs[job].steps.indices.contains(step.index)
        else { return nil }
        return scenario.jobs[job].steps[step.index].table
    }

    // MARK: Jobs

    func recorded(_ id: JobID, as job: Int) { jobOf[id] = job }

    /// The client was told the job's id.
    func answered(_ id: JobID, job: Int) {
        expect(accepted[id] ?? job == job, "job \(id) is the answer to two submits")
        accepted[id] = job
    }

    func recordedEnd(_ id: JobID, _ state: SimulatedJobStore.State) {
        if state == .cancelled { cancelled.insert(id) }
    }

    /// A job begins to run while others wait.
    func started(_ id: JobID, among jobs: [JobID: Job]) {
        guard let job = jobs[id], job.requestedPool == nil else { return }
        for other in jobs.values where other.state == .pending && other.requestedPool == nil {
            expect(
                size(other) >= size(job) || other.id > id,
                "job \(id) starts before job \(other.id), which is smaller and no younger"
            )
        }
    }

    /// The true size of what is left to load of a job.
    private func size(_ job: Job) -> Int64 {
        job.steps.reduce(0) { sum, step in
            if case .published = step.source { return sum }
            return sum + (input(of: step.id)?.sizeBytes ?? 0)
        }
    }

    func opened(_ id: StepID, of job: Job?) {
        guard let job, let size = input(of: id)?.sizeBytes else { return }
        for step in job.steps where step.state == .waiting {
            guard let other = input(of: step.id)?.sizeBytes else { continue }
            expect(other >= size, "step \(id) is opened before the smaller step \(step.id)")
        }
    }

    // MARK: Attempts

    func leased(_ attempt: AttemptID, _ task: TaskID, to worker: Worker?, isChunk: Bool) {
        expect(attempt > lastAttempt, "attempt \(attempt) comes after \(lastAttempt)")
        lastAttempt = max(lastAttempt, attempt)
        expect(!durable.contains(task), "task \(task) is durable and leased again")
        openAttempts.insert(attempt)
        guard let worker else { return expect(false, "\(attempt) is leased to nobody") }
        newest[task] = attempt
        workerOf[attempt] = worker.id
        taskOf[attempt] = task
        if isChunk {
            let chunks = worker.running.count {
                taskOf[$0].map { input(of: $0.step) != nil } ?? false
            }
            expect(chunks <= slots(of: worker) + 1, "worker \(worker.id) holds \(chunks) chunks")
        }
    }

    func task(of attempt: AttemptID) -> TaskID? { taskOf[attempt] }

    func newestAttempt(of task: TaskID) -> AttemptID? { newest[task] }

    private func slots(of worker: Worker) -> Int { scenario.slots[worker.pool] ?? 0 }

    func ended(_ record: AttemptRecord) {
        expect(
            openAttempts.remove(record.attempt) != nil,
            "attempt \(record.attempt) ends twice, or never began"
        )
    }

    /// A report is believed: it came from this worker, and is counted under this attempt.
    func counts(_ report: AttemptID, from worker: WorkerID, as attempt: AttemptID, _ task: TaskID) {
        expect(
            report == attempt && taskOf[attempt] == task && openAttempts.contains(attempt)
                && workerOf[attempt] == worker && !durable.contains(task),
            "the report of attempt \(report) by worker \(worker) counts for task \(task)"
        )
    }

    /// The scheduler is told that the task's result is durable.
    func stored(_ task: TaskID) {
        if undermined.contains(task.step) { found.insert(task) } else { durable.insert(task) }
    }

    /// A sync of the step's results failed, or one after it did not.
    func isSettled(_ step: StepID, _ isSettled: Bool) {
        if isSettled { unsettled.remove(step) } else { unsettled.insert(step) }
    }

    /// A restart reads the results of a step.
    ///
    /// What a failed sync has left in memory looks as if it were on the disk, and no later sync tells:
    /// a crash before it is written once more, and a loss of power after that, may cost results.
    func goesOn(with step: StepID) {
        guard unsettled.contains(step) else { return }
        undermined.insert(step)
        gaveUp(step)
    }

    /// The disk failed while results were looked for: they may be made again.
    func gaveUp(_ step: StepID) { durable = durable.filter { $0.step != step } }

    /// What there was of the step is gone for good: all of it is to be made again.
    func beginsAnew(_ step: StepID) {
        gaveUp(step)
        found = found.filter { $0.step != step }
        unsettled.remove(step)
        undermined.remove(step)
        inputsRead.remove(step)
    }

    /// An earlier coordinator's result was found.
    func recovered(_ task: TaskID) { found.insert(task) }

    func released(_ task: TaskID, isStepOpen: Bool) {
        expect(
            !isStepOpen || durable.contains(task) || found.contains(task),
            "the text of task \(task) is let go of, its result is not durable"
        )
    }

    func leasedWithoutText(_ task: TaskID) {
        expect(false, "task \(task) is leased and its text is gone")
    }

    /// So many chunks' texts are kept, with these workers.
    ///
    /// Leases and results that wait for the disk are bounded by slots, and so is what of them was put
    /// back. Besides, a few chunks are cut ahead.
    func holds(_ texts: Int, for workers: some Sequence<Worker>) {
        mostChunks = max(mostChunks, workers.reduce(0) { $0 + 4 * slots(of: $1) + 2 })
        expect(texts <= 2 * mostChunks + 3, "\(texts) chunks are kept")
    }

    func readInput(_ step: StepID) { inputsRead.insert(step) }

    /// The coordinator is gone, and with it all that it had not made durable.
    func coordinatorEnded() { openAttempts = [] }

    // MARK: Versions

    func committed(_ version: TableVersion, on disk: SimulatedDisk) {
        let step = version.step
        expect(versions[step] == nil, "step \(step) has two versions")
        versions[step] = version
        expect(!cancelled.contains(step.job), "step \(step) of a cancelled job is published")
        guard let input = input(of: step) else {
            return expect(false, "step \(step) has no table")
        }
        expect(!input.isDamaged, "step \(step) is published, its input is damaged")
        expect(inputsRead.contains(step), "step \(step) is published before its input was read")
        for (isRejects, numbers) in [(false, input.rows), (true, input.rejects)] {
            let files = version.files.filter { $0.isRejects == isRejects }
            expect(
                files.flatMap(\.content) == numbers.flatMap(\.bytes),
                "step \(step) has other \(isRejects ? "rejected lines" : "rows") than its input"
            )
        }
        checkFiles(of: version, on: disk)
    }

    /// Every file that a version names is there, whole.
    func checkFiles(on disk: SimulatedDisk) {
        for step in versions.keys.sorted() {
            if let version = versions[step] { checkFiles(of: version, on: disk) }
        }
    }

    private func checkFiles(of version: TableVersion, on disk: SimulatedDisk) {
        for file in version.files {
            expect(
                disk.content(of: file.name) == file.content,
                "the segment \(file.name) of step \(version.step) is not what was published"
            )
        }
    }

    // MARK: The end

    /// Faults have stopped long ago: everything must have ended, and be told truly.
    func checkEnd(_ store: SimulatedJobStore, isCalm: Bool) {
        expect(openAttempts.isEmpty, "attempts never ended: \(openAttempts.sorted())")
        for (id, job) in accepted.sorted(by: { $0.key < $1.key }) {
            guard let record = store.records[id], record.job == job else {
                expect(false, "job \(id) was accepted and is lost")
                continue
            }
            check(record, isCalm: isCalm)
        }
    }

    private func check(_ record: SimulatedJobStore.Record, isCalm: Bool) {
        let (id, job) = (record.id, scenario.jobs[record.job])
        let isProbe = record.job == scenario.jobs.count - 1
        switch record.state {
        case .open:
            expect(false, "job \(id) never ends")
        case .done:
            expect(
                job.steps.indices.allSatisfy { index in
                    let step = StepID(job: id, index: index)
                    return input(of: step) == nil || versions[step] != nil
                },
                "job \(id) is done, and a table of it was not published"
            )
        case .failed:
            expect(!record.reason.isEmpty, "job \(id) failed without a reason")
            let mayFail = !job.isSound || !(isCalm || isProbe) || scenario.hasPoison
            expect(mayFail, "job \(id) failed, and nothing is wrong with it: \(record.reason)")
        case .cancelled:
            expect(job.cancelAfter != nil, "job \(id) was cancelled by nobody")
        }
    }
}

extension Int64 {
    /// As a simulated row group holds it.
    var bytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
