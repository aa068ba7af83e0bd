package import Base

/// A cluster of the API: a named claim on workers of one pool, its zone.
package struct ClusterResource: Codable, Sendable {
    /// What it asks for of each kind of worker.
    package struct Size: Codable, Equatable, Sendable {
        package var workers: Int
        package var secondary: Int

        package init(workers: Int, secondary: Int) {
            self.workers = workers
            self.secondary = secondary
        }

        /// Workers of the pool; a cluster of one machine works on that.
        package var total: Int { max(1, workers + secondary) }
    }

    package let name: ResourceName
    package let uuid: String
    /// Grows with every cluster: the oldest claim comes first.
    package let serial: Int64
    package var labels: [String: String]
    /// As it was sent, in one form, and without what is answered from the fields here.
    package var config: JSONValue
    /// The pool.
    package let zone: String
    package var size: Size
    /// Workers that are enough to begin with.
    package var minimum: Int?
    package var status: StatusTrack
    /// RFC 3339; since when no job has run on it.
    package var idleSince: String
    package let created: String

    /// The states in which workers are its own.
    private static let claiming: Set = [
        "CREATING", "RUNNING", "UPDATING", "STARTING", "ERROR_DUE_TO_UPDATE",
    ]
    /// What filters call ACTIVE; all others are INACTIVE.
    static let active: Set = ["CREATING", "RUNNING", "UPDATING"]
    static let inactive: Set = [
        "ERROR", "ERROR_DUE_TO_UPDATE", "DELETING", "STOPPING", "STOPPED", "STARTING", "REPAIRING",
        "UNKNOWN",
    ]

    package var isClaiming: Bool { Self.claiming.contains(status.state) }

    /// Workers of its pool that it holds.
    package var claim: Int { isClaiming ? size.total : 0 }

    /// The autoscaling policy's id; of its URI the last part counts.
    package var policy: String? {
        config[path: ["autoscalingConfig", "policyUri"]]?.text.flatMap { uri in
            uri.split(separator: "/").last.map(String.init)
        }
    }

    package mutating func enter(_ state: String, _ detail: String? = nil, at time: WallTime) {
        status.set(StatusEntry(state, detail: detail, at: time))
    }

    /// As the API shows it.
    package func json(dashboard: String) -> JSONValue {
        var config = self.config
            .setting(["gceClusterConfig", "zoneUri"], to: .string(zone))
            .setting(["masterConfig", "numInstances"], to: .integer(1))
            .setting(["masterConfig", "instanceNames"], to: .array([.string(name.id + "-m")]))
            .setting(["workerConfig", "numInstances"], to: .integer(size.workers))
            .setting(["workerConfig", "instanceNames"], to: names("w", size.workers))
        if size.secondary > 0 || config["secondaryWorkerConfig"] != nil {
            config =
                config
                .setting(["secondaryWorkerConfig", "numInstances"], to: .integer(size.secondary))
                .setting(
                    ["secondaryWorkerConfig", "instanceNames"],
                    to: names("sw", size.secondary)
                )
                .setting(["secondaryWorkerConfig", "isPreemptible"], to: .bool(true))
        }
        config = config.setting(
            ["endpointConfig", "httpPorts"],
            to: .object(["Dashboard": .string(dashboard)])
        )
        return .make([
            "projectId": .string(name.project), "clusterName": .string(name.id),
            "clusterUuid": .string(uuid), "labels": labels.isEmpty ? nil : .texts(labels),
            "config": config, "status": status.current.json(detailKey: "detail"),
            "statusHistory": status.historyJSON(detailKey: "detail"),
        ])
    }

    private func names(_ kind: String, _ count: Int) -> JSONValue? {
        count == 0 ? nil : .array((0..<count).map { .string("\(name.id)-\(kind)-\($0)") })
    }
}
