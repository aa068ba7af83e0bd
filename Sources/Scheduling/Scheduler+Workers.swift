import Base

/// Workers: how they join, are missed, drained and lost.
extension Scheduler {
    mutating func applyWorkerEvent(_ event: Event) {
        switch event {
        case .workerJoined(let id, let pool, let slots, let wasLaunched):
            join(Worker(id: id, pool: pool, slots: slots, lastHeard: now), wasLaunched: wasLaunched)
        case .workerHeard(let id):
            workers[id]?.lastHeard = now
            if workers[id]?.state == .suspect { workers[id]?.state = .ready }
        case .workerClosed(let id, let loss):
            lose(id, loss)
        case .launchFailed(let pool, let reason):
            noteLaunchFailure(of: pool, reason: reason)
        case .drainRequested(let id):
            guard workers[id] != nil else { return }
            workers[id]?.state = .draining
            stopDrainedWorkers()
        case .scaleRequested(let pool, let count):
            scale(pool, to: count)
        default:
            preconditionFailure("not a worker event: \(event)")
        }
        if case .workerHeard = event { return }
        stopDrainedWorkers()
    }

    private mutating func join(_ worker: Worker, wasLaunched: Bool) {
        guard let index = poolIndex(worker.pool) else {
            preconditionFailure("worker \(worker.id) joins the unknown pool \(worker.pool)")
        }
        precondition(workers[worker.id] == nil, "worker \(worker.id) joins twice")
        workers[worker.id] = worker
        pools[index].workers.insert(worker.id)
        pools[index].hadWorkers = true
        pools[index].exhaustedReason = nil
        guard wasLaunched else {
            pools[index].expected = max(0, pools[index].expected - 1)
            return
        }
        pools[index].launching = max(0, pools[index].launching - 1)
        // The pool was scaled down while the worker started.
        if members(of: index).count > pools[index].wantedWorkers {
            workers[worker.id]?.state = .draining
        }
    }

    /// Silence makes a worker suspect, and more of it lost; so does a chunk that never comes back.
    mutating func checkWorkers() {
        for id in workers.keys.sorted() {
            guard let worker = workers[id] else { continue }
            let silence = now - worker.lastHeard
            if silence > settings.lostAfter {
                giveUp(id, .silent(silence))
            } else if let attempt = overdueAttempt(of: worker) {
                giveUp(id, .overdue(attempt))
            } else if silence > settings.lostAfter / 3, worker.state == .ready {
                workers[id]?.state = .suspect
            }
        }
        stopDrainedWorkers()
    }

    /// An attempt on a chunk that is overdue; tasks without data take as long as they were told to.
    private func overdueAttempt(of worker: Worker) -> AttemptID? {
        worker.running.first { id in
            guard let attempt = attempts[id], now - attempt.leased > SchedulingSettings.leaseTimeout
            else { return false }
            return step(attempt.task.step)?.source.isInput ?? false
        }
    }

    private mutating func giveUp(_ id: WorkerID, _ loss: WorkerLoss) {
        commands.append(.stopWorker(id, reason: "\(loss)"))
        lose(id, loss)
    }

    /// Does not count the time in which nobody could listen against the workers.
    mutating func excuseSilence(of duration: Duration) {
        for id in workers.keys {
            guard let heard = workers[id]?.lastHeard else { continue }
            workers[id]?.lastHeard = heard + duration
        }
    }

    private mutating func lose(_ id: WorkerID, _ loss: WorkerLoss) {
        guard let worker = workers.removeValue(forKey: id),
            let index = poolIndex(worker.pool)
        else { return }
        pools[index].workers.remove(id)
        let tasks = worker.running.map { endAttempt($0, cause(of: $0, in: loss)) }
        for (position, task) in tasks.enumerated() {
            // The job may have ended with the task before.
            guard let task, jobs[task.step.job]?.isEnded == false else { continue }
            if isSuspected(worker.running[position], at: position, of: worker, loss),
                countLoss(of: task, loss)
            {
                continue
            }
            putBack(task)
        }
        // One that finished something was sound: replaced at once. Others are started ever slower.
        if worker.finishedAttempts > 0 {
            pools[index].launchDelay = Pool.firstLaunchDelay
        } else if worker.state != .draining {
            delayLaunch(of: index)
        }
    }

    private func cause(of attempt: AttemptID, in loss: WorkerLoss) -> AttemptCause {
        guard loss == .overdue(attempt) else { return .lost(loss) }
        return .overdue(after: SchedulingSettings.leaseTimeout)
    }

    /// Whether an attempt can have taken its worker down: only what was in a slot, and of a worker
    /// that kept one for too long only that one.
    private func isSuspected(
        _ attempt: AttemptID,
        at position: Int,
        of worker: Worker,
        _ loss: WorkerLoss
    ) -> Bool {
        if case .overdue(let overdue) = loss { return attempt == overdue }
        return position < worker.slots
    }

    /// Counts a lost worker against its task; true when that was one too many and ended the job.
    private mutating func countLoss(of task: TaskID, _ loss: WorkerLoss) -> Bool {
        let lost = update(task.step) { step -> Int in
            step.tasks[task.index].workersLost += 1
            return step.tasks[task.index].workersLost
        }
        guard lost >= SchedulingSettings.workersLostPerTask else { return false }
        let text = "\(describe(task)) took down \(lost) workers, the last one: \(loss)"
        end(task.step.job, .failed(reason: text), failing: task.step)
        return true
    }

    /// Lets go of draining workers that have nothing left to do.
    mutating func stopDrainedWorkers() {
        for id in workers.keys.sorted() {
            guard let worker = workers[id], worker.state == .draining, worker.running.isEmpty else {
                continue
            }
            workers[id] = nil
            if let index = poolIndex(worker.pool) { pools[index].workers.remove(id) }
            commands.append(.stopWorker(id, reason: "drained"))
        }
    }

    private mutating func scale(_ pool: PoolID, to count: Int) {
        guard let index = poolIndex(pool), pools[index].settings.startsWorkers else { return }
        pools[index].wantedWorkers = max(0, min(count, pools[index].settings.maxWorkers))
        let members = members(of: index)
        let surplus = members.count - pools[index].wantedWorkers
        guard surplus > 0 else { return }
        // The idlest go first, the youngest among those.
        let idlest = members.sorted {
            (workers[$0]?.running.count ?? 0, $1) < (workers[$1]?.running.count ?? 0, $0)
        }
        for id in idlest.prefix(surplus) { workers[id]?.state = .draining }
    }

    /// The pool's workers that are to stay.
    private func members(of index: Int) -> [WorkerID] {
        pools[index].workers.sorted().filter { workers[$0]?.state != .draining }
    }
}
