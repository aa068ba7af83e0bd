import Scheduling

/// What pools of a random walk are left with.
extension RandomWalk {
    /// What pools that start workers have after a long rest, and should not.
    var surplus: [String] {
        fixture.scheduler.pools.filter(\.settings.startsWorkers).compactMap { pool in
            let settings = pool.settings
            let idle: Int
            if let count = scaled[settings.id] {
                idle = count
            } else if settings.isOnDemand || settings.autoscale == nil {
                idle = pool.exhaustedReason == nil || !settings.isOnDemand ? settings.workers : 0
            } else {
                idle = settings.minWorkers
            }
            return pool.workers.count == idle
                ? nil : "\(settings.id) keeps \(pool.workers.count) workers and not \(idle)"
        }
    }
}
