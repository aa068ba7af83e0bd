import Base

/// Clusters: what requests ask of them.
extension DataprocCore {
    /// Clusters of all projects together; a guess at what no team has.
    package static let clustersLimit = 200
    static let workersLimit = 1024

    static let failureActions = EnumSchema(["FAILURE_ACTION_UNSPECIFIED", "NO_ACTION", "DELETE"])

    mutating func createCluster(_ call: Call) throws(RPCError) -> JSONValue {
        if let first = try known(call.query["requestId"], in: call.place) { return render(first) }
        let id = call.body["clusterName"]?.text ?? ""
        guard ResourceRules.isClusterName(id) else {
            throw .invalid(
                "'clusterName' must be a lowercase letter and then up to 50 lowercase letters, "
                    + "digits and -, no - at the end"
            )
        }
        let action = try call.query.word("actionOnFailedPrimaryWorkers", of: Self.failureActions)
        let cluster = try addCluster(
            id,
            config: call.body["config"] ?? .object([:]),
            labels: call.body["labels"]?.textFields ?? [:],
            isVirtual: call.body["virtualClusterConfig"] != nil,
            call
        )
        let operation = begin(
            .create(keepsFailed: action == "NO_ACTION"),
            "CREATE",
            "Create cluster with \(cluster.size.total) workers",
            cluster: (cluster.name, cluster.uuid),
            labels: cluster.labels,
            requestID: call.query["requestId"],
            at: call.now
        )
        return render(operation)
    }

    /// Reserves a name and workers for a new cluster.
    mutating func addCluster(
        _ id: String,
        config: JSONValue,
        labels: [String: String],
        isVirtual: Bool = false,
        _ call: Call
    ) throws(RPCError) -> ClusterResource {
        let name = call.place.sibling(id)
        guard !isVirtual else {
            throw .invalid("clusters on Kubernetes (virtualClusterConfig) are not made here")
        }
        guard clusters[name] == nil else {
            throw RPCError(.alreadyExists, "there is a cluster '\(id)' already")
        }
        try Self.checkRoom(clusters.count, Self.clustersLimit, "clusters")
        try ResourceRules.check(labels: labels)
        let size = try Self.size(of: config)
        let minimum = config[path: ["workerConfig", "minNumInstances"]]?.integer
        if let minimum, minimum < 1 || minimum > size.workers {
            throw .invalid("'config.workerConfig.minNumInstances' must be 1 to numInstances")
        }
        let zone = try zone(for: size, config, call.world)
        let cluster = ClusterResource(
            name: name,
            uuid: nextUUID(),
            serial: nextSerial(),
            labels: labels,
            config: config,
            zone: zone,
            size: size,
            minimum: minimum.map { $0 + size.secondary },
            status: StatusTrack(StatusEntry("CREATING", at: call.now.wall)),
            idleSince: call.now.wall.rfc3339,
            created: call.now.wall.rfc3339
        )
        try checkPolicy(of: cluster)
        put(cluster)
        return cluster
    }

    private static func size(of config: JSONValue) throws(RPCError) -> ClusterResource.Size {
        let properties = config[path: ["softwareConfig", "properties"]]?.textFields ?? [:]
        let isSingle =
            config["clusterType"]?.text == "SINGLE_NODE"
            || properties["dataproc:dataproc.allow.zero.workers"] == "true"
        let asked = config[path: ["workerConfig", "numInstances"]]?.integer ?? (isSingle ? 0 : 2)
        // A number that is not sent and one that is 0 look the same to the client's library.
        let workers = asked == 0 && !isSingle ? 2 : asked
        let secondary = config[path: ["secondaryWorkerConfig", "numInstances"]]?.integer ?? 0
        guard workers >= 0, secondary >= 0, workers + secondary <= workersLimit else {
            throw .invalid("a cluster has up to \(workersLimit) workers, not fewer than none")
        }
        return ClusterResource.Size(workers: workers, secondary: secondary)
    }

    /// The pool that was named, or the first that has room.
    private func zone(
        for size: ClusterResource.Size,
        _ config: JSONValue,
        _ world: World
    ) throws(RPCError) -> String {
        if let uri = config[path: ["gceClusterConfig", "zoneUri"]]?.text, !uri.isEmpty {
            let zone = uri.split(separator: "/").last.map(String.init) ?? ""
            guard world.pool(zone) != nil else {
                let known = world.pools.map(\.name).joined(separator: ", ")
                throw .invalid("there is no zone '\(zone)'; the pools are \(known)")
            }
            return zone
        }
        let claims = self.claims
        let free = world.pools.first { pool in
            let most = pool.startsWorkers ? pool.maxWorkers : pool.healthyWorkers
            return most - claims[pool.name, default: 0] >= size.total
        }
        return (free ?? world.pools.first)?.name ?? ""
    }

    // MARK: Looking

    func cluster(_ name: ResourceName) throws(RPCError) -> ClusterResource {
        guard let cluster = clusters[name] else { throw .notFound("cluster '\(name.id)'") }
        return cluster
    }

    func listClusters(_ call: Call) throws(RPCError) -> JSONValue {
        let filter = try Filter(
            call.query["filter"] ?? "",
            texts: ["status.state", "cluster_name", "cluster_uuid"]
        )
        let found = clusters.values.filter { cluster in
            cluster.name.isIn(call.place)
                && filter.matches(
                    labels: cluster.labels,
                    [
                        "status.state": .text(
                            cluster.status.state,
                            groups: [
                                "ACTIVE": ClusterResource.active,
                                "INACTIVE": ClusterResource.inactive,
                            ]
                        ),
                        "cluster_name": .text(cluster.name.id),
                        "cluster_uuid": .text(cluster.uuid),
                    ]
                )
        }
        let items = found.sorted { $0.name < $1.name }.map { (key: $0.name.id, item: $0) }
        return try Page.answer("clusters", items, call.query) {
            $0.json(dashboard: call.world.dashboard)
        }
    }

    // MARK: Ending, stopping

    mutating func deleteCluster(_ call: Call) throws(RPCError) -> JSONValue {
        if let first = try known(call.query["requestId"], in: call.place) { return render(first) }
        let cluster = try cluster(call.place)
        try check(call.query["clusterUuid"], of: cluster)
        let grace = try Self.graceful(call.query, "gracefulTerminationTimeout")
        return render(
            try delete(cluster, grace: grace, requestID: call.query["requestId"], at: call.now)
        )
    }

    mutating func delete(
        _ cluster: ClusterResource,
        grace: Duration = .zero,
        requestID: String? = nil,
        at now: Moment
    ) throws(RPCError) -> OperationResource {
        guard cluster.status.state != "DELETING" else {
            throw .refused("the cluster '\(cluster.name.id)' is being deleted")
        }
        let reason = RPCError(.cancelled, "the cluster '\(cluster.name.id)' was deleted meanwhile")
        for operation in openOperations(of: cluster) { end(operation, .error(reason), at: now) }
        var cluster = cluster
        cluster.enter("DELETING", at: now.wall)
        put(cluster)
        return begin(
            .delete(deadline: grace > .zero ? (now.wall + grace).rfc3339 : nil),
            "DELETE",
            "Delete cluster",
            cluster: (cluster.name, cluster.uuid),
            labels: cluster.labels,
            requestID: requestID,
            at: now
        )
    }

    func openOperations(of cluster: ClusterResource) -> [OperationResource] {
        operations.values.filter { operation in
            guard !operation.isDone, operation.clusterUUID == cluster.uuid else { return false }
            if case .job = operation.goal { return false }
            if case .workflow = operation.goal { return false }
            return true
        }.sorted { $0.serial < $1.serial }
    }

    /// `:stop` and `:start`.
    mutating func switchCluster(_ call: Call, on isStart: Bool) throws(RPCError) -> JSONValue {
        let requestID = call.body["requestId"]?.text
        if let first = try known(requestID, in: call.place) { return render(first) }
        var cluster = try cluster(call.place)
        try check(call.body["clusterUuid"]?.text, of: cluster)
        try require(cluster, isStart ? "STOPPED" : "RUNNING")
        cluster.enter(isStart ? "STARTING" : "STOPPING", at: call.now.wall)
        put(cluster)
        let operation = begin(
            isStart ? .start : .stop,
            isStart ? "START" : "STOP",
            isStart ? "Start cluster" : "Stop cluster",
            cluster: (cluster.name, cluster.uuid),
            labels: cluster.labels,
            requestID: requestID,
            at: call.now
        )
        return render(operation)
    }

    mutating func diagnoseCluster(_ call: Call) throws(RPCError) -> JSONValue {
        let cluster = try cluster(call.place)
        let operation = begin(
            .diagnose,
            "DIAGNOSE",
            "Diagnose cluster",
            cluster: (cluster.name, cluster.uuid),
            labels: cluster.labels,
            requestID: nil,
            at: call.now
        )
        return render(operation)
    }

    func require(_ cluster: ClusterResource, _ state: String) throws(RPCError) {
        guard cluster.status.state == state else {
            throw .refused(
                "the cluster '\(cluster.name.id)' is \(cluster.status.state), not \(state)"
            )
        }
    }

    private func check(_ uuid: String?, of cluster: ClusterResource) throws(RPCError) {
        guard let uuid, !uuid.isEmpty, uuid != cluster.uuid else { return }
        throw .notFound("cluster '\(cluster.name.id)' with the UUID \(uuid)")
    }

    static func graceful(_ query: Query, _ name: String) throws(RPCError) -> Duration {
        let grace = try query.duration(name) ?? .zero
        guard (.zero ... .seconds(86_400)).contains(grace) else {
            throw .invalid("'\(name)' must be 0s to 86400s")
        }
        return grace
    }

    /// A cluster follows only a policy that there is.
    func checkPolicy(of cluster: ClusterResource) throws(RPCError) {
        guard let id = cluster.policy else { return }
        guard policies[cluster.name.sibling(id)] != nil else {
            throw .notFound("autoscaling policy '\(id)'")
        }
    }
}
