package import Base

/// Pools: which one a job uses, what happens when it is lost, and when workers are started.
extension Scheduler {
    /// Whether a pool can be had now.
    enum PoolChoice: Equatable {
        case ready(PoolID)
        case wait(reason: String)
    }

    func poolIndex(_ id: PoolID) -> Int? { pools.firstIndex { $0.settings.id == id } }

    package func pool(_ id: PoolID) -> Pool? { pools.first { $0.settings.id == id } }

    func healthyWorkers(in id: PoolID) -> Int {
        pool(id)?.workers.count { workers[$0]?.isHealthy ?? false } ?? 0
    }

    /// What the pool is shown as.
    package func state(of pool: Pool) -> Pool.State {
        if healthyWorkers(in: pool.settings.id) >= max(1, pool.settings.minWorkers) {
            let isUsed = runningJobs.contains { jobs[$0]?.pool == pool.settings.id }
            return isUsed ? .active : .ready
        }
        if pool.exhaustedReason != nil { return .exhausted }
        return pool.settings.startsWorkers || pool.hadWorkers ? .acquiring : .empty
    }

    /// The first pool with enough healthy workers; a pool that may still get them is waited for.
    mutating func choosePool(for job: Job) -> PoolChoice {
        var reasons: [String] = []
        for index in pools.indices {
            let settings = pools[index].settings
            if let requested = job.requestedPool, requested != settings.id { continue }
            let healthy = healthyWorkers(in: settings.id)
            if healthy >= max(1, settings.minWorkers) {
                pools[index].acquiringSince = nil
                pools[index].exhaustedReason = nil
                return .ready(settings.id)
            }
            if !settings.startsWorkers, !pools[index].hadWorkers {
                reasons.append("\(settings.id) is empty")
                continue
            }
            if let reason = stillAcquiring(index, healthy: healthy) {
                return .wait(reason: reason)
            }
            reasons.append("\(settings.id): \(pools[index].exhaustedReason ?? "no workers")")
        }
        return .wait(reason: "no pool has workers (\(reasons.joined(separator: "; ")))")
    }

    /// Why the pool is worth waiting for; nil when its time is over.
    private mutating func stillAcquiring(_ index: Int, healthy: Int) -> String? {
        let settings = pools[index].settings
        if let retry = pools[index].retryAfter, now < retry { return nil }
        let since = pools[index].acquiringSince ?? now
        pools[index].acquiringSince = since
        let text = "\(healthy) of at least \(settings.minWorkers) workers"
        guard now - since > settings.acquireTimeout else {
            return "acquiring pool \(settings.id): \(text)"
        }
        let cause = pools[index].lastLaunchFailure.map { "; last start: \($0)" } ?? ""
        pools[index].exhaustedReason =
            "\(text) after \(settings.acquireTimeout.seconds) s\(cause)"
        pools[index].acquiringSince = nil
        pools[index].retryAfter = now + settings.acquireTimeout
        return nil
    }

    /// Moves jobs off pools that lack workers for too long; finished tasks stay finished.
    mutating func checkPools() {
        for id in runningJobs {
            guard let job = jobs[id], let current = job.pool, let index = poolIndex(current) else {
                continue
            }
            let settings = pools[index].settings
            let healthy = healthyWorkers(in: current)
            guard healthy < max(1, settings.minWorkers) else {
                jobs[id]?.poolMissingSince = nil
                jobs[id]?.waitingReason = nil
                continue
            }
            let since = job.poolMissingSince ?? now
            jobs[id]?.poolMissingSince = since
            jobs[id]?.waitingReason =
                "pool \(current) has \(healthy) of at least \(settings.minWorkers) workers"
            guard now - since > self.settings.fallbackAfter else { continue }
            fallBack(id, from: index, lostFor: now - since)
        }
    }

    private mutating func fallBack(_ id: JobID, from index: Int, lostFor: Duration) {
        guard let job = jobs[id] else { return }
        // In order, and from the start again where no later pool can be had.
        let others = Array(pools.indices.dropFirst(index + 1)) + Array(pools.indices.prefix(index))
        let next = others.first {
            let settings = pools[$0].settings
            return (job.requestedPool ?? settings.id) == settings.id
                && healthyWorkers(in: settings.id) >= max(1, settings.minWorkers)
        }
        guard let next else {
            guard lostFor > settings.queueTimeout else { return }
            let reason = "ZONE_RESOURCE_POOL_EXHAUSTED: \(job.waitingReason ?? "no pool")"
            return end(id, .failed(reason: reason), failing: nil)
        }
        let (old, new) = (pools[index].settings.id, pools[next].settings.id)
        commands.append(.note(id, "pool \(old) is lost, going on in \(new)"))
        jobs[id]?.pool = new
        jobs[id]?.poolMissingSince = nil
        jobs[id]?.waitingReason = nil
        for attempt in attempts.keys.sorted() {
            guard let running = attempts[attempt], running.task.step.job == id,
                workers[running.worker]?.running.contains(attempt) ?? false
            else { continue }
            revoke(attempt, .poolChanged)
            putBack(running.task)
        }
    }

    // MARK: Starting workers

    mutating func launchWorkers() {
        for index in pools.indices where pools[index].settings.startsWorkers {
            if let until = pools[index].expectedUntil, now >= until {
                pools[index].expected = 0
                pools[index].expectedUntil = nil
            }
            let present =
                pools[index].workers.count + pools[index].launching + pools[index].expected
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
        delayLaunch(of: index)
    }

    /// Starts the pool's next workers later, each time twice as late.
    mutating func delayLaunch(of index: Int) {
        pools[index].launchAfter = now + pools[index].launchDelay
        pools[index].launchDelay = min(pools[index].launchDelay * 2, Pool.lastLaunchDelay)
    }
}
