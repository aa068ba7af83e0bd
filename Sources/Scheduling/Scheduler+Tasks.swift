package import Base

/// Tasks: how chunks become tasks, are leased, and end.
extension Scheduler {
    // MARK: Input

    mutating func openNextInput() {
        guard reading == nil else { return }
        for id in runningJobs {
            guard let index = jobs[id]?.nextWaitingStep else { continue }
            let step = StepID(job: id, index: index)
            if takeOver(step) { return openNextInput() }
            reading = step
            update(step) { $0.state = .opening }
            commands.append(.openInput(step))
            commands.append(.stepChanged(step))
            return
        }
    }

    /// Takes over a step all of whose tasks an earlier coordinator finished; false for another.
    private mutating func takeOver(_ id: StepID) -> Bool {
        guard let finished = step(id)?.finished, finished.isComplete else { return false }
        update(id) { step in
            for (_, result) in finished.results.sorted(by: { $0.key < $1.key }) {
                step.append(result)
            }
            step.finished = FinishedTasks()
            step.state = .read
        }
        commands.append(.stepChanged(id))
        return true
    }

    /// Keeps a few chunks ahead of the leases, and no more: this is what bounds memory.
    mutating func requestChunks() {
        guard let id = reading, let step = step(id), step.state == .reading,
            space.reason(at: now) == nil
        else { return }
        let ahead = step.ready.count + step.cutsUnderWay
        let missing = max(0, SchedulingSettings.chunksAhead - ahead)
        update(id) { $0.cutsUnderWay += missing }
        for _ in 0..<missing { commands.append(.cutChunk(id)) }
    }

    mutating func applyInputEvent(_ event: Event) {
        switch event {
        case .inputOpened(let id):
            guard reading == id else { return }
            update(id) { $0.state = .reading }
            commands.append(.stepChanged(id))
        case .chunkCut(let id, let chunk):
            guard reading == id else { return }
            takeChunk(chunk, of: id)
        case .inputEnded(let id):
            guard reading == id, let step = step(id) else { return }
            guard step.finished.results.isEmpty else { return endForChangedInput(id) }
            reading = nil
            update(id) { $0.state = .read }
            commands.append(.storeInputEnd(id, chunks: step.tasks.count))
            commands.append(.stepChanged(id))
        case .inputFailed(let id, let reason):
            guard reading == id else { return }
            end(id.job, .failed(reason: reason), failing: id)
        default:
            preconditionFailure("not an input event: \(event)")
        }
    }

    /// Makes a task of a chunk, unless an earlier coordinator has its result.
    private mutating func takeChunk(_ chunk: ChunkSummary, of id: StepID) {
        let (index, finished) = update(id) { step -> (Int, FinishedTasks.Result?) in
            let index = step.tasks.count
            step.cutsUnderWay -= 1
            if let finished = step.finished.results.removeValue(forKey: index) {
                guard finished.chunk == chunk else { return (index, finished) }
                step.append(finished)
                return (index, finished)
            }
            step.ready.append(index)
            step.tasks.append(Task(chunk: chunk))
            step.cutBytes += Int64(chunk.sizeBytes)
            return (index, nil)
        }
        guard let finished else { return }
        commands.append(.releaseChunk(TaskID(step: id, index: index)))
        if finished.chunk != chunk { endForChangedInput(id) }
    }

    private mutating func endForChangedInput(_ id: StepID) {
        let reason =
            "the input changed between two coordinators: it is not cut as it was before the "
            + "restart; submit the job again"
        end(id.job, .failed(reason: reason), failing: id)
    }

    // MARK: Leases

    /// Leases ready tasks, the oldest job's first, to the least loaded workers of its pool.
    mutating func leaseTasks() {
        guard space.reason(at: now) == nil else { return }
        for id in runningJobs {
            guard let pool = jobs[id]?.pool, let order = jobs[id]?.order else { continue }
            for index in order {
                // No copy of the step may be held while its tasks change: it would copy them all.
                let step = StepID(job: id, index: index)
                guard let (source, isIdle) = self.step(step).map({ ($0.source, $0.ready.isEmpty) }),
                    !isIdle
                else { continue }
                if case .synthetic = source {
                    leaseSyntheticTasks(of: step, in: pool)
                } else {
                    leaseChunks(of: step, in: pool)
                }
            }
        }
    }

    private mutating func leaseChunks(of step: StepID, in pool: PoolID) {
        guard unstoredResults < unstoredResultsLimit(of: pool) else { return }
        while let worker = leastLoadedWorker(in: pool, limit: \.leaseLimit),
            let index = update(step, { $0.ready.popFirst() })
        {
            let task = TaskID(step: step, index: index)
            commands.append(.lease(begin(task, on: worker), task, worker))
        }
    }

    /// Results that have arrived and are not durable yet.
    private var unstoredResults: Int {
        attempts.count - workers.values.reduce(0) { $0 + $1.running.count }
    }

    private func unstoredResultsLimit(of pool: PoolID) -> Int {
        let slots = self.pool(pool)?.workers.reduce(0) { $0 + (workers[$1]?.slots ?? 0) } ?? 0
        return slots * SchedulingSettings.unstoredResultsPerSlot
    }

    private mutating func leaseSyntheticTasks(
        of step: StepID,
        in pool: PoolID
    ) {
        let healthy = self.healthyWorkers(in: pool)
        while let ready = self.step(step)?.ready.count, ready > 0,
            let worker = leastLoadedWorker(in: pool, limit: { _ in syntheticLeaseLimit }),
            let state = workers[worker]
        {
            // A fair share each, so that tasks that take long do not pile up on one worker.
            let share = max(state.leaseLimit, (ready + healthy - 1) / healthy)
            let room = min(share, syntheticLeaseLimit) - state.running.count
            guard room > 0 else { return }
            var batch: [SyntheticAttempt] = []
            while batch.count < room, let index = update(step, { $0.ready.popFirst() }) {
                let task = TaskID(step: step, index: index)
                batch.append(
                    SyntheticAttempt(attempt: begin(task, on: worker), task: task)
                )
            }
            commands.append(.leaseSynthetic(batch, worker))
        }
    }

    private func leastLoadedWorker(in pool: PoolID, limit: (Worker) -> Int) -> WorkerID? {
        guard let members = self.pool(pool)?.workers else { return nil }
        var best: Worker?
        for id in members {
            guard let worker = workers[id], worker.isHealthy, worker.running.count < limit(worker)
            else { continue }
            if let found = best, (found.running.count, found.id) < (worker.running.count, worker.id)
            {
                continue
            }
            best = worker
        }
        return best?.id
    }

    private mutating func begin(
        _ task: TaskID,
        on worker: WorkerID
    ) -> AttemptID {
        let attempt = nextAttempt()
        attempts[attempt] = Attempt(task: task, worker: worker, leased: now)
        workers[worker]?.running.append(attempt)
        update(task.step) { step in
            step.tasks[task.index].state = .leased(attempt)
            step.attempts += 1
        }
        return attempt
    }

    // MARK: Ends of attempts

    /// Forgets an attempt and tells of its cause; the only way in which one ends.
    ///
    /// Returns its task, whose state the caller changes; nil when the attempt does not count.
    @discardableResult
    mutating func endAttempt(_ id: AttemptID, _ cause: AttemptCause) -> TaskID? {
        guard let attempt = attempts.removeValue(forKey: id) else { return nil }
        workers[attempt.worker]?.running.removeAll { $0 == id }
        let record = AttemptRecord(
            attempt: id,
            task: attempt.task,
            worker: attempt.worker,
            started: attempt.leased,
            ended: now,
            cause: cause
        )
        commands.append(.attemptEnded(record))
        return attempt.task
    }

    /// Calls a running attempt off.
    mutating func revoke(_ id: AttemptID, _ revocation: AttemptCause.Revocation) {
        if let worker = attempts[id]?.worker, workers[worker] != nil {
            commands.append(.revoke(id, worker))
        }
        endAttempt(id, .revoked(revocation))
    }

    mutating func applyAttemptEvent(_ event: Event) {
        switch event {
        case .resultArrived(let attempt, let report): takeResult(attempt, report)
        case .resultStored(let attempt): finishTask(of: attempt)
        case .finishedStored(let attempts): finishSyntheticTasks(of: attempts)
        case .storeFailed(let attempt, let reason, isDiskFull: true):
            tryAgain(attempt, reason: reason)
        case .storeFailed(let attempt, let reason, isDiskFull: false):
            failAttempt(attempt, .transient, .notStored(reason: reason), reason: reason)
        case .syntheticFinished(let finished):
            takeSyntheticResults(finished)
        case .attemptFailed(let attempt, let failure, let reason):
            failAttempt(attempt, failure, .failed(failure, reason: reason), reason: reason)
        default:
            preconditionFailure("not an attempt event: \(event)")
        }
    }

    private mutating func takeResult(_ id: AttemptID, _ report: TaskReport) {
        // One that has returned already counts no second time.
        guard let attempt = attempts[id], isLeased(attempt.task, under: id) else {
            lateReports += 1
            commands.append(.discardResult(id))
            return
        }
        let task = attempt.task
        workers[attempt.worker]?.running.removeAll { $0 == id }
        workers[attempt.worker]?.finishedAttempts += 1
        let (durable, limit) = update(task.step) { step -> (Int64, Int64) in
            step.tasks[task.index].state = .returned(id)
            step.tasks[task.index].report = report
            return (step.report.rejected, step.rejectLimits.maxRows)
        }
        guard durable + report.rejected <= limit else {
            commands.append(.discardResult(id))
            let reason = rejectReason(durable + report.rejected, limit)
            endAttempt(id, .failed(.badInput, reason: reason))
            return end(task.step.job, .failed(reason: reason), failing: task.step)
        }
        commands.append(.storeResult(id, task))
    }

    func rejectReason(_ rejected: Int64, _ limit: Int64) -> String {
        "\(rejected) rows were rejected, more than the \(limit) that rejects.max_rows allows"
    }

    private mutating func finishTask(of id: AttemptID) {
        guard let task = endAttempt(id, .finished) else { return }
        space.noteStored()
        let (rejected, limit) = update(task.step) { step -> (Int64, Int64) in
            step.report.add(step.tasks[task.index].report)
            step.tasks[task.index].state = .done
            step.doneTasks += 1
            return (step.report.rejected, step.rejectLimits.maxRows)
        }
        commands.append(.releaseChunk(task))
        commands.append(.stepChanged(task.step))
        // Results that were stored together may be over the limit although none was on its arrival.
        guard rejected > limit else { return }
        let reason = rejectReason(rejected, limit)
        end(task.step.job, .failed(reason: reason), failing: task.step)
    }

    private mutating func takeSyntheticResults(_ finished: [AttemptID]) {
        var byWorker: [WorkerID: Set<AttemptID>] = [:]
        var byStep: [StepID: [SyntheticAttempt]] = [:]
        for id in finished {
            guard let attempt = attempts[id], isLeased(attempt.task, under: id) else {
                lateReports += 1
                continue
            }
            update(attempt.task.step) { $0.tasks[attempt.task.index].state = .returned(id) }
            workers[attempt.worker]?.finishedAttempts += 1
            byWorker[attempt.worker, default: []].insert(id)
            byStep[attempt.task.step, default: []]
                .append(SyntheticAttempt(attempt: id, task: attempt.task))
        }
        for (worker, returned) in byWorker {
            workers[worker]?.running.removeAll(where: returned.contains)
        }
        for (step, batch) in byStep.sorted(by: { $0.key < $1.key }) {
            commands.append(.storeFinished(step, batch))
        }
    }

    private mutating func finishSyntheticTasks(of finished: [AttemptID]) {
        var steps: Set<StepID> = []
        space.noteStored()
        for id in finished {
            guard let task = endAttempt(id, .finished) else { continue }
            update(task.step) { step in
                step.tasks[task.index].state = .done
                step.doneTasks += 1
            }
            steps.insert(task.step)
        }
        for step in steps.sorted() { commands.append(.stepChanged(step)) }
    }

    private func isLeased(_ task: TaskID, under attempt: AttemptID) -> Bool {
        step(task.step)?.tasks[task.index].state == .leased(attempt)
    }

    /// What follows a failure is decided by its class alone.
    private mutating func failAttempt(
        _ id: AttemptID,
        _ failure: FailureClass,
        _ cause: AttemptCause,
        reason: String
    ) {
        guard let task = endAttempt(id, cause) else {
            lateReports += 1
            return
        }
        let place = describe(task)
        switch failure {
        case .badInput:
            end(task.step.job, .failed(reason: reason), failing: task.step)
        case .defect:
            let text = "\(place): \(reason)"
            end(task.step.job, .failed(reason: text), failing: task.step)
        case .transient:
            let failures = update(task.step) { step -> Int in
                step.tasks[task.index].failures += 1
                return step.tasks[task.index].failures
            }
            guard failures < settings.maxAttempts else {
                let text = "\(place) failed \(failures) times, the last time: \(reason)"
                return end(task.step.job, .failed(reason: text), failing: task.step)
            }
            putBack(task)
        }
    }

    /// Makes a task ready again whose attempt is gone.
    mutating func putBack(_ task: TaskID) {
        update(task.step) { step in
            step.tasks[task.index].state = .ready
            step.ready.putBack(task.index)
        }
    }

    /// A task for people: its chunk and, where it has any, the file and the lines of it.
    package func describe(_ task: TaskID) -> String {
        let name = "step \(task.step.index), chunk \(task.index)"
        guard let chunk = step(task.step)?.tasks[task.index].chunk, !chunk.source.isEmpty else {
            return name
        }
        let lastLine = chunk.firstLine + max(0, chunk.lines - 1)
        return "\(name) (\(chunk.source), lines \(chunk.firstLine) to \(lastLine))"
    }
}
