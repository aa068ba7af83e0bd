package import API
package import Base

/// Jobs: what becomes of them.
extension DataprocCore {
    /// Notes which job of ours does a job.
    package mutating func submitted(_ name: ResourceName, as link: JobID, at now: Moment) {
        guard var job = jobs[name] else { return commands.append(.cancel(link)) }
        job.link = link.rawValue
        if job.isCancelling {
            commands.append(.cancel(link))
        } else {
            job.enter("SETUP_DONE", at: now.wall)
        }
        put(job)
    }

    /// Ends a job that could not be submitted.
    package mutating func refused(_ name: ResourceName, _ reason: String, at now: Moment) {
        guard var job = jobs[name] else { return }
        job.enter(job.isCancelling ? "CANCELLED" : "ERROR", reason, at: now.wall)
        put(job)
    }

    /// What is known of a job of ours, or of queries.
    package struct Progress: Equatable, Sendable {
        package var state: JobState
        package var reason: String?
        package var stages: [JobResource.Stage]

        package init(state: JobState, reason: String? = nil, stages: [JobResource.Stage] = []) {
            self.state = state
            self.reason = reason
            self.stages = stages
        }
    }

    /// Notes how far a job is; only what matters after a restart is written.
    package mutating func observe(_ name: ResourceName, _ progress: Progress, at now: Moment) {
        guard var job = jobs[name], !job.isEnded else { return }
        let before = job.status
        job.stages = progress.stages
        switch progress.state {
        case .pending where job.isCancelling, .running where job.isCancelling:
            job.enter("CANCEL_STARTED", job.status.current.detail, at: now.wall)
        case .pending:
            job.enter(
                "SETUP_DONE",
                substate: progress.reason.map { _ in "QUEUED" },
                progress.reason,
                at: now.wall
            )
        case .running: job.enter("RUNNING", progress.reason, at: now.wall)
        case .done, .skipped: job.enter("DONE", at: now.wall)
        case .error where mayRetry(job, at: now):
            job.failures += 1
            job.enter("ATTEMPT_FAILURE", progress.reason, at: now.wall)
            if let link = job.link { commands.append(.retry(name, JobID(link))) }
        case .error: job.enter("ERROR", progress.reason, at: now.wall)
        case .cancelled:
            job.enter("CANCELLED", progress.reason ?? job.status.current.detail, at: now.wall)
        }
        if job.status == before { jobs[name] = job } else { put(job) }
    }

    /// Whether a job that failed is begun again: as often as its scheduling says.
    private func mayRetry(_ job: JobResource, at now: Moment) -> Bool {
        guard job.link != nil, !job.isCancelling,
            let perHour = job.body[path: ["scheduling", "maxFailuresPerHour"]]?.integer
        else { return false }
        let total = job.body[path: ["scheduling", "maxFailuresTotal"]]?.integer ?? 240
        let hour = (now.wall - .seconds(3600)).rfc3339
        let recent = job.status.history.count { $0.state == "ATTEMPT_FAILURE" && $0.start > hour }
        return recent < perHour && job.failures < total
    }
}
