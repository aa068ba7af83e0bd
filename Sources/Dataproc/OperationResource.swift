package import Base

/// Something that takes a while, and what it ended with.
package struct OperationResource: Codable, Sendable {
    /// What is to be reached, with all that is needed to go on after a restart.
    package enum Goal: Codable, Equatable, Sendable {
        case create(keepsFailed: Bool)
        /// Back to the size before, where there is no room. `deadline`, RFC 3339: until then workers
        /// that leave may finish what they run.
        case update(before: ClusterResource.Size, deadline: String?)
        /// `deadline`, RFC 3339: until then jobs may end by themselves.
        case delete(deadline: String?)
        case stop
        case start
        case diagnose
        case job(String)
        case workflow(WorkflowRun)
    }

    package enum Outcome: Codable, Equatable, Sendable {
        case response(type: String, JSONValue)
        case error(RPCError)
    }

    package let name: ResourceName
    package let serial: Int64
    package let requestID: String?
    /// The cluster it is about; of a job's the job's.
    package let cluster: String
    package let clusterUUID: String
    package let type: String
    package let description: String
    package var goal: Goal
    package var status: StatusTrack
    package var warnings: [String] = []
    package let labels: [String: String]
    package var outcome: Outcome?

    package var isDone: Bool { outcome != nil }

    /// Ends it; what has ended stays as it is.
    package mutating func end(_ outcome: Outcome, at time: WallTime) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        var detail: String?
        if case .error(let error) = outcome { detail = error.message }
        status.set(StatusEntry("DONE", detail: detail, at: time))
    }

    static let typePrefix = "type.googleapis.com/google.cloud.dataproc.v1."
    static let empty = Outcome.response(
        type: "type.googleapis.com/google.protobuf.Empty",
        .object([:])
    )

    /// Clients parse it strictly: nothing that the API does not know may be in it.
    package func json(_ job: JobResource?) -> JSONValue {
        var fields: [String: JSONValue] = [
            "name": .string(name.path("operations")), "done": .bool(isDone),
            "metadata": metadata(job),
        ]
        switch outcome {
        case .response(let type, let value):
            fields["response"] = value.setting(["@type"], to: .string(type))
        case .error(let error): fields["error"] = error.rpcStatus
        case nil: break
        }
        return .object(fields)
    }

    private func metadata(_ job: JobResource?) -> JSONValue {
        switch goal {
        case .job(let id):
            return .make([
                "@type": .string(Self.typePrefix + "JobMetadata"), "jobId": .string(id),
                "status": job?.status.current.json(detailKey: "details"),
                "operationType": .string(type), "startTime": .string(startTime),
            ])
        case .workflow(let run):
            return run.metadata(state: status.state, start: startTime, end: endTime)
        default:
            return .make([
                "@type": .string(Self.typePrefix + "ClusterOperationMetadata"),
                "clusterName": .string(cluster), "clusterUuid": .string(clusterUUID),
                "status": statusJSON(status.current),
                "statusHistory": status.history.isEmpty
                    ? nil : .array(status.history.map(statusJSON)),
                "operationType": .string(type), "description": .string(description),
                "labels": labels.isEmpty ? nil : .texts(labels),
                "warnings": warnings.isEmpty ? nil : .array(warnings.map { .string($0) }),
            ])
        }
    }

    var startTime: String { (status.history.first ?? status.current).start }

    private var endTime: String? { isDone ? status.current.start : nil }

    private func statusJSON(_ entry: StatusEntry) -> JSONValue {
        .make([
            "state": .string(entry.state), "innerState": .string(entry.state),
            "details": entry.detail.map { .string($0) }, "stateStartTime": .string(entry.start),
        ])
    }
}
