import Base

/// Clusters that change: their size, labels and policy.
extension DataprocCore {
    mutating func updateCluster(_ call: Call) throws(RPCError) -> JSONValue {
        if let first = try known(call.query["requestId"], in: call.place) { return render(first) }
        let before = try cluster(call.place)
        let grace = try Self.graceful(call.query, "gracefulDecommissionTimeout")
        try require(before, "RUNNING")
        var cluster = before
        let masks = try Self.masks(call.query)
        for mask in masks { try Self.apply(mask, of: call.body, to: &cluster) }
        guard cluster.size.total <= Self.workersLimit else {
            throw .invalid("a cluster has up to \(Self.workersLimit) workers")
        }
        try ResourceRules.check(labels: cluster.labels)
        try checkPolicy(of: cluster)
        return render(
            update(
                cluster,
                before: before.size,
                grace: grace,
                requestID: call.query["requestId"],
                "Update cluster: " + masks.joined(separator: ", "),
                at: call.now
            )
        )
    }

    mutating func update(
        _ cluster: ClusterResource,
        before: ClusterResource.Size,
        grace: Duration,
        requestID: String? = nil,
        _ description: String,
        at now: Moment
    ) -> OperationResource {
        var cluster = cluster
        cluster.enter("UPDATING", at: now.wall)
        put(cluster)
        return begin(
            .update(
                before: before,
                deadline: grace > .zero ? (now.wall + grace).rfc3339 : nil
            ),
            "UPDATE",
            description,
            cluster: (cluster.name, cluster.uuid),
            labels: cluster.labels,
            requestID: requestID,
            at: now
        )
    }

    /// Masks come in either case.
    private static func masks(_ query: Query) throws(RPCError) -> [String] {
        let masks = (query["updateMask"] ?? "").split(separator: ",").map {
            ProtoText.snakeCase($0.filter { !$0.isWhitespace })
        }
        guard !masks.isEmpty else { throw .invalid("'updateMask' names no field") }
        return masks
    }

    private static func apply(
        _ mask: String,
        of body: JSONValue,
        to cluster: inout ClusterResource
    ) throws(RPCError) {
        func number(_ group: String) throws(RPCError) -> Int {
            let number = body[path: ["config", group, "numInstances"]]?.integer ?? 0
            guard number >= 0 else { throw .invalid("'\(mask)' must not be negative") }
            return number
        }
        switch mask {
        case "labels": cluster.labels = body["labels"]?.textFields ?? [:]
        case "config.worker_config.num_instances":
            cluster.size.workers = try number("workerConfig")
        case "config.secondary_worker_config.num_instances":
            cluster.size.secondary = try number("secondaryWorkerConfig")
        case "config.autoscaling_config.policy_uri":
            let uri = body[path: ["config", "autoscalingConfig", "policyUri"]]?.text
            let value = uri.flatMap { $0.isEmpty ? nil : JSONValue.string($0) }
            cluster.config = cluster.config.setting(["autoscalingConfig", "policyUri"], to: value)
        default:
            throw .invalid(
                "'updateMask' names '\(mask)'; it may name labels, "
                    + "config.worker_config.num_instances, "
                    + "config.secondary_worker_config.num_instances and "
                    + "config.autoscaling_config.policy_uri"
            )
        }
    }
}
