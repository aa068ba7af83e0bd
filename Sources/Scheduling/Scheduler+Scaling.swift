package import Base

/// How many workers a pool is to have, and when they are started.
extension Scheduler {
    mutating func launchWorkers() {
        for index in pools.indices where pools[index].settings.startsWorkers {
            setTarget(of: index)
            if let until = pools[index].expectedUntil, now >= until {
                pools[index].expected = 0
                pools[index].expectedUntil = nil
            }
            let present = pools[index].members + pools[index].launching + pools[index].expected
            guard present < pools[index].wantedWorkers else { continue }
            if let notBefore = pools[index].launchAfter, now < notBefore { continue }
            pools[index].launchAfter = nil
            for _ in present..<pools[index].wantedWorkers {
                pools[index].launching += 1
                commands.append(.startWorker(pools[index].settings.id))
            }
        }
    }

    mutating func noteLaunchFailure(of pool: PoolID, reason: String) {
        guard let index = poolIndex(pool) else { return }
        pools[index].launching = max(0, pools[index].launching - 1)
        pools[index].lastLaunchFailure = reason
        changes.formUnion(.pools)
        delayLaunch(of: index)
    }

    /// Starts the pool's next workers later, each time twice as late.
    mutating func delayLaunch(of index: Int) {
        pools[index].launchAfter = now + pools[index].launchDelay
        pools[index].launchDelay = min(pools[index].launchDelay * 2, Pool.lastLaunchDelay)
    }

    // MARK: Targets

    private mutating func setTarget(of index: Int) {
        let (workers, reason) = target(of: index)
        pools[index].targetReason = reason
        guard workers != pools[index].wantedWorkers else { return }
        pools[index].wantedWorkers = workers
        cancelSurplus(of: index)
        drainSurplus(of: index)
    }

    /// Takes back starts that are not needed any more, before they cost something.
    ///
    /// A process of this machine joins sooner than it could be stopped.
    mutating func cancelSurplus(of index: Int) {
        let pool = pools[index]
        guard pool.settings.isOnDemand else { return }
        let surplus = pool.members + pool.launching - pool.wantedWorkers
        let count = min(pool.launching, surplus)
        guard count > 0 else { return }
        pools[index].launching -= count
        commands.append(.cancelStarts(pool.settings.id, count))
    }

    /// How many workers the pool is to have, and why, where that is not just `workers`.
    private mutating func target(of index: Int) -> (workers: Int, reason: String?) {
        let (workers, reason) = unclaimedTarget(of: index)
        let pool = pools[index]
        // Claimed workers are of no use in a pool that is too small to work.
        let claimed =
            pool.claimedWorkers == 0 ? 0 : max(pool.claimedWorkers, pool.settings.minWorkers)
        return claimed > workers
            ? (claimed, "\(pool.claimedWorkers) workers are claimed") : (workers, reason)
    }

    private mutating func unclaimedTarget(of index: Int) -> (workers: Int, reason: String?) {
        let pool = pools[index]
        let settings = pool.settings
        if let scaled = pool.scaledTo {
            return (scaled, settings.autoscale == nil ? nil : "scaled by hand: no autoscaling")
        }
        let isNeeded = pool.jobs > 0 || pool.acquiringSince != nil
        if settings.isOnDemand, !isNeeded, pool.exhaustedReason != nil {
            pools[index].autoscaler = Autoscaler()
            return (0, "given up until a job needs it")
        }
        let isIdle = settings.isOnDemand && !isNeededSoon(index, isNeeded)
        if let autoscale = settings.autoscale {
            let tasks = openTasks(in: settings.id)
            let least = isIdle ? min(settings.workers, settings.minWorkers) : settings.minWorkers
            let workers = pools[index].autoscaler.workers(
                for: tasks,
                autoscale,
                within: least...max(least, settings.maxWorkers),
                at: now
            )
            let text = "autoscaled for \(tasks) open tasks, \(autoscale.tasksPerWorker) a worker"
            return (workers, text)
        }
        guard settings.isOnDemand, !isIdle, settings.workers < settings.minWorkers else {
            return (settings.workers, nil)
        }
        return (settings.minWorkers, "started for a job")
    }

    /// Whether a job needs the pool, or did a moment ago: the next one may, too.
    private mutating func isNeededSoon(_ index: Int, _ isNeeded: Bool) -> Bool {
        if isNeeded { pools[index].neededAt = now }
        guard let last = pools[index].neededAt else { return false }
        return isNeeded || now - last < Pool.idleTime
    }

    /// Tasks of the pool's jobs that wait for a worker.
    package func readyTasks(in pool: PoolID) -> Int {
        readySteps.reduce(0) { sum, ready in
            guard jobs[ready.step.job]?.pool == pool else { return sum }
            return sum + (step(ready.step)?.ready.count ?? 0)
        }
    }

    /// Tasks of the pool's jobs that are not done: those cut, and those that are still to be cut,
    /// reckoned from what was read of the input so far.
    func openTasks(in pool: PoolID) -> Int {
        runningJobs.reduce(0) { sum, id in
            guard let job = jobs[id], job.pool == pool else { return sum }
            return sum + job.steps.reduce(0) { $0 + $1.openTasks }
        }
    }
}

extension Step {
    /// Tasks that are not done, with those that the rest of the input is expected to make.
    fileprivate var openTasks: Int {
        guard !state.isEnded else { return 0 }
        let known = tasks.count - doneTasks
        guard state == .reading, readBytes > 0 else { return known }
        let left = Double(max(0, source.sizeBytes - readBytes)) / Double(readBytes)
        return known + Int((left * Double(tasks.count)).rounded())
    }
}
