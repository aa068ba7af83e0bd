import Base

/// A template that is being carried out: which of its jobs run on which cluster.
package struct WorkflowRun: Codable, Equatable, Sendable {
    package struct Node: Codable, Equatable, Sendable {
        package enum State: String, Codable, Sendable {
            case blocked = "BLOCKED"
            case runnable = "RUNNABLE"
            case running = "RUNNING"
            case completed = "COMPLETED"
            case failed = "FAILED"
        }

        package let step: String
        package let needs: [String]
        package var state: State
        package var job: String?
        package var error: String?
    }

    /// How far it is.
    package enum Phase: String, Codable, Sendable {
        case creating
        case working
        /// The cluster that was made for it is being deleted.
        case deleting
    }

    package let template: String
    package let version: Int
    package let parameters: [String: String]
    /// The template with its parameters put in.
    package let body: JSONValue
    package var phase: Phase
    package var cluster: String?
    package var clusterUUID: String?
    /// Ids of the operations that make and delete its own cluster.
    package var creation: String?
    package var deletion: String?
    package var nodes: [Node]
    /// RFC 3339.
    package var dagStart: String?
    package var dagEnd: String?
    package var problem: RPCError?

    package init(
        template: String,
        version: Int,
        parameters: [String: String],
        body: JSONValue,
        cluster: String?
    ) {
        self.template = template
        self.version = version
        self.parameters = parameters
        self.body = body
        self.cluster = cluster
        phase = cluster == nil ? .creating : .working
        nodes =
            body["jobs"]?.elements.map { job in
                let needs = job["prerequisiteStepIds"]?.texts ?? []
                return Node(
                    step: job["stepId"]?.text ?? "",
                    needs: needs,
                    state: needs.isEmpty ? .runnable : .blocked
                )
            } ?? []
    }

    package var managedCluster: JSONValue? { body[path: ["placement", "managedCluster"]] }

    package var dagTimeout: Duration? {
        body["dagTimeout"]?.text.flatMap(ProtoText.duration)
    }

    package var isOver: Bool {
        nodes.allSatisfy { $0.state == .completed || $0.state == .failed }
    }

    /// Fails what waits for a failed step, and lets go of what waits for nothing any more.
    package mutating func settle() {
        // Steps may stand in any order: each round settles at least one more, or none is left.
        for _ in nodes.indices {
            let states = Dictionary(nodes.map { ($0.step, $0.state) }, uniquingKeysWith: { $1 })
            for index in nodes.indices where nodes[index].state == .blocked {
                let needed = nodes[index].needs.map { states[$0] ?? .failed }
                if needed.contains(.failed) {
                    nodes[index].state = .failed
                    nodes[index].error = "a step before it has failed"
                } else if needed.allSatisfy({ $0 == .completed }) {
                    nodes[index].state = .runnable
                }
            }
        }
    }

    /// Ends whatever has not ended.
    package mutating func fail(_ error: RPCError) {
        problem = problem ?? error
        for index in nodes.indices
        where nodes[index].state != .completed && nodes[index].state != .failed {
            nodes[index].state = .failed
            nodes[index].error = error.message
        }
    }

    func metadata(state: String, start: String, end: String?) -> JSONValue {
        .make([
            "@type": .string(OperationResource.typePrefix + "WorkflowMetadata"),
            "template": .string(template), "version": .integer(version),
            "state": .string(state), "startTime": .string(start),
            "endTime": end.map { .string($0) },
            "clusterName": cluster.map { .string($0) },
            "clusterUuid": clusterUUID.map { .string($0) },
            "parameters": parameters.isEmpty ? nil : .texts(parameters),
            "createCluster": creation.map { operation($0, isDone: phase != .creating) },
            "deleteCluster": deletion.map { operation($0, isDone: state == "DONE") },
            "graph": .object(["nodes": .array(nodes.map(Self.json))]),
            "dagTimeout": dagTimeout.map { .string(ProtoText.text($0)) },
            "dagStartTime": dagStart.map { .string($0) },
            "dagEndTime": dagEnd.map { .string($0) },
        ])
    }

    private func operation(_ id: String, isDone: Bool) -> JSONValue {
        .object(["operationId": .string(id), "done": .bool(isDone)])
    }

    private static func json(_ node: Node) -> JSONValue {
        .make([
            "stepId": .string(node.step), "state": .string(node.state.rawValue),
            "prerequisiteStepIds": node.needs.isEmpty
                ? nil : .array(node.needs.map { .string($0) }),
            "jobId": node.job.map { .string($0) }, "error": node.error.map { .string($0) },
        ])
    }
}
