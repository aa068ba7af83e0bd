import Base
import Scheduling

/// Jobs: from a submit, and from the job store after a restart; and how their end is recorded.
extension SimulatedCoordinator {
    /// Records the job and only then answers with its id.
    func submit(_ job: Int, _ answer: @escaping (JobID) -> Void) {
        if world.bug == .answersBeforeRecorded { answer(world.store.nextID(for: job)) }
        transact({ [self] in
            let (id, isNew) = world.store.insert(job)
            world.oracle.recorded(id, as: job)
            return (id, isNew)
        }) { [self] id, isNew in
            if isNew { begin(id, job, published: [:], finished: [:]) }
            answer(id)
        }
    }

    func cancel(_ id: JobID, _ answer: @escaping () -> Void) {
        if world.bug == .cancelledJobGoesOn, scheduler.jobs[id]?.isEnded == false {
            return transact({ [self] in record(id, .cancelled, reason: "") }) { answer() }
        }
        handle(.cancelRequested(id))
        answer()
    }

    private func begin(
        _ id: JobID,
        _ job: Int,
        published: [Int: SnapshotID],
        finished: [StepID: (FinishedTasks, [Int: SimulatedSpool.Stored])]
    ) {
        jobOf[id] = job
        for (step, found) in finished { results[step] = found.1 }
        let scenario = world.scenario.jobs[job]
        let steps = scenario.steps.enumerated().map { index, step in
            StepPlan(
                source: source(of: step, published: published[index]),
                columnCount: 1,
                rejectLimits: step.rejectLimits,
                finished: finished[StepID(job: id, index: index)]?.0 ?? FinishedTasks()
            )
        }
        handle(.submitted(JobPlan(id: id, name: "job", steps: steps, pool: scenario.pool)))
    }

    private func source(
        of step: Scenario.Step,
        published: SnapshotID?
    ) -> StepPlan.Source {
        if let published { return .published(published) }
        switch step.work {
        case .table(let input):
            let size = input.sizeBytes
            return .input(sizeBytes: world.bug == .largestFirst ? 10_000 - size : size)
        case .synthetic(let work): return .synthetic(tasks: work.tasks)
        }
    }

    // MARK: Ends

    func recordEnd(of id: JobID, _ outcome: JobOutcome) {
        let (state, reason): (SimulatedJobStore.State, String) =
            switch outcome {
            case .done: (.done, "")
            case .failed(let reason): (.failed, reason)
            case .cancelled: (.cancelled, "")
            }
        guard !world.disk.isFull else {
            // Recorded once more, until it can be.
            return process.after(.seconds(1)) { [self] in recordEnd(of: id, outcome) }
        }
        transact({ [self] in record(id, state, reason: reason) }) { [self] in
            if let job = jobOf.removeValue(forKey: id) {
                for index in world.scenario.jobs[job].steps.indices {
                    spool.remove(StepID(job: id, index: index))
                }
            }
            forget(id)
        }
    }

    private func record(_ id: JobID, _ state: SimulatedJobStore.State, reason: String) {
        world.store.update(id, state, reason: reason)
        world.oracle.recordedEnd(id, state)
    }

    /// One transaction of the job store, and its answer a moment later.
    private func transact<Value>(
        _ body: @escaping () -> Value,
        _ completion: @escaping (Value) -> Void
    ) {
        storeQueue.perform { [self] done in
            process.after(world.dice.milliseconds(1...20)) { [self] in
                let value = body()
                world.passes(.jobRecorded)
                process.after(world.dice.milliseconds(1...5)) {
                    completion(value)
                    done()
                }
            }
        }
    }

    // MARK: After a restart

    func resumeJobs() {
        transact({ [self] in world.store.unfinished }) { [self] records in
            var left = records.count + 1
            let oneLess = { [self] in
                left -= 1
                if left == 0 { spool.sweep() }
            }
            for record in records { resume(record, oneLess) }
            oneLess()
        }
    }

    private func resume(
        _ record: SimulatedJobStore.Record,
        _ completion: @escaping () -> Void
    ) {
        publisherQueue.perform { [self] done in
            process.after(world.dice.milliseconds(1...30)) { [self] in
                lookUp(record, completion)
                done()
            }
        }
    }

    private func lookUp(_ record: SimulatedJobStore.Record, _ completion: @escaping () -> Void) {
        var published: [Int: SnapshotID] = [:]
        let steps = world.scenario.jobs[record.job].steps.indices.map {
            StepID(job: record.id, index: $0)
        }
        for step in steps {
            switch world.catalog.snapshot(ofCommit: Self.commitKey(step)) {
            case .success(let snapshot): published[step.index] = snapshot
            case .failure(let error) where error.isBusy:
                return process.after(.seconds(1)) { [self] in resume(record, completion) }
            case .failure(let error):
                let reason = "after a restart: \(error)"
                return transact(
                    { [self] in self.record(record.id, .failed, reason: reason) },
                    completion
                )
            }
        }
        spool.recover(steps.filter { published[$0.index] == nil }) { [self] found in
            begin(record.id, record.job, published: published, finished: found)
            completion()
        }
    }
}
