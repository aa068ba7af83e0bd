import API
import Base
import Columns
import FoundationEssentials
import Jobs
import Scheduling
import Transport

/// What becomes known of jobs: their status, their record, and whoever watches them.
enum JobNews {
    /// Watchers are told at most this often.
    static let interval = Duration.milliseconds(200)
    /// Time until a job's end is recorded again that could not be: the disk was full, say.
    static let retryInterval = Duration.seconds(1)
}

extension CoordinatorShell {
    // MARK: From the scheduler

    func jobStarted(_ id: JobID, on pool: PoolID?) {
        guard let job = jobs[id] else { return }
        // A job that goes on after a restart keeps its start.
        job.record.started = job.record.started ?? EventLoop.wallTime().rfc3339
        job.write("started" + (pool.map { " on pool \($0)" } ?? ""))
        record(job)
    }

    func stepChanged(_ id: StepID) {
        guard let job = jobs[id.job], let context = context(id), let step = scheduler.step(id)
        else { return }
        job.hasNews = true
        if step.state != .waiting, context.started == nil {
            context.started = EventLoop.wallTime()
            job.log.write("step \(id.index) (\(context.name)) started")
        }
        guard step.state.isEnded, context.ended == nil else { return }
        context.ended = EventLoop.wallTime()
        let report = step.report
        job.log.write(
            "step \(id.index) (\(context.name)) ended \(step.state.word.rawValue): "
                + "\(report.rows) rows, \(report.rejected) rejected, \(step.tasks.count) chunks"
        )
        record(job)
    }

    func jobEnded(_ id: JobID, _ outcome: JobOutcome) {
        tally.noteEnd(ofJob: outcome.word)
        guard let job = jobs[id] else { return }
        job.record.ended = EventLoop.wallTime().rfc3339
        job.log.write("ended \(outcome.word.rawValue)" + (outcome.reason.map { ": \($0)" } ?? ""))
        recordEnd(of: job)
    }

    /// Forgets the job once its end is durable; until then it is known to have ended, here only.
    private func recordEnd(of job: JobContext) {
        // Before the record: a job that is known to have ended has all its attempts.
        saveAttempts()
        saveCourses(of: [job])
        record(job) { [unowned self] isDurable in
            guard isDurable else { return recordEndAgain(of: job) }
            job.retry = nil
            let status = self.status(of: job)
            for watcher in job.watchers.values {
                watcher.notify(status)
                watcher.end()
            }
            job.watchers = [:]
            removeResults(of: job)
            jobs[job.id] = nil
            scheduler.forget(job.id)
            for waiter in job.endWaiters { waiter() }
        }
    }

    /// Records the job's end when its results have gone: the disk may be full of them.
    ///
    /// A crash before the end is durable costs their work then, which is less than a job that never ends.
    private func recordEndAgain(of job: JobContext) {
        let delay = job.retry == nil ? Duration.zero : JobNews.retryInterval
        removeResults(of: job) { [unowned self] in
            job.retry = loop.schedule(after: delay) { [unowned self] in recordEnd(of: job) }
        }
    }

    /// Writes the job's record; then calls `completion` with whether it is durable.
    private func record(_ job: JobContext, _ completion: @escaping (Bool) -> Void = { _ in }) {
        let status = self.status(of: job)
        job.record.state = status.state.rawValue
        job.record.reason = status.reason
        job.record.pool = status.pool
        job.record.status = String(decoding: JSON.encode(status), as: UTF8.self)
        jobStore.update(job.record) { outcome in
            switch outcome {
            case .success: completion(true)
            case .failure(let error):
                CoordinatorLog.write("job \(job.id) could not be recorded: \(error)")
                completion(false)
            }
        }
    }

    // MARK: To watchers

    func tellWatchers() {
        for job in jobs.values where job.hasNews && !job.watchers.isEmpty {
            job.hasNews = false
            let status = self.status(of: job)
            for watcher in job.watchers.values { watcher.notify(status) }
        }
    }

    // MARK: Status

    func status(of job: JobContext) -> JobStatus {
        let state = scheduler.jobs[job.id]
        let (word, reason): (JobState, String?) =
            switch state?.state {
            case .running: (.running, scheduler.waitingReason(of: job.id))
            case .ended where scheduler.searched?.job == job.id:
                (.running, "ends as soon as its input was searched for damage: lines are wrong")
            case .ended where job.record.ended == nil:
                (.running, "ends as soon as the table that is being published is")
            case .ended(let outcome): (outcome.word, outcome.reason)
            case .pending, nil: (.pending, scheduler.waitingReason(of: job.id))
            }
        let order = state?.order ?? Array(job.steps.indices)
        return JobStatus(
            id: "\(job.id)",
            name: job.record.name,
            state: word,
            reason: reason,
            pool: state?.pool?.rawValue ?? job.record.pool,
            created: job.record.created,
            started: job.record.started,
            ended: job.record.ended,
            steps: order.map { status(of: job.steps[$0]) },
            attemptsDetail: job.history.detail
        )
    }

    private func status(of context: StepContext) -> StepStatus {
        if var restored = context.restored {
            restored.index = context.id.index
            restored.needs = context.declaration.rules.needs
            return restored
        }
        let step = scheduler.step(context.id)
        let report = step?.report ?? TaskReport()
        var failures: [String: Int64] = [:]
        for (column, count) in zip(
            context.table?.transform.columns ?? [],
            report.conversionFailures
        )
        where count > 0 {
            failures[column.name] = count
        }
        var status = StepStatus(
            index: context.id.index,
            needs: context.declaration.rules.needs,
            job: context.name,
            kind: context.kind,
            table: context.tableName,
            schema: context.table?.schema,
            state: step?.state.word ?? .pending,
            rows: report.rows,
            rejected: report.rejected,
            chunks: ChunkCounts(
                total: step?.tasks.count ?? 0,
                done: step?.doneTasks ?? 0,
                running: step?.runningTasks ?? 0
            ),
            attempts: step?.attempts ?? 0,
            bytesIn: step?.cutBytes ?? 0,
            bytesOut: report.sizeBytes,
            inputBytes: context.inputBytes,
            inputReadBytes: context.inputReadBytes,
            conversionFailures: failures,
            started: context.started?.rfc3339,
            ended: context.ended?.rfc3339
        )
        status.reason = step?.begunAnew.map { "begun anew: \($0)" }
        switch step?.state {
        case .done(let snapshot): status.snapshot = snapshot?.rawValue
        case .failed(let reason): status.reason = reason
        default: break
        }
        return status
    }

    /// What a table version keeps of the job that made it.
    func releaseInfo(of step: StepID) -> String {
        guard let job = jobs[step.job], let context = context(step) else { return "{}" }
        var status = self.status(of: context)
        status.state = .done
        status.ended = EventLoop.wallTime().rfc3339
        let info = ReleaseInfo(
            job: "\(job.id)",
            name: job.record.name,
            index: step.index,
            step: status,
            input: context.loadedInput
        )
        return String(decoding: JSON.encode(info), as: UTF8.self)
    }
}

/// The JSON in a snapshot's `commit_extra_info`.
struct ReleaseInfo: Codable {
    var job: String
    var name: String
    /// The step's place in the job.
    var index: Int?
    /// The step as it was published; a restarted coordinator takes its figures from here.
    var step: StepStatus
    /// Nil in what an older release published.
    var input: LoadedInput?
}

extension Step.State {
    var word: JobState {
        switch self {
        case .waiting: .pending
        case .opening, .reading, .read, .publishing, .performing: .running
        case .done: .done
        case .skipped: .skipped
        case .failed: .error
        case .cancelled: .cancelled
        }
    }
}

extension JobOutcome {
    var word: JobState {
        switch self {
        case .done: .done
        case .failed: .error
        case .cancelled: .cancelled
        }
    }

    var reason: String? {
        if case .failed(let reason) = self { reason } else { nil }
    }
}
