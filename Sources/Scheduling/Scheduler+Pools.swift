package import Base

/// Pools: which one a job uses, and what happens when it is lost.
extension Scheduler {
    /// Whether a pool can be had now.
    enum PoolChoice: Equatable {
        /// The pool at this place.
        case ready(Int)
        case wait(reason: String)
    }

    func poolIndex(_ id: PoolID) -> Int? { pools.firstIndex { $0.settings.id == id } }

    package func pool(_ id: PoolID) -> Pool? { pools.first { $0.settings.id == id } }

    /// What the pool is shown as.
    package func state(of pool: Pool) -> Pool.State {
        if pool.isUsable { return pool.jobs > 0 ? .active : .ready }
        if pool.acquiringSince != nil { return .acquiring }
        if pool.exhaustedReason != nil { return .exhausted }
        if pool.drainingWorkers > 0, pool.members == 0 { return .draining }
        let isAwaited = pool.settings.startsWorkers ? pool.wantedWorkers > 0 : pool.hadWorkers
        return pool.workers.isEmpty && !isAwaited ? .empty : .acquiring
    }

    // MARK: Choosing

    /// The first pool with enough healthy workers; a pool that may still get them is waited for.
    mutating func choosePool(_ requested: PoolID?, among candidates: [Int]) -> PoolChoice {
        var reasons: [String] = []
        for index in candidates {
            let settings = pools[index].settings
            if let requested, requested != settings.id { continue }
            if pools[index].isUsable {
                pools[index].acquiringSince = nil
                return .ready(index)
            }
            if let reason = hopelessness(of: index) {
                reasons.append("\(settings.id) \(reason)")
                continue
            }
            if let reason = stillAcquiring(index) { return .wait(reason: reason) }
            reasons.append("\(settings.id): \(pools[index].exhaustedReason ?? "no workers")")
        }
        return .wait(reason: "no pool has workers (\(reasons.joined(separator: "; ")))")
    }

    /// Why waiting for the pool is in vain; nil when it is not.
    private func hopelessness(of index: Int) -> String? {
        let pool = pools[index]
        guard pool.settings.startsWorkers else { return pool.hadWorkers ? nil : "is empty" }
        guard pool.claimedWorkers == 0, let scaled = pool.scaledTo,
            scaled < pool.settings.minWorkers
        else { return nil }
        return "is scaled to \(scaled), less than min_workers"
    }

    /// Why the pool is worth waiting for; nil when its time is over.
    private mutating func stillAcquiring(_ index: Int) -> String? {
        if let retry = pools[index].retryAfter, now < retry { return nil }
        let settings = pools[index].settings
        let since = pools[index].acquiringSince ?? now
        pools[index].acquiringSince = since
        pools[index].isAwaited = true
        // Whoever is awaited may start workers for it.
        changes.formUnion(.pools)
        guard now - since > settings.acquireTimeout else {
            return "acquiring pool \(settings.id): \(pools[index].shortage)"
        }
        exhaust(index, after: settings.acquireTimeout)
        return nil
    }

    /// Gives a pool up, for a while.
    private mutating func exhaust(_ index: Int, after time: Duration) {
        let cause = pools[index].lastLaunchFailure.map { "; last start: \($0)" } ?? ""
        pools[index].exhaustedReason =
            "\(pools[index].shortage) after \(time.seconds) s\(cause)"
        pools[index].acquiringSince = nil
        pools[index].retryAfter = now + pools[index].settings.acquireTimeout
        changes.formUnion(.pools)
    }

    /// Forgets why a pool could not be had, now that it can.
    mutating func noteUsable(_ index: Int) {
        guard pools[index].isUsable else { return }
        pools[index].exhaustedReason = nil
        pools[index].retryAfter = nil
    }

    /// Looks at all jobs that lack a pool, and forgets since when pools are awaited that none
    /// awaits any more: the time of who does so next is its own.
    mutating func checkPools() {
        for index in pools.indices { pools[index].isAwaited = false }
        checkRunningJobs()
        startJobs()
        for index in pools.indices where !pools[index].isAwaited {
            pools[index].acquiringSince = nil
        }
    }

    // MARK: Fallback

    /// Moves jobs off pools that lack workers for too long; finished tasks stay finished.
    private mutating func checkRunningJobs() {
        for id in runningJobs {
            guard let current = jobs[id]?.pool, let index = poolIndex(current) else { continue }
            guard !pools[index].isUsable else {
                jobs[id]?.poolMissingSince = nil
                jobs[id]?.waitingReason = nil
                continue
            }
            let since = jobs[id]?.poolMissingSince ?? now
            jobs[id]?.poolMissingSince = since
            jobs[id]?.waitingReason = "pool \(current) has \(pools[index].shortage)"
            guard now - since > settings.fallbackAfter else { continue }
            fallBack(id, from: index, lostFor: now - since)
        }
    }

    private mutating func fallBack(_ id: JobID, from index: Int, lostFor: Duration) {
        guard let job = jobs[id] else { return }
        if pools[index].exhaustedReason == nil { exhaust(index, after: settings.fallbackAfter) }
        // In order, and from the start again where no later pool can be had.
        let others = Array(pools.indices.dropFirst(index + 1)) + Array(pools.indices.prefix(index))
        switch choosePool(job.requestedPool, among: others + [index]) {
        case .ready(let next):
            move(id, from: index, to: next)
        case .wait(let reason):
            let text = "\(job.waitingReason ?? "the pool is lost"); \(reason)"
            jobs[id]?.waitingReason = text
            guard lostFor > settings.queueTimeout else { return }
            let failure = "ZONE_RESOURCE_POOL_EXHAUSTED: \(text)"
            end(id, .failed(reason: failure), failing: nil)
        }
    }

    private mutating func move(_ id: JobID, from index: Int, to next: Int) {
        let (old, new) = (pools[index].settings.id, pools[next].settings.id)
        let reason = pools[index].exhaustedReason ?? "no workers"
        commands.append(.note(id, "pool \(old) is lost (\(reason)), going on in \(new)"))
        pools[index].jobs -= 1
        pools[next].jobs += 1
        changes.formUnion(.pools)
        jobs[id]?.pool = new
        jobs[id]?.poolMissingSince = nil
        jobs[id]?.waitingReason = nil
        for attempt in attempts.keys.sorted() {
            // A result that has arrived is whole, wherever it comes from.
            guard let running = attempts[attempt], running.task.step.job == id,
                !running.hasReturned
            else { continue }
            revoke(attempt, .poolChanged)
            returnTask(running.task, of: attempt)
        }
    }
}
