import Base

/// What the passing of time brings: workers come and go, jobs end, deadlines pass.
extension DataprocCore {
    /// Looks at all that is under way.
    package mutating func advance(in world: World, at now: Moment) {
        for operation in operations.values.filter({ !$0.isDone }).sorted(by: {
            $0.serial < $1.serial
        }) {
            // One that was looked at before may have ended it.
            guard let operation = operations[operation.name], !operation.isDone else { continue }
            advance(running(operation, at: now), world, now)
        }
        // One pass over all jobs, however many clusters there are.
        let busy = Set(jobs.values.lazy.filter { !$0.isEnded }.map(\.clusterUUID))
        for cluster in clusters.values.sorted(by: { $0.serial < $1.serial })
        where cluster.status.state == "RUNNING" {
            age(cluster, isBusy: busy.contains(cluster.uuid), world, now)
        }
        forgetOld()
    }

    private mutating func running(
        _ operation: OperationResource,
        at now: Moment
    ) -> OperationResource {
        guard operation.status.state == "PENDING" else { return operation }
        var operation = operation
        operation.status.set(StatusEntry("RUNNING", at: now.wall))
        put(operation)
        return operation
    }

    private mutating func advance(
        _ operation: OperationResource,
        _ world: World,
        _ now: Moment
    ) {
        switch operation.goal {
        case .job(let id): return follow(operation, jobs[operation.name.sibling(id)], world, now)
        case .workflow(let run): return advance(operation, run, world, now)
        default: break
        }
        let name = operation.name.sibling(operation.cluster)
        guard let cluster = clusters[name], cluster.uuid == operation.clusterUUID else {
            let gone = RPCError(.notFound, "the cluster '\(operation.cluster)' is gone")
            return end(operation, .error(gone), at: now)
        }
        switch operation.goal {
        case .create, .start, .update: acquire(operation, cluster, world, now)
        case .delete(let deadline): delete(operation, cluster, deadline, now)
        case .stop:
            var cluster = cluster
            cluster.enter("STOPPED", at: now.wall)
            put(cluster)
            end(operation, response(cluster, world), at: now)
        case .diagnose:
            let uri = "gs://\(JobResource.logBucket)/clusters/\(cluster.uuid)/diagnostic"
            let type = OperationResource.typePrefix + "DiagnoseClusterResults"
            let results = JSONValue.object(["outputUri": .string(uri)])
            end(operation, .response(type: type, results), at: now)
        case .job, .workflow: break
        }
    }

    func response(_ cluster: ClusterResource, _ world: World) -> OperationResource.Outcome {
        .response(
            type: OperationResource.typePrefix + "Cluster",
            cluster.json(dashboard: world.dashboard)
        )
    }

    // MARK: Workers

    /// Waits until the pool has the workers that the cluster claims, up to the pool's patience.
    private mutating func acquire(
        _ operation: OperationResource,
        _ cluster: ClusterResource,
        _ world: World,
        _ now: Moment
    ) {
        guard let pool = world.pool(cluster.zone) else {
            let error = RPCError.exhausted(
                zone: cluster.zone,
                "the pool is not configured any more"
            )
            return giveUp(operation, cluster, error, now)
        }
        let deadline = deadlines[operation.name] ?? now.instant + pool.acquireTimeout
        deadlines[operation.name] = deadline
        let has = pool.healthyWorkers - olderClaims(than: cluster)
        if has >= cluster.claim {
            guard isRidOfLeaving(operation, cluster, pool, now) else { return }
            return acquired(operation, cluster, world, now)
        }
        let most = pool.maxWorkers - otherClaims(than: cluster)
        let isHopeless = pool.startsWorkers && most < (cluster.minimum ?? cluster.claim)
        guard isHopeless || now.instant >= deadline else { return }
        if let minimum = cluster.minimum, has >= minimum {
            var cluster = cluster
            cluster.size.workers = has - cluster.size.secondary
            return acquired(operation, cluster, world, now)
        }
        let found = max(0, isHopeless ? most : has)
        let cause = pool.reason.map { "; \($0)" } ?? ""
        let text =
            isHopeless
            ? "it has room for \(found) more workers of \(cluster.claim), with max_workers "
                + "\(pool.maxWorkers)"
            : "\(found) of \(cluster.claim) workers after \(Int(pool.acquireTimeout.seconds)) s"
        giveUp(operation, cluster, .exhausted(zone: cluster.zone, text + cause), now)
    }

    /// A cluster that shrinks is done when those that leave have left, or their time is over.
    private mutating func isRidOfLeaving(
        _ operation: OperationResource,
        _ cluster: ClusterResource,
        _ pool: World.Pool,
        _ now: Moment
    ) -> Bool {
        guard case .update(let before, let deadline) = operation.goal,
            cluster.size.total < before.total, pool.startsWorkers
        else { return true }
        // The claim was lowered with the request, so whoever leaves for it does so by now.
        guard pool.leavingWorkers > 0 else { return true }
        if let deadline, deadline > now.wall.rfc3339 { return false }
        commands.append(.evict(pool.name))
        return true
    }

    private mutating func acquired(
        _ operation: OperationResource,
        _ cluster: ClusterResource,
        _ world: World,
        _ now: Moment
    ) {
        var cluster = cluster
        if case .update = operation.goal {} else { cluster.idleSince = now.wall.rfc3339 }
        cluster.enter("RUNNING", at: now.wall)
        put(cluster)
        end(operation, response(cluster, world), at: now)
    }

    /// Takes back what was begun: of a cluster that could not be made nothing stays, unless it was
    /// asked to.
    private mutating func giveUp(
        _ operation: OperationResource,
        _ cluster: ClusterResource,
        _ error: RPCError,
        _ now: Moment
    ) {
        var cluster = cluster
        switch operation.goal {
        case .create(keepsFailed: false): remove(.cluster, cluster.name)
        case .update(let before, _):
            cluster.size = before
            cluster.enter("RUNNING", at: now.wall)
            put(cluster)
        case .start:
            cluster.enter("STOPPED", error.message, at: now.wall)
            put(cluster)
        default:
            cluster.enter("ERROR", error.message, at: now.wall)
            put(cluster)
        }
        end(operation, .error(error), at: now)
    }

    /// Ends the jobs of a cluster, or lets them end, and then the cluster.
    private mutating func delete(
        _ operation: OperationResource,
        _ cluster: ClusterResource,
        _ deadline: String?,
        _ now: Moment
    ) {
        let open = openJobs(of: cluster)
        if !open.isEmpty {
            if let deadline, deadline > now.wall.rfc3339 { return }
            for job in open { cancel(job, "the cluster '\(cluster.name.id)' is deleted", at: now) }
            return
        }
        remove(.cluster, cluster.name)
        end(operation, OperationResource.empty, at: now)
    }

    // MARK: Jobs

    private mutating func follow(
        _ operation: OperationResource,
        _ job: JobResource?,
        _ world: World,
        _ now: Moment
    ) {
        guard let job else {
            return end(operation, .error(RPCError(.notFound, "the job is gone")), at: now)
        }
        guard job.isEnded else { return }
        let detail = job.status.current.detail ?? "no reason is known"
        switch job.status.state {
        case "DONE":
            let type = OperationResource.typePrefix + "Job"
            let value = job.json(dashboard: world.dashboard)
            end(operation, .response(type: type, value), at: now)
        case "CANCELLED":
            end(operation, .error(RPCError(.cancelled, "the job was cancelled")), at: now)
        default: end(operation, .error(RPCError(.unknown, "the job failed: \(detail)")), at: now)
        }
    }

    // MARK: Age

    /// Ends or stops a cluster whose time is over, and lets its policy look at it.
    private mutating func age(
        _ cluster: ClusterResource,
        isBusy: Bool,
        _ world: World,
        _ now: Moment
    ) {
        var cluster = cluster
        if isBusy {
            // Written when it changes only: a restart counts from the last time it was.
            cluster.idleSince = now.wall.rfc3339
            clusters[cluster.name] = cluster
        }
        let lifecycle = cluster.config["lifecycleConfig"]
        func isOver(_ key: String, since start: String) -> Bool {
            guard let time = lifecycle?[key]?.text.flatMap(ProtoText.duration),
                let start = ProtoText.timestamp(start)
            else { return false }
            return now.wall - start >= time
        }
        func isPast(_ key: String) -> Bool {
            lifecycle?[key]?.text.flatMap(ProtoText.timestamp).map { $0 <= now.wall } ?? false
        }
        if isOver("autoDeleteTtl", since: cluster.created) || isPast("autoDeleteTime")
            || !isBusy && isOver("idleDeleteTtl", since: cluster.idleSince)
        {
            _ = try? delete(cluster, at: now)
        } else if isOver("autoStopTtl", since: cluster.created) || isPast("autoStopTime")
            || !isBusy && isOver("idleStopTtl", since: cluster.idleSince)
        {
            cluster.enter("STOPPING", at: now.wall)
            put(cluster)
            _ = begin(
                .stop,
                "STOP",
                "Stop cluster whose time is over",
                cluster: (cluster.name, cluster.uuid),
                labels: cluster.labels,
                requestID: nil,
                at: now
            )
        } else {
            autoscale(cluster, isBusy: isBusy, world, now)
        }
    }

    /// Forgets the oldest of what has ended, so that memory stays bounded.
    private mutating func forgetOld() {
        guard operations.count > Self.endedOperationsLimit || jobs.count > Self.endedJobsLimit
        else { return }
        let operations = self.operations.values.filter(\.isDone).sorted { $0.serial < $1.serial }
        for operation in operations.dropLast(Self.endedOperationsLimit) {
            remove(.operation, operation.name)
        }
        let jobs = self.jobs.values.filter(\.isEnded).sorted { $0.serial < $1.serial }
        for job in jobs.dropLast(Self.endedJobsLimit) { remove(.job, job.name) }
    }
}
