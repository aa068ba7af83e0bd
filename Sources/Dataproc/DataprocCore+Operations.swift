import Base

/// Operations: what requests ask of them.
extension DataprocCore {
    /// Operations that have ended and are still answered for; the newest stay.
    static let endedOperationsLimit = 1000

    func operation(_ name: ResourceName) throws(RPCError) -> OperationResource {
        guard let operation = operations[name] else { throw .notFound("operation '\(name.id)'") }
        return operation
    }

    func listOperations(_ call: Call) throws(RPCError) -> JSONValue {
        let filter = try Filter(
            call.query["filter"] ?? "",
            texts: ["status.state", "cluster_name", "cluster_uuid", "operation_type"]
        )
        let groups: [String: Set<String>] = [
            "ACTIVE": ["PENDING", "RUNNING"], "NON_ACTIVE": ["DONE"],
        ]
        let found = operations.values.filter { operation in
            operation.name.isIn(call.place)
                && filter.matches(
                    labels: operation.labels,
                    [
                        "status.state": .text(operation.status.state, groups: groups),
                        "cluster_name": .text(operation.cluster),
                        "cluster_uuid": .text(operation.clusterUUID),
                        "operation_type": .text(operation.type),
                    ]
                )
        }
        let items = found.sorted { $0.serial > $1.serial }.map {
            (key: Self.newestFirst($0.serial), item: $0)
        }
        return try Page.answer("operations", items, call.query) { render($0) }
    }

    /// Calls off what can be: a cluster that is being made, a job, a workflow.
    mutating func cancelOperation(_ call: Call) throws(RPCError) -> JSONValue {
        let operation = try operation(call.place)
        guard !operation.isDone else { return .object([:]) }
        let error = RPCError(.cancelled, "the operation was cancelled")
        switch operation.goal {
        case .job(let id):
            if let job = jobs[operation.name.sibling(id)] { cancel(job, nil, at: call.now) }
        case .create:
            remove(.cluster, operation.name.sibling(operation.cluster))
            end(operation, .error(error), at: call.now)
        case .workflow(var run):
            run.fail(error)
            var operation = operation
            operation.goal = .workflow(run)
            put(operation)
        default:
            throw RPCError(.unimplemented, "operations of the type \(operation.type) go on")
        }
        return .object([:])
    }

    mutating func deleteOperation(_ call: Call) throws(RPCError) -> JSONValue {
        let operation = try operation(call.place)
        guard operation.isDone else {
            throw .refused("the operation has not ended; cancel it first")
        }
        remove(.operation, operation.name)
        return .object([:])
    }
}
