package import Base

/// A job of the API, and the job of ours that does it.
package struct JobResource: Codable, Sendable {
    /// One stage of its course: a table that is loaded, a query.
    package struct Stage: Codable, Equatable, Sendable {
        package var name: String
        /// A word of YarnApplication.State.
        package var state: String
        /// 0 to 1.
        package var progress: Double

        package init(name: String, state: String, progress: Double) {
            self.name = name
            self.state = state
            self.progress = progress
        }
    }

    package let name: ResourceName
    package let uuid: String
    package let serial: Int64
    package let requestID: String?
    package var labels: [String: String]
    /// As it was sent, in one form: reference, placement, one type, scheduling.
    package let body: JSONValue
    package let cluster: String
    package let clusterUUID: String
    /// The pool in which it runs.
    package let zone: String
    package var status: StatusTrack
    /// RFC 3339.
    package let created: String
    /// The job of ours; nil before there is one, and for queries.
    package var link: Int64?
    package var stages: [Stage] = []
    /// How often it has failed and was begun again.
    package var failures = 0

    static let active: Set = [
        "PENDING", "SETUP_DONE", "RUNNING", "CANCEL_PENDING", "CANCEL_STARTED", "ATTEMPT_FAILURE",
    ]
    static let ended: Set = ["CANCELLED", "DONE", "ERROR"]

    package var isEnded: Bool { Self.ended.contains(status.state) }

    package var isCancelling: Bool {
        ["CANCEL_PENDING", "CANCEL_STARTED"].contains(status.state)
    }

    package mutating func enter(
        _ state: String,
        substate: String? = nil,
        _ detail: String? = nil,
        at time: WallTime
    ) {
        guard !isEnded else { return }
        status.set(StatusEntry(state, substate: substate, detail: detail, at: time))
    }

    /// Where gcloud looks for what the job says.
    package static let logBucket = "otjob-logs"

    package func json(dashboard: String) -> JSONValue {
        body
            .setting(
                ["reference"],
                to: .object(["projectId": .string(name.project), "jobId": .string(name.id)])
            )
            .setting(["placement", "clusterName"], to: .string(cluster))
            .setting(["placement", "clusterUuid"], to: .string(clusterUUID))
            .setting(["labels"], to: labels.isEmpty ? nil : .texts(labels))
            .setting(["status"], to: status.current.json(detailKey: "details"))
            .setting(["statusHistory"], to: status.historyJSON(detailKey: "details"))
            .setting(["jobUuid"], to: .string(uuid))
            .setting(["done"], to: .bool(isEnded))
            .setting(
                ["driverOutputResourceUri"],
                to: .string("gs://\(Self.logBucket)/\(uuid)/driveroutput")
            )
            .setting(["yarnApplications"], to: applications(dashboard))
    }

    private func applications(_ dashboard: String) -> JSONValue? {
        guard !stages.isEmpty else { return nil }
        let address = dashboard + (link.map { "api/jobs/\($0)" } ?? "")
        return .array(
            stages.map { stage in
                .object([
                    "name": .string(stage.name), "state": .string(stage.state),
                    "progress": .number("\(stage.progress)"), "trackingUrl": .string(address),
                ])
            }
        )
    }
}
