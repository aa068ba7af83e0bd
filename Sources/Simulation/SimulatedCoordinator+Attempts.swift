import Base
import Scheduling
import Wire

/// Leases and results.
extension SimulatedCoordinator {
    func lease(_ attempt: AttemptID, _ task: TaskID, to worker: WorkerID) {
        world.oracle.leased(attempt, task, to: scheduler.workers[worker], isChunk: true)
        guard let text = texts[task] else { return world.oracle.leasedWithoutText(task) }
        links[worker]?.lease(text, attempt: attempt, step: task.step)
    }

    func leaseSynthetic(_ batch: [SyntheticAttempt], to worker: WorkerID) {
        var leases: [SyntheticLease] = []
        for item in batch {
            world.oracle.leased(
                item.attempt,
                item.task,
                to: scheduler.workers[worker],
                isChunk: false
            )
            guard case .synthetic(let work) = scenarioStep(item.task.step)?.work else { continue }
            let isFailing = work.failAt == item.task.index
            leases.append(
                SyntheticLease(
                    attempt: item.attempt,
                    sleepMicroseconds: UInt64(work.sleep.nanoseconds / 1000),
                    outcome: work.crashAt == item.task.index
                        ? .crash : isFailing ? .fail : .succeed
                )
            )
        }
        links[worker]?.send(.leaseSynthetic(leases))
    }

    func release(_ task: TaskID) {
        // Of a step that begins anew, texts go with their tasks.
        let isOpen =
            scheduler.step(task.step).map { step in
                !step.state.isEnded && step.tasks.indices.contains(task.index)
            } ?? false
        world.oracle.released(task, isStepOpen: isOpen)
        texts[task] = nil
    }

    // MARK: Reports

    func received(
        _ result: TransformResult,
        _ payload: [UInt8],
        of report: AttemptID,
        from link: SimulatedLink
    ) {
        guard let worker = link.id else { return }
        let attempt = fenced(report)
        guard let running = scheduler.attempt(attempt) else {
            link.send(.credit(bytes: Int64(payload.count)))
            return handle(.resultArrived(attempt, TaskReport()))
        }
        guard running.worker == worker || isFencingOff, scenarioStep(running.task.step) != nil
        else { return link.close("a result of attempt \(attempt), which is not its to report") }
        guard let chunk = scheduler.step(running.task.step)?.tasks[running.task.index].chunk,
            result.lines == chunk.lines
        else {
            link.send(.credit(bytes: Int64(payload.count)))
            let reason = "the worker reports \(result.lines) lines"
            return handle(.attemptFailed(attempt, .defect, reason: reason))
        }
        arrived[attempt] = Arrived(
            report: report,
            task: running.task,
            chunk: chunk,
            worker: worker,
            result: result,
            payload: payload
        )
        if world.bug == .releasesChunkEarly { texts[running.task] = nil }
        handle(.resultArrived(attempt, TaskReport(result)))
    }

    private var isFencingOff: Bool {
        world.bug == .noFencing || world.bug == .foreignReportsCount
    }

    /// The attempt that a report is taken for: its own, unless a bug takes it for its task's newest.
    private func fenced(_ report: AttemptID) -> AttemptID {
        guard world.bug == .noFencing, scheduler.attempt(report) == nil,
            let task = world.oracle.task(of: report)
        else { return report }
        return world.oracle.newestAttempt(of: task) ?? report
    }

    func finished(_ attempts: [AttemptID], from link: SimulatedLink) {
        let foreign = attempts.first { attempt in
            guard let running = scheduler.attempt(attempt) else { return false }
            return running.worker != link.id || scenarioStep(running.task.step)?.table != nil
        }
        if let foreign, !isFencingOff {
            return link.close("the end of attempt \(foreign), which is not its to report")
        }
        for attempt in attempts {
            guard let running = scheduler.attempt(attempt), let worker = link.id else { continue }
            world.oracle.counts(attempt, from: worker, as: attempt, running.task)
        }
        handle(.syntheticFinished(attempts))
    }

    func failed(
        _ attempt: AttemptID,
        _ failure: FailureClass,
        message: String,
        from link: SimulatedLink
    ) {
        guard scheduler.attempt(attempt)?.worker == link.id else { return }
        handle(.attemptFailed(attempt, failure, reason: message))
    }

    // MARK: Storing

    func store(_ attempt: AttemptID, _ task: TaskID) {
        guard let result = arrived[attempt] else { return }
        world.oracle.counts(result.report, from: result.worker, as: attempt, task)
        spool.store(.result(attempt, result))
    }

    /// The spool's answer.
    func stored(_ attempt: AttemptID, _ outcome: Result<SimulatedSpool.Stored, DiskError>) {
        giveCredit(for: attempt)
        switch outcome {
        case .success(let result):
            if let task = scheduler.attempt(attempt)?.task {
                results[task.step, default: [:]][task.index] = result
                world.oracle.stored(task)
            }
            handle(.resultStored(attempt))
        case .failure(let error):
            handle(.storeFailed(attempt, reason: "\(error)", isDiskFull: error.isDiskFull))
        }
    }

    /// The spool's answer for tasks without data.
    func stored(_ batch: [SyntheticAttempt], _ outcome: Result<Void, DiskError>) {
        switch outcome {
        case .success:
            for item in batch where scheduler.attempt(item.attempt) != nil {
                world.oracle.stored(item.task)
            }
            handle(.finishedStored(batch.map(\.attempt)))
        case .failure(let error):
            for item in batch {
                handle(
                    .storeFailed(item.attempt, reason: "\(error)", isDiskFull: error.isDiskFull)
                )
            }
        }
    }

    /// Forgets an arrived result and lets its worker send as much again.
    func giveCredit(for attempt: AttemptID) {
        guard let result = arrived.removeValue(forKey: attempt) else { return }
        guard world.bug != .creditNeverReturned else { return }
        links[result.worker]?.send(.credit(bytes: Int64(result.payload.count)))
    }
}
