package import API
package import Base

/// What the coordinator does for the API, besides keeping what it is told.
package enum DataprocCommand: Equatable, Sendable {
    /// Submit it under this request id, and tell what it is called.
    case submit(ResourceName, SubmitRequest, requestID: String)
    /// Let the table store answer, and tell how that went.
    case query(ResourceName, [String])
    case cancel(JobID)
    /// Do a job once more that has failed.
    case retry(ResourceName, JobID)
    /// What queries answered is not asked for any more.
    case forgetAnswers(uuid: String)
    /// Do not wait any longer for workers of the pool that leave.
    case evict(String)
}

/// The cluster as the API sees it: what the decisions depend on besides requests.
package struct World: Sendable {
    package struct Pool: Sendable {
        package var name: String
        /// Whether the coordinator can start workers of it.
        package var startsWorkers: Bool
        package var healthyWorkers: Int
        /// Workers that leave when they have finished what they run.
        package var leavingWorkers: Int
        package var maxWorkers: Int
        package var acquireTimeout: Duration
        package var slots: Int
        /// Tasks that nobody works on yet.
        package var queuedTasks: Int
        /// Why it has too few workers, where that is known.
        package var reason: String?

        package init(
            name: String,
            startsWorkers: Bool,
            healthyWorkers: Int,
            leavingWorkers: Int = 0,
            maxWorkers: Int,
            acquireTimeout: Duration,
            slots: Int = 1,
            queuedTasks: Int = 0,
            reason: String? = nil
        ) {
            self.name = name
            self.startsWorkers = startsWorkers
            self.healthyWorkers = healthyWorkers
            self.leavingWorkers = leavingWorkers
            self.maxWorkers = maxWorkers
            self.acquireTimeout = acquireTimeout
            self.slots = slots
            self.queuedTasks = queuedTasks
            self.reason = reason
        }
    }

    /// In the order in which they are tried.
    package var pools: [Pool]
    /// Address of the dashboard, with a slash at its end.
    package var dashboard: String

    package init(pools: [Pool], dashboard: String) {
        self.pools = pools
        self.dashboard = dashboard
    }

    func pool(_ name: String) -> Pool? { pools.first { $0.name == name } }
}

/// The state behind the Dataproc API.
///
/// Pure: requests, what became of jobs, and the passing of time come in; answers, commands, and
/// which records have changed come out. The caller writes the records before it lets an answer go
/// or carries a command out, so what a client was told survives a crash.
package struct DataprocCore: Sendable {
    package let translation: JobTranslation
    package internal(set) var clusters: [ResourceName: ClusterResource] = [:]
    package internal(set) var jobs: [ResourceName: JobResource] = [:]
    package internal(set) var operations: [ResourceName: OperationResource] = [:]
    package internal(set) var templates: [ResourceName: TemplateResource] = [:]
    package internal(set) var policies: [ResourceName: PolicyResource] = [:]

    var commands: [DataprocCommand] = []
    /// Records that differ from what was written last.
    var changed: Set<RecordKey> = []
    /// Until when an operation may wait for workers; counted anew after a restart.
    var deadlines: [ResourceName: Instant] = [:]
    /// Until when a policy leaves a cluster alone.
    var cooldowns: [ResourceName: Instant] = [:]
    private var serial: Int64 = 0
    private var generator: SeededGenerator

    package init(translation: JobTranslation, seed: UInt64) {
        self.translation = translation
        generator = SeededGenerator(seed: seed)
    }

    /// The commands that follow from what was told so far.
    package mutating func takeCommands() -> [DataprocCommand] {
        defer { commands.removeAll() }
        return commands
    }

    mutating func nextSerial() -> Int64 {
        serial += 1
        return serial
    }

    /// Keeps numbers growing over a restart.
    mutating func noteSerial(_ number: Int64) { serial = max(serial, number) }

    /// A random UUID (RFC 9562 section 5.4).
    mutating func nextUUID() -> String {
        let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let bytes = [high, low].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
        }
        let digits = hexadecimal(bytes)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.append(digit)
        }
        return text
    }

    // MARK: Changing resources

    mutating func put(_ cluster: ClusterResource) {
        clusters[cluster.name] = cluster
        changed.insert(RecordKey(.cluster, cluster.name))
    }

    mutating func put(_ job: JobResource) {
        jobs[job.name] = job
        changed.insert(RecordKey(.job, job.name))
    }

    mutating func put(_ operation: OperationResource) {
        operations[operation.name] = operation
        changed.insert(RecordKey(.operation, operation.name))
    }

    mutating func put(_ template: TemplateResource) {
        templates[template.name] = template
        changed.insert(RecordKey(.template, template.name))
    }

    mutating func put(_ policy: PolicyResource) {
        policies[policy.name] = policy
        changed.insert(RecordKey(.policy, policy.name))
    }

    mutating func remove(_ kind: RecordKey.Kind, _ name: ResourceName) {
        switch kind {
        case .cluster: clusters[name] = nil
        case .job:
            // Only a job of queries has none of ours.
            if let job = jobs.removeValue(forKey: name), job.link == nil {
                commands.append(.forgetAnswers(uuid: job.uuid))
            }
        case .operation: operations[name] = nil
        case .template: templates[name] = nil
        case .policy: policies[name] = nil
        }
        changed.insert(RecordKey(kind, name))
    }

    /// Refuses one more than there may be.
    static func checkRoom(_ count: Int, _ limit: Int, _ what: String) throws(RPCError) {
        guard count >= limit else { return }
        throw RPCError(
            .resourceExhausted,
            "there are \(limit) \(what), the most there may be; delete some"
        )
    }

    // MARK: Claims

    /// Workers that clusters claim, by pool.
    package var claims: [String: Int] {
        clusters.values.reduce(into: [:]) { $0[$1.zone, default: 0] += $1.claim }
    }

    /// Workers of its pool that older clusters than this one claim.
    func olderClaims(than cluster: ClusterResource) -> Int {
        clusters.values.filter { $0.zone == cluster.zone && $0.serial < cluster.serial }
            .reduce(0) { $0 + $1.claim }
    }

    func otherClaims(than cluster: ClusterResource) -> Int {
        clusters.values.filter { $0.zone == cluster.zone && $0.name != cluster.name }
            .reduce(0) { $0 + $1.claim }
    }

    // MARK: Operations

    /// Begins an operation; with a request id that is known, gives the first one.
    mutating func begin(
        _ goal: OperationResource.Goal,
        _ type: String,
        _ description: String,
        cluster: (name: ResourceName, uuid: String),
        labels: [String: String] = [:],
        requestID: String?,
        at now: Moment
    ) -> OperationResource {
        let operation = OperationResource(
            name: cluster.name.sibling(nextUUID()),
            serial: nextSerial(),
            requestID: requestID,
            cluster: cluster.name.id,
            clusterUUID: cluster.uuid,
            type: type,
            description: description,
            goal: goal,
            status: StatusTrack(StatusEntry("PENDING", at: now.wall)),
            labels: labels
        )
        put(operation)
        return operation
    }

    /// The operation that an earlier request with this id began.
    func known(_ requestID: String?, in place: ResourceName) throws(RPCError) -> OperationResource?
    {
        guard let requestID, !requestID.isEmpty else { return nil }
        guard ResourceRules.isRequestID(requestID) else {
            throw .invalid("'requestId' must be up to 40 letters, digits, _ and -")
        }
        return operations.values.first { $0.requestID == requestID && $0.name.isIn(place) }
    }

    func render(_ operation: OperationResource) -> JSONValue {
        var job: JobResource?
        if case .job(let id) = operation.goal { job = jobs[operation.name.sibling(id)] }
        return operation.json(job)
    }

    mutating func end(
        _ operation: OperationResource,
        _ outcome: OperationResource.Outcome,
        at now: Moment
    ) {
        var operation = operation
        operation.end(outcome, at: now.wall)
        deadlines[operation.name] = nil
        put(operation)
    }
}
