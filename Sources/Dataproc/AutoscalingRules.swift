import Base

/// What an autoscaling policy must be, and how many workers it wants.
enum AutoscalingRules {
    static let defaultCooldown = Duration.seconds(120)

    static func check(_ policy: JSONValue) throws(RPCError) {
        let algorithm = policy["basicAlgorithm"]
        if let cooldown = algorithm?["cooldownPeriod"]?.text.flatMap(ProtoText.duration) {
            guard (.seconds(120) ... .seconds(86_400)).contains(cooldown) else {
                throw .invalid("'basicAlgorithm.cooldownPeriod' must be 120s to 86400s")
            }
        }
        for key in [
            "scaleUpFactor", "scaleDownFactor", "scaleUpMinWorkerFraction",
            "scaleDownMinWorkerFraction",
        ] {
            guard (0.0...1.0).contains(algorithm?[path: ["yarnConfig", key]]?.real ?? 0) else {
                throw .invalid("'basicAlgorithm.yarnConfig.\(key)' must be 0 to 1")
            }
        }
        guard let most = policy[path: ["workerConfig", "maxInstances"]]?.integer, most >= 1 else {
            throw .invalid("'workerConfig.maxInstances' must be at least 1")
        }
        for group in ["workerConfig", "secondaryWorkerConfig"] {
            let range = bounds(policy, group)
            guard range.least >= 0, range.least <= range.most else {
                throw .invalid("'\(group).minInstances' must be 0 to maxInstances")
            }
        }
        try ResourceRules.check(labels: policy["labels"]?.textFields ?? [:])
    }

    private static func bounds(_ policy: JSONValue, _ group: String) -> (least: Int, most: Int) {
        let isPrimary = group == "workerConfig"
        let most = policy[path: [group, "maxInstances"]]?.integer ?? 0
        let least = policy[path: [group, "minInstances"]]?.integer ?? 0
        return (least == 0 && isPrimary ? min(2, most) : least, most)
    }

    /// The size that a policy wants for a cluster of which so many tasks are queued.
    ///
    /// Up by `scaleUpFactor` of the workers that the queue could use, down by `scaleDownFactor` of
    /// those that nothing is queued for; a change smaller than the fraction is left out. Secondary
    /// workers come first and go first.
    static func size(
        _ policy: JSONValue,
        _ size: ClusterResource.Size,
        queuedTasks: Int,
        isBusy: Bool,
        slots: Int
    ) -> ClusterResource.Size {
        let yarn = policy[path: ["basicAlgorithm", "yarnConfig"]]
        let primary = bounds(policy, "workerConfig")
        let secondary = bounds(policy, "secondaryWorkerConfig")
        let current = size.workers + size.secondary
        var wanted = current
        if queuedTasks > 0 {
            let more = Double(queuedTasks) / Double(max(1, slots))
            let step = more * (yarn?["scaleUpFactor"]?.real ?? 0)
            let least = (yarn?["scaleUpMinWorkerFraction"]?.real ?? 0) * Double(current)
            if step > least { wanted += Int(step.rounded(.up)) }
        } else if !isBusy {
            let step = Double(current) * (yarn?["scaleDownFactor"]?.real ?? 0)
            let least = (yarn?["scaleDownMinWorkerFraction"]?.real ?? 0) * Double(current)
            if step > least { wanted -= Int(step.rounded(.up)) }
        }
        let workers = min(max(wanted - secondary.most, primary.least), primary.most)
        let kept = max(workers, min(size.workers, min(wanted, primary.most)))
        let extra = min(max(wanted - kept, secondary.least), secondary.most)
        return ClusterResource.Size(
            workers: max(primary.least, min(kept, primary.most)),
            secondary: extra
        )
    }
}

extension DataprocCore {
    /// Lets a cluster's policy look at it, unless that was a short while ago.
    mutating func autoscale(
        _ cluster: ClusterResource,
        isBusy: Bool,
        _ world: World,
        _ now: Moment
    ) {
        guard let id = cluster.policy, let policy = policies[cluster.name.sibling(id)],
            let pool = world.pool(cluster.zone),
            cooldowns[cluster.name].map({ $0 <= now.instant }) ?? true
        else { return }
        let algorithm = policy.body["basicAlgorithm"]
        var wanted = AutoscalingRules.size(
            policy.body,
            cluster.size,
            queuedTasks: isBusy ? pool.queuedTasks : 0,
            isBusy: isBusy,
            slots: pool.slots
        )
        if pool.startsWorkers {
            // As many as the pool may have: an update beyond that would end in an error.
            let room = pool.maxWorkers - otherClaims(than: cluster)
            wanted.secondary = max(0, min(wanted.secondary, room - wanted.workers))
            wanted.workers = max(1, min(wanted.workers, room))
        }
        guard wanted != cluster.size else { return }
        let pause =
            algorithm?["cooldownPeriod"]?.text.flatMap(ProtoText.duration)
            ?? AutoscalingRules.defaultCooldown
        cooldowns[cluster.name] = now.instant + pause
        let grace =
            algorithm?[path: ["yarnConfig", "gracefulDecommissionTimeout"]]?.text
            .flatMap(ProtoText.duration) ?? .zero
        let before = cluster.size
        var cluster = cluster
        cluster.size = wanted
        _ = update(
            cluster,
            before: before,
            grace: grace,
            "Autoscale cluster from \(before.total) to \(wanted.total) workers",
            at: now
        )
    }
}
