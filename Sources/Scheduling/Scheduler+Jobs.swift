package import Base

/// Jobs: how they start, wait, end and publish.
extension Scheduler {
    mutating func applyJobEvent(_ event: Event) {
        switch event {
        case .submitted(let plan):
            precondition(jobs[plan.id] == nil, "job \(plan.id) is submitted twice")
            let job = Job(plan: plan)
            jobs[plan.id] = job
            queue.insert(plan.id, JobQueue.Lane(job), sizeBytes: job.inputSizeBytes, at: now)
            changes.formUnion(.jobs)
            noteProgress(of: plan.id)
        case .cancelRequested(let id):
            guard let job = jobs[id], !job.isEnded else { return stopSearch(of: id) }
            end(id, .cancelled, failing: nil)
        default:
            preconditionFailure("not a job event: \(event)")
        }
    }

    /// Starts pending jobs for which there is a pool and, where they read input, the reader.
    ///
    /// Looks at the first job of a lane until that has to wait, and the rest of its lane with it.
    mutating func startJobs() {
        var lanes = queue.lanes
        while let (lane, id) = queue.first(of: lanes, at: now) {
            switch placement(of: lane) {
            case .anywhere: start(id, on: nil)
            case .pool(let index): start(id, on: index)
            case .wait(let reason, let lacksPool):
                queue.wait(lane, reason, lacksPool: lacksPool, at: now)
                lanes.removeAll { $0 == lane }
                if lacksPool { endOverdueJobs(of: lane, reason: reason) }
            }
        }
    }

    /// Where a job of a lane could be started now.
    private enum Placement {
        case anywhere
        /// In the pool at this place.
        case pool(Int)
        case wait(reason: String, lacksPool: Bool)
    }

    private mutating func placement(of lane: JobQueue.Lane) -> Placement {
        if let reason = space.reason(at: now) { return .wait(reason: reason, lacksPool: false) }
        if lane.wantsReader,
            let earlier = runningJobs.first(where: { jobs[$0]?.wantsReader ?? false })
        {
            let reason = "waiting until job \(earlier) has read its input"
            return .wait(reason: reason, lacksPool: false)
        }
        guard lane.needsWorkers else { return .anywhere }
        return switch choosePool(lane.pool, among: Array(pools.indices)) {
        case .ready(let pool): .pool(pool)
        case .wait(let reason): .wait(reason: reason, lacksPool: true)
        }
    }

    private mutating func endOverdueJobs(of lane: JobQueue.Lane, reason: String) {
        while let id = queue.overdue(in: lane, after: settings.queueTimeout, at: now) {
            let text = "ZONE_RESOURCE_POOL_EXHAUSTED: \(reason)"
            end(id, .failed(reason: text), failing: nil)
        }
    }

    /// Why a job does not get on; nil when it does.
    package func waitingReason(of id: JobID) -> String? {
        queue.reason(of: id) ?? jobs[id]?.waitingReason
    }

    private mutating func start(_ id: JobID, on index: Int?) {
        let pool = index.map { pools[$0].settings.id }
        if let index { pools[index].jobs += 1 }
        changes.formUnion([.jobs, .pools])
        noteProgress(of: id)
        jobs[id]?.state = .running
        queue.remove(id)
        let number = nextStartNumber()
        jobs[id]?.startNumber = number
        jobs[id]?.pool = pool
        runningJobs.append(id)
        commands.append(.jobStarted(id, pool))
        for step in jobs[id]?.steps ?? [] {
            guard case .synthetic(let count) = step.source else { continue }
            update(step.id) { step in
                let nothing = ChunkSummary(sizeBytes: 0, lines: 0)
                step.tasks = Array(repeating: Task(chunk: nothing), count: count)
                for index in 0..<count {
                    if step.finished.synthetic.contains(index) {
                        step.tasks[index].state = .done
                        step.doneTasks += 1
                        step.attempts += 1
                    } else {
                        step.ready.append(index)
                    }
                }
                step.state = .read
            }
            listReadyStep(step.id)
            commands.append(.stepChanged(step.id))
        }
    }

    /// Publishes the next step whose tasks are all durable, unless another one is at it.
    mutating func publishNextStep() {
        guard publishing == nil else { return }
        let running = progressed.compactMap { jobs[$0] }.filter { $0.state == .running }
        let ids = running.sorted { $0.startNumber < $1.startNumber }.map(\.id)
        for id in ids where publishing == nil {
            while let index = jobs[id]?.firstOpenStep, let step = jobs[id]?.steps[index],
                step.isComplete, publishing == nil
            {
                if case .synthetic = step.source {
                    finish(step.id, .done(nil))
                } else if let reason = rejectReason(of: step) ?? emptyReason(of: step) {
                    end(id, .failed(reason: reason), failing: step.id)
                } else if space.fullReason(at: now) != nil {
                    break
                } else {
                    publishing = step.id
                    update(step.id) { $0.state = .publishing }
                    commands.append(.publish(step.id))
                    commands.append(.stepChanged(step.id))
                }
            }
        }
    }

    /// Why the finished step has too many rejected rows; nil when it has not.
    func rejectReason(of step: Step) -> String? {
        let (limits, report) = (step.rejectLimits, step.report)
        // Results that an earlier coordinator stored were counted by nobody since.
        guard report.rejected <= limits.maxRows else {
            return rejectReason(report.rejected, limits.maxRows)
        }
        guard report.lines >= RejectLimits.linesForShare,
            Double(report.rejected) > limits.maxShare * Double(report.lines)
        else { return nil }
        return "\(report.rejected) of \(report.lines) rows were rejected, more than the share of "
            + "\(limits.maxShare) that rejects.max_share allows"
    }

    func emptyReason(of step: Step) -> String? {
        guard step.report.lines == 0, !step.allowsEmpty else { return nil }
        return "the input holds a header and no rows; set allow_empty: true if that is expected"
    }

    mutating func applyPublicationEvent(_ event: Event) {
        switch event {
        case .published(let id, let snapshot):
            publishing = nil
            space.noteStored()
            changes.formUnion(.steps)
            guard let step = step(id) else { return }
            // A job that was cancelled meanwhile has published all the same: say so.
            guard !step.state.isEnded || jobs[id.job]?.isEnded == true else { return }
            finish(id, .done(snapshot))
            announceEnd(id.job)
        case .publishFailed(let id, let reason, let isDiskFull):
            publishing = nil
            changes.formUnion(.steps)
            guard let job = jobs[id.job] else { return }
            // The end of the job left the step's files to this answer.
            guard !job.isEnded else {
                commands.append(.closeStep(id))
                return announceEnd(id.job)
            }
            guard !isDiskFull else { return publishLater(id, reason: reason) }
            end(id.job, .failed(reason: reason), failing: id)
        default:
            preconditionFailure("not a publication event: \(event)")
        }
    }

    mutating func finish(_ id: StepID, _ state: Step.State, isChanged: Bool? = nil) {
        update(id) { step in
            step.state = state
            step.isChanged = isChanged ?? (state != .skipped)
        }
        // A step that needs this one may begin.
        changes.formUnion(.jobs)
        noteProgress(of: id.job)
        commands.append(.stepChanged(id))
        commands.append(.closeStep(id))
    }

    /// Ends jobs with nothing left to do; one that a restart found published needs no pool for it.
    ///
    /// Of the jobs that progressed, those are looked at again that wait to publish.
    mutating func endJobs() {
        for id in progressed.sorted() {
            guard let job = jobs[id], job.steps.allSatisfy(\.state.isEnded) else { continue }
            end(id, .done, failing: nil)
        }
        progressed = progressed.filter { jobs[$0]?.waitsToPublish ?? false }
    }

    /// A step of the job may be complete, or the job over.
    mutating func noteProgress(of job: JobID) {
        progressed.insert(job)
        changes.formUnion(.steps)
    }

    /// Ends a job, whatever it is at: running attempts are revoked, open steps closed.
    mutating func end(_ id: JobID, _ outcome: JobOutcome, failing failed: StepID?) {
        guard let job = jobs[id], !job.isEnded else { return }
        for step in job.steps where !step.state.isEnded {
            var state = Step.State.cancelled
            if step.id == failed, case .failed(let reason) = outcome {
                state = .failed(reason: reason)
            }
            abandonTasks(of: step, .jobEnded)
            if step.state == .performing { commands.append(.abandon(step.id)) }
            if reading == step.id {
                reading = nil
                let isSearched = searched == step.id
                commands.append(isSearched ? .searchDamage(step.id) : .closeInput(step.id))
            }
            clearReadyTasks(of: step.id)
            update(step.id) { $0.state = state }
            commands.append(.stepChanged(step.id))
            // While it is being published its files are in use; the answer closes the step.
            if publishing != step.id { commands.append(.closeStep(step.id)) }
        }
        if job.state == .running, let pool = job.pool.flatMap(poolIndex) { pools[pool].jobs -= 1 }
        changes.formUnion([.jobs, .steps, .pools])
        jobs[id]?.state = .ended(outcome)
        jobs[id]?.waitingReason = nil
        queue.remove(id)
        runningJobs.removeAll { $0 == id }
        // What it held on the disk goes with it: how long that was full counts anew for the others.
        space.noteStored()
        announceEnd(id)
    }

    /// Tells of the job's end, unless one of its tables is being published: that may still succeed,
    /// and what is recorded of the job has to say so.
    mutating func announceEnd(_ id: JobID) {
        guard case .ended(let outcome) = jobs[id]?.state, publishing?.job != id,
            searched?.job != id
        else { return }
        commands.append(.jobEnded(id, outcome))
    }

    /// Revokes what runs of a step and releases its chunks.
    mutating func abandonTasks(of step: Step, _ revocation: AttemptCause.Revocation) {
        for (index, task) in step.tasks.enumerated() {
            for attempt in task.state.attempts {
                if task.state.isRunning(attempt) {
                    revoke(attempt, revocation)
                } else {
                    endAttempt(attempt, .revoked(revocation))
                }
            }
            if task.state != .done {
                commands.append(.releaseChunk(TaskID(step: step.id, index: index)))
            }
        }
    }

    /// Forgets an ended job; its history is the job store's business.
    package mutating func forget(_ id: JobID) {
        precondition(jobs[id]?.isEnded ?? true, "job \(id) is forgotten while it runs")
        jobs[id] = nil
    }
}

extension JobQueue.Lane {
    /// What a job that has not been started needs.
    fileprivate init(_ job: Job) {
        self.init(
            wantsReader: job.wantsReader,
            needsWorkers: job.needsWorkers,
            pool: job.requestedPool
        )
    }
}
