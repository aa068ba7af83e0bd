import Base

/// A step that has tasks to lease, and its place in the order of leases: the oldest job first, and
/// of that the steps in its order.
struct ReadyStep: Comparable, Sendable {
    let jobStart: Int
    let position: Int
    let step: StepID

    static func < (left: Self, right: Self) -> Bool {
        (left.jobStart, left.position) < (right.jobStart, right.position)
    }
}

/// Leases: which worker gets which task.
extension Scheduler {
    /// Leases ready tasks, the oldest job's first, to the least loaded workers of its pool.
    mutating func leaseTasks() {
        guard !readySteps.isEmpty, space.reason(at: now) == nil else { return }
        var next = 0
        var waiting: Set<Int> = []
        while next < readySteps.count, pools.contains(where: \.hasRoom) {
            let step = readySteps[next].step
            let count = readySteps.count
            if let pool = jobs[step.job]?.pool.flatMap(poolIndex), pools[pool].hasRoom,
                !waiting.contains(pool)
            {
                repeat {
                    leaseUnsuspected(of: step, in: pool)
                } while leaseSuspected(of: step, in: pool)
                // What waits for a worker of its own would wait for ever if others were kept busy.
                if nextIsSuspected(of: step) { waiting.insert(pool) }
            }
            // One that has nothing left has gone from the list.
            if readySteps.count == count { next += 1 }
        }
    }

    /// Leases the ready tasks of a step up to one that may take its worker down.
    private mutating func leaseUnsuspected(of step: StepID, in pool: Int) {
        switch self.step(step)?.source {
        case .synthetic?: leaseSyntheticTasks(of: step, in: pool)
        case nil: break
        default: leaseChunks(of: step, in: pool)
        }
    }

    /// Leases the next task if it is one that may take its worker down, to a worker with nothing else
    /// to do; returns whether it did.
    ///
    /// One more lost worker ends its job. What ran beside a task that kills would be blamed as well,
    /// so whoever is down to the last worker gets one alone.
    private mutating func leaseSuspected(of step: StepID, in pool: Int) -> Bool {
        guard nextIsSuspected(of: step),
            let worker = pools[pool].workers.filter({ id in
                workers[id].map { $0.isHealthy && $0.running.isEmpty } ?? false
            }).min(),
            let task = takeReadyTask(of: step)
        else { return false }
        let attempt = begin(task, on: worker)
        updateWorker(worker) { $0.isReserved = true }
        if case .synthetic? = self.step(step)?.source {
            let batch = [SyntheticAttempt(attempt: attempt, task: task)]
            commands.append(.leaseSynthetic(batch, worker))
        } else {
            commands.append(.lease(attempt, task, worker))
        }
        return true
    }

    private func nextIsSuspected(of step: StepID) -> Bool {
        guard let step = self.step(step), let index = step.ready.first else { return false }
        return step.tasks[index].workersLost == SchedulingSettings.workersLostPerTask - 1
    }

    private mutating func leaseChunks(of step: StepID, in pool: Int) {
        let limit = pools[pool].slots * SchedulingSettings.unstoredResultsPerSlot
        guard unstoredResults < limit else { return }
        // At load 1 a worker holds a chunk a slot, and one more that waits.
        while !nextIsSuspected(of: step), let worker = pools[pool].leasable.first(),
            (workers[worker]?.load ?? 1) < 1, let task = takeReadyTask(of: step)
        {
            let chosen = otherWorker(than: worker, for: task, in: pool)
            commands.append(.lease(begin(task, on: chosen), task, chosen))
        }
    }

    /// The worker for a task that failed on `worker` the last time: another one, if one has room.
    private func otherWorker(than worker: WorkerID, for task: TaskID, in pool: Int) -> WorkerID {
        guard step(task.step)?.tasks[task.index].lastWorker == worker,
            let other = pools[pool].leasable.first(except: worker), (workers[other]?.load ?? 1) < 1
        else { return worker }
        return other
    }

    private mutating func leaseSyntheticTasks(of step: StepID, in pool: Int) {
        let healthy = pools[pool].healthyWorkers
        while let ready = self.step(step)?.ready.count, ready > 0,
            let worker = pools[pool].leasable.first(), let state = workers[worker],
            !state.isReserved
        {
            // A fair share each, so that tasks that take long do not pile up on one worker.
            let share = max(state.leaseLimit, (ready + healthy - 1) / healthy)
            let room = min(share, syntheticLeaseLimit) - state.running.count
            guard room > 0 else { return }
            var batch: [SyntheticAttempt] = []
            while batch.count < room, !nextIsSuspected(of: step), let task = takeReadyTask(of: step)
            {
                batch.append(SyntheticAttempt(attempt: begin(task, on: worker), task: task))
            }
            guard !batch.isEmpty else { return }
            commands.append(.leaseSynthetic(batch, worker))
        }
    }

    private mutating func begin(_ task: TaskID, on worker: WorkerID) -> AttemptID {
        let attempt = nextAttempt()
        attempts[attempt] = Attempt(task: task, worker: worker, leased: now)
        updateWorker(worker) { $0.running.append(attempt) }
        update(task.step) { step in
            switch step.tasks[task.index].state {
            case .leased(let first, speculative: nil):
                step.tasks[task.index].state = .leased(first, speculative: attempt)
            default: step.tasks[task.index].state = .leased(attempt, speculative: nil)
            }
            step.attempts += 1
            if step.source.isInput { step.leases.append(attempt) }
        }
        return attempt
    }

    // MARK: Ready tasks

    /// Makes a new task ready.
    mutating func addReadyTask(_ task: TaskID) {
        let isFirst = update(task.step) { step in
            step.ready.append(task.index)
            return step.ready.count == 1
        }
        if isFirst { listReadyStep(task.step) }
    }

    /// Makes a task ready again whose attempts are gone.
    mutating func putBack(_ task: TaskID) {
        let isFirst = update(task.step) { step in
            step.tasks[task.index].state = .ready
            step.ready.putBack(task.index)
            return step.ready.count == 1
        }
        if isFirst { listReadyStep(task.step) }
    }

    mutating func clearReadyTasks(of step: StepID) {
        update(step) { $0.ready.removeAll() }
        listReadyStep(step)
    }

    private mutating func takeReadyTask(of step: StepID) -> TaskID? {
        let (index, isLast) = update(step) { step in
            (step.ready.popFirst(), step.ready.isEmpty)
        }
        if isLast { listReadyStep(step) }
        return index.map { TaskID(step: step, index: $0) }
    }

    /// Lists a step, or takes it off the list, after its ready tasks have changed.
    mutating func listReadyStep(_ id: StepID) {
        guard let job = jobs[id.job], let position = job.order.firstIndex(of: id.index) else {
            return
        }
        let entry = ReadyStep(jobStart: job.startNumber, position: position, step: id)
        let place = readySteps.firstIndex { !($0 < entry) } ?? readySteps.count
        let isListed = place < readySteps.count && readySteps[place].step == id
        let isReady = !job.steps[id.index].ready.isEmpty
        if isReady, !isListed { readySteps.insert(entry, at: place) }
        if !isReady, isListed { readySteps.remove(at: place) }
    }

    // MARK: Late attempts

    /// Takes workers for lost that keep a chunk for much longer than such chunks take.
    mutating func checkLeases() {
        for id in openStepsWithLeases() {
            let limit = leaseTimeout(of: id)
            for attempt in lateAttempts(of: id, after: limit) {
                // The worker may be gone already, with an attempt that was late, too.
                guard let worker = attempts[attempt]?.worker else { continue }
                giveUp(worker, .overdue(attempt), overdueAfter: limit)
            }
        }
    }

    /// Leases tasks a second time that take much longer than the others of their table.
    ///
    /// Only what would be idle is used, one attempt more a task; the result that is durable first
    /// counts, and the other attempt is revoked.
    mutating func speculate() {
        guard settings.speculates, space.reason(at: now) == nil else { return }
        for id in openStepsWithLeases() {
            guard let step = step(id), let pool = jobs[id.job]?.pool.flatMap(poolIndex),
                !hasReadySteps(in: pool), step.durations.count >= SchedulingSettings.medianCount,
                let median = step.durations.median
            else { continue }
            let factor =
                step.state == .read
                ? SchedulingSettings.lateFactorAtEnd : SchedulingSettings.lateFactor
            let limit = max(median * factor, SchedulingSettings.lateFloor)
            for attempt in lateAttempts(of: id, after: limit) {
                speculate(on: attempt, in: pool, median: median)
            }
        }
    }

    private mutating func speculate(on attempt: AttemptID, in pool: Int, median: Duration) {
        guard let (task, slow, leased) = attempts[attempt].map({ ($0.task, $0.worker, $0.leased) }),
            let state = step(task.step)?.tasks[task.index], !state.wasSpeculated,
            state.workersLost < SchedulingSettings.workersLostPerTask - 1,
            state.state == .leased(attempt, speculative: nil),
            let worker = pools[pool].leasable.first(except: slow), (workers[worker]?.load ?? 0) < 0
        else { return }
        update(task.step) { $0.tasks[task.index].wasSpeculated = true }
        let text =
            "\(describe(task)) runs for \(tenths(now - leased)) s on worker \(slow), the median is "
            + "\(tenths(median)) s: worker \(worker) tries it, too"
        commands.append(.note(task.step.job, text))
        commands.append(.lease(begin(task, on: worker), task, worker))
    }

    private func tenths(_ duration: Duration) -> Double { (duration.seconds * 10).rounded() / 10 }

    private func hasReadySteps(in pool: Int) -> Bool {
        readySteps.contains { jobs[$0.step.job]?.pool == pools[pool].settings.id }
    }

    /// After so long an attempt of the step takes its worker with it.
    private func leaseTimeout(of id: StepID) -> Duration {
        guard let step = step(id), step.durations.count >= SchedulingSettings.medianCount,
            let median = step.durations.median
        else { return SchedulingSettings.leaseTimeout }
        let limit = median * SchedulingSettings.overdueFactor
        return min(
            max(limit, SchedulingSettings.leaseTimeoutFloor),
            SchedulingSettings.leaseTimeout
        )
    }

    private func openStepsWithLeases() -> [StepID] {
        runningJobs.flatMap { id in
            (jobs[id]?.steps ?? []).filter { $0.source.isInput && !$0.state.isEnded }.map(\.id)
        }
    }

    /// Running attempts of the step that were leased longer ago than this.
    private mutating func lateAttempts(of id: StepID, after limit: Duration) -> [AttemptID] {
        let running = attempts
        update(id) { $0.leases.dropFirst { running[$0].map(\.hasReturned) ?? true } }
        let old = step(id)?.leases.prefix { attempt in
            running[attempt].map { now - $0.leased > limit } ?? true
        }
        return (old ?? []).filter { attempts[$0]?.hasReturned == false }
    }
}

extension Pool {
    /// Whether a worker may be given anything.
    fileprivate var hasRoom: Bool { leasable.count > 0 }
}
