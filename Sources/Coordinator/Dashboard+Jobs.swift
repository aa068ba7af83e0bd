import API
import Base
import Dashboard
import HTTP
import Transport

/// The pages of one job, of its tasks and its log: the same while it runs, after it and after a
/// restart, as all of it comes from what is kept.
extension CoordinatorShell {
    func addJobPages(to router: inout Router) {
        router.add(.get, Links.job("{id}")) { [unowned self] request, parameters, exchange in
            withJob(parameters["id"], request, exchange) { [unowned self] status in
                showJob(status, request, exchange)
            }
        }
        router.add(.get, Links.jobLog("{id}")) { [unowned self] request, parameters, exchange in
            withJob(parameters["id"], request, exchange) { [unowned self] status in
                withLog(of: status, .course, request, exchange) { [unowned self] log in
                    show(LogPage(job: status, log: log).page, request, exchange)
                }
            }
        }
        router.add(.get, Links.task("{id}", "{step}", "{chunk}")) {
            [unowned self] request, parameters, exchange in
            withJob(parameters["id"], request, exchange) { [unowned self] status in
                guard let step = parameters["step"].flatMap({ Int($0) }),
                    let chunk = parameters["chunk"].flatMap({ Int($0) })
                else {
                    return showProblem("There is no such task.", status: 404, request, exchange)
                }
                showTask(step, chunk, of: status, request, exchange)
            }
        }
    }

    private func withJob(
        _ text: String?,
        _ request: HTTPRequest,
        _ exchange: HTTPExchange,
        _ body: @escaping (JobStatus) -> Void
    ) {
        guard let number = text.flatMap({ Int64($0) }) else {
            return showProblem("There is no such job.", status: 404, request, exchange)
        }
        if let job = jobs[JobID(number)] { return body(status(of: job)) }
        jobStore.job(JobID(number)) { [unowned self] outcome in
            guard let record = value(outcome, request, exchange) else { return }
            guard let record else {
                return showProblem("There is no job \(number).", status: 404, request, exchange)
            }
            body(JobStatus(record))
        }
    }

    private func showJob(_ status: JobStatus, _ request: HTTPRequest, _ exchange: HTTPExchange) {
        withCourse(of: status, request, exchange) { [unowned self] course, stored in
            let page = JobPage(
                status: status,
                course: course,
                counts: stored.counts,
                troubles: stored.attempts.filter { $0.outcome != .finished },
                attemptsPage: request.pageNumber
            )
            show(page.page, request, exchange)
        }
    }

    private func showTask(
        _ step: Int,
        _ chunk: Int,
        of status: JobStatus,
        _ request: HTTPRequest,
        _ exchange: HTTPExchange
    ) {
        withCourse(of: status, request, exchange) { [unowned self] course, stored in
            let isOurs = { (attempt: AttemptSummary) in
                (attempt.step, attempt.chunk) == (step, chunk)
            }
            let attempts = stored.attempts.filter(isOurs)
            let slowest = course.slowest.filter { slow in
                isOurs(slow) && !attempts.contains { $0.attempt == slow.attempt }
            }
            withLog(of: status, .task("\(step)/\(chunk)"), request, exchange) {
                [unowned self] log in
                let page = TaskPage(
                    job: status,
                    step: step,
                    chunk: chunk,
                    attempts: (attempts + slowest).sorted { $0.ended < $1.ended },
                    log: log
                )
                show(page.page, request, exchange)
            }
        }
    }

    /// Of a job that runs course and counts are the present ones; attempts are up to a second old.
    private func withCourse(
        of status: JobStatus,
        _ request: HTTPRequest,
        _ exchange: HTTPExchange,
        _ body: @escaping (JobCourse, JobStore.StoredAttempts) -> Void
    ) {
        let id = JobID(Int64(status.id) ?? 0)
        jobStore.attempts(of: id) { [unowned self] outcome in
            guard let stored = value(outcome, request, exchange) else { return }
            if let job = jobs[id] {
                var stored = stored
                stored.counts = job.history.counts
                return body(job.course.course, stored)
            }
            jobStore.course(of: id) { [unowned self] outcome in
                guard let course = value(outcome, request, exchange) else { return }
                body(course, stored)
            }
        }
    }

    private func withLog(
        of status: JobStatus,
        _ subject: LogSelection.Subject,
        _ request: HTTPRequest,
        _ exchange: HTTPExchange,
        _ body: @escaping (LogPart) -> Void
    ) {
        guard logReads < Self.logReadsLimit else {
            let text = "Too many logs are being read; try again in a moment."
            return showProblem(text, status: 503, request, exchange)
        }
        logReads += 1
        let answer = LoopBound((shell: self, body: body), loop: loop)
        JobLog.read(logPath(JobID(Int64(status.id) ?? 0)), subject) { [loop] bytes in
            let log = LogPart(String(decoding: bytes, as: UTF8.self))
            loop.execute {
                answer.value.shell.logReads -= 1
                answer.value.body(log)
            }
        }
    }
}
