import Base

/// Steps that the coordinator carries out itself, and when steps of a workflow may begin.
///
/// An action has no tasks and needs no worker. One that fails is tried again as often as its rules
/// say; then its job fails.
extension Scheduler {
    /// Begins the actions that may, as many at a time as `SchedulingSettings.actions` allows.
    mutating func startActions() {
        var places = SchedulingSettings.actions - actionsUnderWay
        for id in runningJobs {
            for index in jobs[id]?.order ?? [] {
                guard let job = jobs[id], job.mayBegin(index), job.steps[index].source == .action
                else { continue }
                let step = job.steps[index]
                if step.rules.onlyIfChanged, !job.isChanged(before: index) {
                    finish(step.id, .skipped)
                } else if (step.retryAfter ?? now) <= now, space.reason(at: now) == nil, places > 0
                {
                    places -= 1
                    perform(step.id)
                }
            }
        }
    }

    private mutating func perform(_ id: StepID) {
        let now = now
        update(id) { step in
            step.state = .performing
            step.begun = now
            step.attempts += 1
        }
        commands.append(.perform(id, attempt: step(id)?.attempts ?? 1))
        commands.append(.stepChanged(id))
    }

    private var actionsUnderWay: Int {
        runningJobs.reduce(0) { sum, id in
            sum + (jobs[id]?.steps.count { $0.state == .performing } ?? 0)
        }
    }

    mutating func applyActionEvent(_ event: Event) {
        switch event {
        case .performed(let id, let attempt, let isChanged):
            guard isUnderWay(id, attempt) else { return }
            let isSkipped = !isChanged && hasNoReason(id)
            finish(id, isSkipped ? .skipped : .done(nil), isChanged: isChanged)
        case .performFailed(let id, let attempt, let reason):
            guard isUnderWay(id, attempt) else { return }
            failAction(id, reason: reason)
        case .inputSized(let id, let sizeBytes):
            guard let step = step(id), step.state == .waiting, step.source.isInput else { return }
            jobs[id.job]?.resize(id.index, sizeBytes)
            // Another step may be the first one now, and ready ones stand at other places.
            noteProgress(of: id.job)
            readySteps.removeAll { $0.step.job == id.job }
            for step in jobs[id.job]?.steps ?? [] { listReadyStep(step.id) }
        default:
            preconditionFailure("not an action's event: \(event)")
        }
    }

    /// Whether nothing has changed of what the action needs; one that needs nothing has its reason
    /// in itself.
    private func hasNoReason(_ id: StepID) -> Bool {
        guard let job = jobs[id.job], let step = step(id) else { return false }
        return !step.rules.needs.isEmpty && !job.isChanged(before: id.index)
    }

    /// Whether an answer is that of the try under way, and not of one that was abandoned.
    private func isUnderWay(_ id: StepID, _ attempt: Int) -> Bool {
        guard let step = step(id) else { return false }
        return step.state == .performing && step.attempts == attempt
    }

    private mutating func failAction(_ id: StepID, reason: String) {
        guard let step = step(id) else { return }
        // Not under way any more: the end of its job must not abandon it.
        update(id) { $0.state = .waiting }
        guard step.attempts <= step.rules.retries else {
            let tries = step.attempts > 1 ? " (\(step.attempts) tries)" : ""
            return end(id.job, .failed(reason: reason + tries), failing: id)
        }
        let delay = step.rules.delay(afterFailures: step.attempts)
        // Actions that failed together must not all come back together: up to a quarter more.
        let jitter = delay * ((id.index &* 37 &+ step.attempts &* 11) & 63) / 256
        let retryAfter = now + delay + jitter
        update(id) { $0.retryAfter = retryAfter }
        let text = "step \(id.index) is tried again in \((delay + jitter).seconds) s: \(reason)"
        commands.append(.note(id.job, text))
        commands.append(.stepChanged(id))
        changes.formUnion(.jobs)
    }

    /// Looks at the deadlines of steps, and at actions whose wait is over.
    mutating func checkSteps() {
        for id in runningJobs {
            for index in jobs[id]?.steps.indices ?? 0..<0 {
                // Looked at anew each time: a step that fails its job ends the others.
                guard let step = jobs[id]?.steps[index] else { continue }
                if let retryAfter = step.retryAfter, step.state == .waiting, retryAfter <= now {
                    changes.formUnion(.jobs)
                }
                guard let timeout = step.rules.timeout, let begun = step.begun,
                    !step.state.isEnded, step.state != .waiting, now - begun > timeout
                else { continue }
                let reason = "not done within \(timeout.seconds) s, its timeout"
                if step.state == .performing {
                    commands.append(.abandon(step.id))
                    failAction(step.id, reason: reason)
                } else {
                    end(id, .failed(reason: reason), failing: step.id)
                }
            }
        }
    }
}
