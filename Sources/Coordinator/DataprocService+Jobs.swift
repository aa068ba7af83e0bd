import API
import Base
import Dataproc
import Scheduling

/// Jobs of the Dataproc API: jobs of ours, and questions to the table store.
extension DataprocService {
    func carryOut(_ command: DataprocCommand) {
        switch command {
        case .submit(let name, let request, let requestID): submit(name, request, requestID)
        case .query(let name, let statements): query(name, statements)
        case .cancel(let job): shell.handle(.cancelRequested(job))
        case .retry(let name, let job):
            shell.retry(job) { [unowned self] problem in
                guard let problem else { return }
                core.refused(name, problem.reason, at: Self.now())
                commit()
            }
        case .forgetAnswers(let uuid): queries.forget(uuid)
        case .evict(let pool): shell.handle(.leaversReleased(PoolID(pool)))
        }
    }

    private func submit(_ name: ResourceName, _ request: SubmitRequest, _ requestID: String) {
        var request = request
        request.requestID = "\(requestID) \(shell.jobStore.identity)"
        shell.submit(request) { [unowned self] outcome in
            switch outcome {
            case .success(let id): core.submitted(name, as: id, at: Self.now())
            case .failure(let error): core.refused(name, error.reason, at: Self.now())
            }
            commit()
        }
    }

    private func query(_ name: ResourceName, _ statements: [String]) {
        guard let job = core.jobs[name], !job.isEnded else { return }
        core.observe(name, .init(state: .running), at: Self.now())
        queries.run(statements, as: job.uuid) { [unowned self] problem in
            let isCancelled = core.jobs[name]?.isCancelling ?? false
            let state: JobState = isCancelled ? .cancelled : problem == nil ? .done : .error
            core.observe(name, .init(state: state, reason: problem), at: Self.now())
            commit()
        }
    }

    /// Tells the core how far its jobs are.
    func observeJobs() {
        for job in core.jobs.values where !job.isEnded {
            guard let link = job.link.map({ JobID($0) }) else { continue }
            if shell.scheduler.jobs[link]?.state == .pending {
                // There may be thousands of them, with nothing to tell but why they wait.
                let reason = shell.scheduler.waitingReason(of: link)
                core.observe(job.name, .init(state: .pending, reason: reason), at: Self.now())
            } else if let context = shell.jobs[link] {
                core.observe(job.name, .init(shell.status(of: context)), at: Self.now())
            } else if lookedUp.insert(job.name).inserted {
                lookUp(job.name, link)
            }
        }
    }

    /// A job that the scheduler has forgotten has ended, and the job store knows how.
    private func lookUp(_ name: ResourceName, _ link: JobID) {
        shell.jobStore.job(link) { [unowned self] outcome in
            lookedUp.remove(name)
            // It may be one that goes on meanwhile.
            guard shell.jobs[link] == nil else { return }
            switch outcome {
            case .success(let record?):
                let status = JobStatus(record)
                if status.state.isEnded { core.observe(name, .init(status), at: Self.now()) }
            case .success(nil):
                core.refused(name, "the job \(link) has been forgotten", at: Self.now())
            case .failure(let error):
                CoordinatorLog.write("job \(link) could not be looked up: \(error)")
            }
            commit()
        }
    }
}

extension DataprocCore.Progress {
    init(_ status: JobStatus) {
        self.init(
            state: status.state,
            reason: status.reason,
            stages: status.steps.map { step in
                JobResource.Stage(
                    name: step.table ?? step.job,
                    state: Self.word(of: step.state),
                    progress: Self.progress(of: step)
                )
            }
        )
    }

    private static func word(of state: JobState) -> String {
        switch state {
        case .pending: "ACCEPTED"
        case .running: "RUNNING"
        case .done, .skipped: "FINISHED"
        case .error: "FAILED"
        case .cancelled: "KILLED"
        }
    }

    /// By the bytes that were read, where there are any; by tasks elsewhere.
    private static func progress(of step: StepStatus) -> Double {
        guard !step.state.isEnded else { return 1 }
        let (done, total) =
            step.inputBytes > 0
            ? (Double(step.inputReadBytes), Double(step.inputBytes))
            : (Double(step.chunks.done), Double(step.chunks.total))
        return total > 0 ? min(1, max(0, done / total)) : 0
    }
}
