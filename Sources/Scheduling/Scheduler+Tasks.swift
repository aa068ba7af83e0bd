package import Base

/// Tasks: how chunks become tasks, are leased, and end.
extension Scheduler {
    // MARK: Input

    mutating func openNextInput() {
        guard reading == nil, searched == nil else { return }
        for id in runningJobs {
            guard let index = jobs[id]?.nextWaitingStep else { continue }
            let step = StepID(job: id, index: index)
            if takeOver(step) { return openNextInput() }
            reading = step
            let now = now
            let isReadAnew = update(step) { step in
                step.state = .opening
                step.begun = now
                return step.isReadAnew
            }
            commands.append(isReadAnew ? .reopenInput(step) : .openInput(step))
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
            step.finished.results = [:]
            step.state = .read
        }
        changes.formUnion(.jobs)
        noteProgress(of: id.job)
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
        case .chunkCut(let id, let chunk, let readBytes):
            guard isCutting(id) else { return }
            update(id) { $0.readBytes = max($0.readBytes, readBytes) }
            takeChunk(chunk, of: id)
        case .inputEnded(let id):
            guard isCutting(id), let step = step(id) else { return }
            guard step.finished.results.isEmpty else {
                return distrustInput(of: id, reason: Self.cutOtherwise)
            }
            reading = nil
            changes.formUnion(.jobs)
            noteProgress(of: id.job)
            update(id) { $0.state = .read }
            commands.append(.storeInputEnd(id, chunks: step.tasks.count))
            commands.append(.stepChanged(id))
        case .inputUnchanged(let id):
            guard reading == id else { return }
            reading = nil
            finish(id, .skipped)
        case .inputFailed(let id, let reason):
            // Met by a cut that was under way when the lines were found wrong.
            guard searched != id else { return noteDamage(reason, of: id) }
            guard reading == id else { return }
            end(id.job, .failed(reason: reason), failing: id)
        case .inputDistrusted(let id, let reason):
            guard isCutting(id) else { return }
            distrustInput(of: id, reason: reason)
        case .damageSearched(let id, let damage):
            noteDamage(damage, of: id)
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
            step.tasks.append(Task(chunk: chunk))
            step.cutBytes += Int64(chunk.sizeBytes)
            return (index, nil)
        }
        let task = TaskID(step: id, index: index)
        guard let finished else { return addReadyTask(task) }
        commands.append(.releaseChunk(task))
        if finished.chunk != chunk { distrustInput(of: id, reason: Self.cutOtherwise) }
    }

    private static let cutOtherwise = "the input is not cut as it was before the restart"

    // MARK: Ends of attempts

    /// Forgets an attempt and tells of its cause; the only way in which one ends.
    ///
    /// Returns its task, whose state the caller changes; nil when the attempt does not count.
    @discardableResult
    mutating func endAttempt(_ id: AttemptID, _ cause: AttemptCause) -> TaskID? {
        guard let attempt = attempts.removeValue(forKey: id) else { return nil }
        if attempt.hasReturned { unstoredResults -= 1 } else { takeOff(id, from: attempt.worker) }
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

    /// Takes an attempt off the list of its worker, which may be gone.
    private mutating func takeOff(
        _ id: AttemptID,
        from worker: WorkerID,
        isFinished: Bool = false
    ) {
        updateWorker(worker) { worker in
            if isFinished { worker.finishedAttempts += 1 }
            // Nearly always the oldest.
            if let place = worker.running.firstIndex(of: id) { worker.running.remove(at: place) }
        }
    }

    /// Takes an attempt off its task, which it left undone; false when another one is at it.
    private mutating func detach(_ id: AttemptID, from task: TaskID) -> Bool {
        update(task.step) { step in
            guard let state = step.tasks[task.index].state.without(id) else { return true }
            step.tasks[task.index].state = state
            return false
        }
    }

    /// Makes a task ready again whose attempt ended by no fault of its own.
    mutating func returnTask(_ task: TaskID, of attempt: AttemptID) {
        if detach(attempt, from: task) { putBack(task) }
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
        guard let attempt = attempts[id], !attempt.hasReturned,
            let state = step(attempt.task.step)?.tasks[attempt.task.index].state
        else {
            lateReports += 1
            commands.append(.discardResult(id))
            return
        }
        let task = attempt.task
        let other: AttemptID?
        switch state {
        case .leased(id, let second): other = second
        case .leased(let first, _): other = first
        default:
            // The other attempt's result is on its way to the disk.
            commands.append(.discardResult(id))
            endAttempt(id, .revoked(.otherWasFirst))
            return returnTask(task, of: id)
        }
        noteReturn(of: id, attempt)
        let duration = now - attempt.leased
        let (durable, limit) = update(task.step) { step -> (Int64, Int64) in
            step.tasks[task.index].state = .returned(id, other: other)
            step.durations.add(duration)
            step.tasks[task.index].report = report
            return (step.report.rejected, step.rejectLimits.maxRows)
        }
        guard durable + report.rejected <= limit else {
            commands.append(.discardResult(id))
            let reason = rejectReason(durable + report.rejected, limit)
            endAttempt(id, .failed(.badInput, reason: reason))
            return failForLines(of: task.step, reason: reason)
        }
        commands.append(.storeResult(id, task))
    }

    /// Takes an attempt off its worker, whose part in it is done.
    private mutating func noteReturn(of id: AttemptID, _ attempt: Attempt) {
        if let pool = workers[attempt.worker]?.poolIndex { pools[pool].finishedAttempts += 1 }
        takeOff(id, from: attempt.worker, isFinished: true)
        attempts[id]?.hasReturned = true
        unstoredResults += 1
    }

    func rejectReason(_ rejected: Int64, _ limit: Int64) -> String {
        "\(rejected) rows were rejected, more than the \(limit) that rejects.max_rows allows"
    }

    private mutating func finishTask(of id: AttemptID) {
        guard let task = endAttempt(id, .finished) else { return }
        space.noteStored()
        if case .returned(_, let other?) = step(task.step)?.tasks[task.index].state {
            revoke(other, .otherWasFirst)
        }
        noteProgress(of: task.step.job)
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
        failForLines(of: task.step, reason: rejectReason(rejected, limit))
    }

    private mutating func takeSyntheticResults(_ finished: [AttemptID]) {
        var byStep: [StepID: [SyntheticAttempt]] = [:]
        for id in finished {
            guard let attempt = attempts[id], !attempt.hasReturned else {
                lateReports += 1
                continue
            }
            let task = attempt.task
            noteReturn(of: id, attempt)
            update(task.step) { $0.tasks[task.index].state = .returned(id, other: nil) }
            byStep[task.step, default: []].append(SyntheticAttempt(attempt: id, task: task))
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
        for step in steps.sorted() {
            noteProgress(of: step.job)
            commands.append(.stepChanged(step))
        }
    }

    /// What follows a failure is decided by its class alone.
    private mutating func failAttempt(
        _ id: AttemptID,
        _ failure: FailureClass,
        _ cause: AttemptCause,
        reason: String
    ) {
        guard let worker = attempts[id]?.worker, let task = endAttempt(id, cause) else {
            lateReports += 1
            return
        }
        let place = describe(task)
        switch failure {
        case .badInput:
            failForLines(of: task.step, reason: reason)
        case .wrongIndex:
            distrustInput(of: task.step, reason: "\(place): \(reason)")
        case .defect:
            let text = "\(place): \(reason)"
            end(task.step.job, .failed(reason: text), failing: task.step)
        case .transient:
            let failures = update(task.step) { step -> Int in
                step.tasks[task.index].failures += 1
                step.tasks[task.index].lastWorker = worker
                return step.tasks[task.index].failures
            }
            if case .failed = cause { judge(worker) }
            guard failures < settings.maxAttempts else {
                let text = "\(place) failed \(failures) times, the last time: \(reason)"
                return end(task.step.job, .failed(reason: text), failing: task.step)
            }
            if detach(id, from: task) { postpone(task, after: id, failures: failures) }
        }
    }

    // MARK: Postponed tasks

    /// Tries a task again later, each time twice as late: what failed it may need time to go.
    private mutating func postpone(_ task: TaskID, after attempt: AttemptID, failures: Int) {
        update(task.step) { step in
            step.tasks[task.index].state = .postponed
            step.postponedTasks += 1
        }
        let delay = SchedulingSettings.firstRetryDelay.doubled(
            failures - 1,
            upTo: SchedulingSettings.lastRetryDelay
        )
        // Tasks that failed together must not all come back together: up to a quarter more.
        let jitter = delay * Int(attempt.rawValue.multipliedReportingOverflow(by: 37).0 & 63) / 256
        postponed.insert(PostponedTask(due: now + delay + jitter, task: task))
    }

    mutating func resumePostponed() {
        while let first = postponed.first, first.due <= now {
            guard let task = postponed.popFirst()?.task else { return }
            // Its job may have ended meanwhile.
            guard let step = step(task.step), !step.state.isEnded else { continue }
            update(task.step) { $0.postponedTasks -= 1 }
            putBack(task)
        }
    }

    /// A task for people: its chunk and, where it has any, the file and the lines of it.
    package func describe(_ task: TaskID) -> String {
        let name = "step \(task.step.index), chunk \(task.index)"
        // One of a step that has begun anew may be there no more.
        guard let tasks = step(task.step)?.tasks, tasks.indices.contains(task.index),
            !tasks[task.index].chunk.source.isEmpty
        else { return name }
        let chunk = tasks[task.index].chunk
        let lastLine = chunk.firstLine + max(0, chunk.lines - 1)
        return "\(name) (\(chunk.source), lines \(chunk.firstLine) to \(lastLine))"
    }
}

/// A task that failed and is tried again at `due`.
struct PostponedTask: Comparable, Sendable {
    let due: Instant
    let task: TaskID

    static func < (left: Self, right: Self) -> Bool {
        (left.due, left.task) < (right.due, right.task)
    }
}
