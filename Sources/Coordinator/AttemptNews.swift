import API
import Base
import Columns
import Database
import HTTP
import Jobs
import Scheduling
import Transport
import Wire

/// How attempts end, as it becomes known: in the job's log, its status, and the job store.
enum AttemptNews {
    /// Ended attempts are written to the job store this often, all of all jobs with one sync.
    static let interval = Duration.seconds(1)
    /// Courses of jobs are: each is up to some 100 KiB.
    static let courseInterval = Duration.seconds(10)
}

extension CoordinatorShell {
    func attemptEnded(_ record: AttemptRecord) {
        tally.noteEnd(ofAttempt: record.cause.outcome)
        guard let job = jobs[record.task.step.job] else { return }
        let hello = roster.hello(of: record.worker)
        let attempt = EndedAttempt(
            record: record,
            host: hello?.host ?? "",
            processID: hello?.processID ?? 0,
            ended: EventLoop.wallTime()
        )
        job.history.note(attempt)
        job.hasNews = true
        guard record.cause != .finished else {
            job.course.note(
                attempt,
                at: .init(pool: hello?.pool ?? "", slots: Int(hello?.slots ?? 1))
            )
            return countResult(of: record.task)
        }
        let time = (record.ended - record.started).seconds
        job.log.write(
            "attempt \(record.attempt) of \(scheduler.describe(record.task)) on worker "
                + "\(record.worker) (\(attempt.host), process \(attempt.processID)) "
                + "\(record.cause), after \(Int((time * 1000).rounded())) ms",
            task: record.task
        )
    }

    /// Counts a task whose result is durable, for monitoring and for the plot of the last hour.
    private func countResult(of id: TaskID) {
        guard let tasks = scheduler.step(id.step)?.tasks, tasks.indices.contains(id.index) else {
            return
        }
        let task = tasks[id.index]
        tally.noteResult(of: task)
        // What is merged was counted when it was sorted.
        let isMerge = task.chunk.isMerge
        throughput.note(
            tasks: 1,
            rows: isMerge ? 0 : task.report.rows,
            bytes: isMerge ? 0 : Int64(task.chunk.sizeBytes),
            at: EventLoop.now()
        )
    }

    /// Notes what a worker did for an attempt.
    func note(
        _ report: AttemptReport,
        _ result: TransformResult?,
        of attempt: AttemptID,
        at task: TaskID,
        by worker: WorkerID
    ) {
        roster.note(report, of: worker)
        guard let job = jobs[task.step.job] else { return }
        let columns = context(task.step)?.table?.transform.columns ?? []
        for example in report.examples where columns.indices.contains(example.column) {
            job.course.note(
                JobCourse.Unconverted(
                    step: task.step.index,
                    column: columns[example.column].name,
                    line: example.line,
                    text: LogText.quoted(example.text)
                )
            )
        }
        job.log.writeReport(task: task) {
            report.lines(result, columns: columns).map {
                "attempt \(attempt) on worker \(worker): \($0)"
            }
        }
    }

    /// Writes what ended since the last time; what cannot be written is kept for the next.
    func saveAttempts(_ completion: @escaping () -> Void = {}) {
        let unsaved = jobs.values.filter(\.history.hasUnsaved).sorted { $0.id < $1.id }
        guard !unsaved.isEmpty else { return completion() }
        let batches = unsaved.map { $0.history.takeUnsaved(of: $0.id) }
        jobStore.append(batches) { outcome in
            if case .failure(let error) = outcome {
                CoordinatorLog.write("ends of attempts could not be recorded: \(error)")
                for (job, batch) in zip(unsaved, batches) { job.history.putBack(batch) }
            }
            completion()
        }
    }

    /// Writes the courses that have changed, of all jobs or some.
    func saveCourses(of some: [JobContext]? = nil) {
        let unsaved = (some ?? Array(jobs.values)).filter(\.course.hasUnsaved)
        guard !unsaved.isEmpty else { return }
        for job in unsaved { job.course.hasUnsaved = false }
        jobStore.save(unsaved.map { ($0.id, $0.course.course) }) { outcome in
            guard case .failure(let error) = outcome else { return }
            CoordinatorLog.write("courses of jobs could not be recorded: \(error)")
            for job in unsaved { job.course.hasUnsaved = true }
        }
    }

    /// Gives a job that goes on what an earlier coordinator recorded of its attempts.
    func restoreAttempts(of id: JobID) {
        jobStore.course(of: id) { [unowned self] outcome in
            guard case .success(let stored) = outcome, let job = jobs[id] else { return }
            // No task has finished yet: workers have just begun to come back.
            let notes = job.course.course.notes
            job.course = CourseRecorder(stored)
            for note in notes { job.course.note(note.text, at: EventLoop.wallTime()) }
        }
        jobStore.attempts(of: id) { [unowned self] outcome in
            switch outcome {
            case .success(let stored):
                let troubles = stored.attempts.filter { $0.outcome != .finished }
                jobs[id]?.history.restore(stored.counts, troubles)
            case .failure(let error):
                CoordinatorLog.write("attempts of job \(id) could not be read: \(error)")
            }
        }
    }

    /// Answers with all attempts that are kept of a job.
    func listAttempts(of status: JobStatus, _ exchange: HTTPExchange) {
        guard let number = Int64(status.id) else { return }
        saveAttempts { [unowned self] in
            jobStore.attempts(of: JobID(number)) { outcome in
                switch outcome {
                case .success(let stored):
                    exchange.respond(json: AttemptList(attempts: stored.attempts))
                case .failure(let error):
                    exchange.respond(.error(503, "the job store cannot be read: \(error)"))
                }
            }
        }
    }
}
