import Base

/// Workers: how they join, are missed, drained and lost.
extension Scheduler {
    mutating func applyWorkerEvent(_ event: Event) {
        switch event {
        case .workerJoined(let id, let pool, let slots, let wasLaunched):
            join(id, pool, slots: slots, wasLaunched: wasLaunched)
        case .workerHeard(let id):
            hear(id)
        case .workerClosed(let id, let loss):
            lose(id, loss)
        case .launchFailed(let pool, let reason):
            noteLaunchFailure(of: pool, reason: reason)
        case .drainRequested(let id):
            drain(id, reason: "drained by hand")
        case .scaleRequested(let pool, let count):
            scale(pool, to: count)
        case .claimed(let pool, let count):
            claim(count, of: pool)
        case .leaversReleased(let pool):
            releaseLeavers(of: pool)
        default:
            preconditionFailure("not a worker event: \(event)")
        }
    }

    // MARK: Books

    /// Changes a worker and keeps what its pool knows of it; the only way in which one changes.
    mutating func updateWorker(_ id: WorkerID, _ change: (inout Worker) -> Void) {
        guard let place = workers.index(forKey: id) else { return }
        let before = workers.values[place].state
        change(&workers.values[place])
        if workers.values[place].running.isEmpty { workers.values[place].isReserved = false }
        let worker = workers.values[place]
        let pool = worker.poolIndex
        if worker.isHealthy {
            pools[pool].leasable.update(id, load: worker.load)
        } else {
            pools[pool].leasable.remove(id)
        }
        if worker.state != before {
            pools[pool].drainingWorkers += worker.state.drainingCount - before.drainingCount
            changes.formUnion([.jobs, .pools])
            nextWorkerCheck = min(nextWorkerCheck, worker.nextCheck(settings))
        }
        if worker.state == .draining, worker.running.isEmpty { release(id) }
    }

    /// Lets go of a draining worker that has nothing left to do.
    private mutating func release(_ id: WorkerID) {
        let reason = removeWorker(id)?.reason ?? ""
        commands.append(.stopWorker(id, reason: reason, isForGood: true))
    }

    @discardableResult
    private mutating func removeWorker(_ id: WorkerID) -> Worker? {
        guard let worker = workers.removeValue(forKey: id) else { return nil }
        pools[worker.poolIndex].workers.remove(id)
        pools[worker.poolIndex].leasable.remove(id)
        pools[worker.poolIndex].drainingWorkers -= worker.state.drainingCount
        pools[worker.poolIndex].slots -= worker.slots
        changes.formUnion([.jobs, .pools])
        return worker
    }

    // MARK: Joining and leaving

    private mutating func join(_ id: WorkerID, _ pool: PoolID, slots: Int, wasLaunched: Bool) {
        guard let index = poolIndex(pool) else {
            preconditionFailure("worker \(id) joins the unknown pool \(pool)")
        }
        precondition(workers[id] == nil, "worker \(id) joins twice")
        workers[id] = Worker(id: id, pool: pool, poolIndex: index, slots: slots, lastHeard: now)
        pools[index].workers.insert(id)
        pools[index].slots += slots
        pools[index].hadWorkers = true
        changes.formUnion([.jobs, .pools])
        if wasLaunched {
            pools[index].launching = max(0, pools[index].launching - 1)
        } else {
            pools[index].expected = max(0, pools[index].expected - 1)
        }
        updateWorker(id) { _ in }
        nextWorkerCheck = min(nextWorkerCheck, now + settings.suspectAfter)
        noteUsable(index)
        cancelSurplus(of: index)
        // It was replaced while it was thought lost, or the pool was scaled down while it started.
        if pools[index].settings.startsWorkers, pools[index].members > pools[index].wantedWorkers {
            drain(id, reason: "the pool has all its workers")
        }
    }

    private mutating func hear(_ id: WorkerID) {
        guard let place = workers.index(forKey: id) else { return }
        workers.values[place].lastHeard = now
        guard workers.values[place].state == .suspect else { return }
        updateWorker(id) { worker in
            worker.state = .ready
            worker.reason = nil
        }
        noteUsable(workers.values[place].poolIndex)
    }

    /// Silence makes a worker suspect, and more of it lost; one that was set aside comes back.
    ///
    /// Whoever is heard only gains time, so nobody has to be looked at before the first deadline that
    /// was found the last time.
    mutating func checkWorkers() {
        guard now >= nextWorkerCheck else { return }
        for id in workers.keys.sorted() {
            guard let worker = workers[id] else { continue }
            let silence = now - worker.lastHeard
            if silence > settings.lostAfter {
                giveUp(id, .silent(silence))
            } else if silence > settings.suspectAfter, worker.state == .ready {
                updateWorker(id) { worker in
                    worker.state = .suspect
                    worker.reason = "no heartbeat for \(Int(silence.seconds)) s"
                }
            } else if case .setAside(let until) = worker.state, now >= until {
                updateWorker(id) { worker in
                    worker.state = .ready
                    worker.reason = nil
                }
                noteUsable(worker.poolIndex)
            }
        }
        let checks = workers.values.map { $0.nextCheck(settings) }
        nextWorkerCheck = checks.min() ?? Instant(nanoseconds: .max)
    }

    /// Loses a worker that is still connected.
    mutating func giveUp(_ id: WorkerID, _ loss: WorkerLoss, overdueAfter limit: Duration? = nil) {
        guard workers[id] != nil else { return }
        commands.append(.stopWorker(id, reason: "\(loss)", isForGood: false))
        lose(id, loss, overdueAfter: limit)
    }

    /// Does not count the time in which nobody could listen against the workers.
    mutating func excuseSilence(of duration: Duration) {
        for place in workers.values.indices {
            // Who was heard since then is not heard in the future.
            workers.values[place].lastHeard = min(now, workers.values[place].lastHeard + duration)
        }
    }

    private mutating func lose(
        _ id: WorkerID,
        _ loss: WorkerLoss,
        overdueAfter limit: Duration? = nil
    ) {
        guard let worker = removeWorker(id) else { return }
        let tasks = worker.running.map { attempt -> TaskID? in
            guard let limit, loss == .overdue(attempt) else {
                return endAttempt(attempt, .lost(loss))
            }
            return endAttempt(attempt, .overdue(after: limit))
        }
        for (position, task) in tasks.enumerated() {
            // The job may have ended with the task before.
            guard let task, jobs[task.step.job]?.isEnded == false else { continue }
            let attempt = worker.running[position]
            if isSuspected(attempt, at: position, of: worker, loss), countLoss(of: task, loss) {
                continue
            }
            returnTask(task, of: attempt)
        }
        // One that finished something was sound: replaced at once. Others are started ever slower.
        if worker.finishedAttempts > 0 {
            pools[worker.poolIndex].launchDelay = Pool.firstLaunchDelay
        } else if worker.state != .draining {
            delayLaunch(of: worker.poolIndex)
        }
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

    // MARK: Draining

    /// Gives a worker nothing new, and lets go of it when it has finished what it runs.
    private mutating func drain(_ id: WorkerID, reason: String) {
        updateWorker(id) { worker in
            worker.state = .draining
            worker.reason = reason
        }
    }

    private mutating func scale(_ pool: PoolID, to count: Int) {
        guard let index = poolIndex(pool), pools[index].settings.startsWorkers else { return }
        pools[index].scaledTo = max(0, min(count, pools[index].settings.maxWorkers))
        changes.formUnion(.pools)
    }

    private mutating func claim(_ count: Int, of pool: PoolID) {
        guard let index = poolIndex(pool) else { return }
        pools[index].claimedWorkers = max(0, min(count, pools[index].settings.maxWorkers))
        changes.formUnion(.pools)
    }

    /// Lets draining workers go at once; what they run is leased anew, and nobody is blamed for it.
    private mutating func releaseLeavers(of pool: PoolID) {
        guard let index = poolIndex(pool) else { return }
        for id in pools[index].workers.sorted() where workers[id]?.state == .draining {
            guard let worker = removeWorker(id) else { continue }
            let reason = worker.reason ?? ""
            commands.append(.stopWorker(id, reason: reason, isForGood: true))
            for attempt in worker.running {
                let task = endAttempt(attempt, .lost(.disconnected(reason: reason)))
                if let task, jobs[task.step.job]?.isEnded == false {
                    returnTask(task, of: attempt)
                }
            }
        }
    }

    /// Drains the workers that a pool has too many: the least loaded, the youngest among those.
    mutating func drainSurplus(of index: Int) {
        let surplus = pools[index].members - pools[index].wantedWorkers
        guard surplus > 0 else { return }
        let members = pools[index].workers.compactMap { workers[$0] }.filter {
            $0.state != .draining
        }
        let idlest = members.sorted { left, right in
            (left.running.count, right.id) < (right.running.count, left.id)
        }
        for worker in idlest.prefix(surplus) {
            drain(worker.id, reason: "the pool was scaled down")
        }
    }

    // MARK: Health

    /// Judges a worker after a failure of its own: one that fails while others do not gets no work.
    ///
    /// A started one is replaced; of others nobody else could be started in its place, so it may
    /// try again after a while.
    mutating func judge(_ id: WorkerID) {
        guard let worker = workers[id], worker.isHealthy else { return }
        let others = pools[worker.poolIndex].finishedAttempts - worker.finishedAttempts
        var reason: String?
        var pause = Duration.zero
        let now = now
        updateWorker(id) { worker in
            reason = worker.health.noteFailure(
                own: worker.finishedAttempts,
                others: others,
                at: now
            )
            if reason != nil { pause = worker.health.takePause() }
        }
        guard let reason else { return }
        if pools[worker.poolIndex].settings.startsWorkers {
            delayLaunch(of: worker.poolIndex)
            drain(id, reason: reason)
        } else {
            updateWorker(id) { worker in
                worker.state = .setAside(until: now + pause)
                worker.reason = "set aside for \(Int(pause.seconds)) s: \(reason)"
            }
        }
    }
}

extension Worker.State {
    fileprivate var drainingCount: Int { self == .draining ? 1 : 0 }
}
