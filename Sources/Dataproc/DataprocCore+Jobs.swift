import API
import Base

/// Jobs: what requests ask of them.
extension DataprocCore {
    /// Jobs that have ended and are still answered for; the newest stay.
    static let endedJobsLimit = 2000
    static let jobMatchers = EnumSchema(["ALL", "ACTIVE", "NON_ACTIVE"])

    mutating func submitJob(_ call: Call) throws(RPCError) -> JSONValue {
        let requestID = call.body["requestId"]?.text
        if let requestID, !requestID.isEmpty {
            guard ResourceRules.isRequestID(requestID) else {
                throw .invalid("'requestId' must be up to 40 letters, digits, _ and -")
            }
            let first = jobs.values.first {
                $0.requestID == requestID && $0.name.isIn(call.place)
            }
            if let first { return first.json(dashboard: call.world.dashboard) }
        }
        guard let body = call.body["job"] else { throw .invalid("'job' is missing") }
        return try addJob(body, requestID: requestID, call).json(dashboard: call.world.dashboard)
    }

    mutating func submitJobAsOperation(_ call: Call) throws(RPCError) -> JSONValue {
        let requestID = call.body["requestId"]?.text
        if let first = try known(requestID, in: call.place) { return render(first) }
        guard let body = call.body["job"] else { throw .invalid("'job' is missing") }
        let job = try addJob(body, requestID: nil, call)
        let operation = begin(
            .job(job.name.id),
            "SUBMIT_JOB",
            "Submit job",
            cluster: (job.name.sibling(job.cluster), job.clusterUUID),
            labels: job.labels,
            requestID: requestID,
            at: call.now
        )
        return render(operation)
    }

    /// Takes a job in and orders it to be done.
    mutating func addJob(
        _ body: JSONValue,
        requestID: String?,
        _ call: Call
    ) throws(RPCError) -> JobResource {
        let id = body[path: ["reference", "jobId"]]?.text ?? ""
        let name = call.place.sibling(id.isEmpty ? nextUUID() : id)
        guard ResourceRules.isJobID(name.id) else {
            throw .invalid("'job.reference.jobId' must be up to 100 letters, digits, _ and -")
        }
        guard jobs[name] == nil else {
            throw RPCError(.alreadyExists, "there is a job '\(name.id)' already")
        }
        guard jobs.values.count(where: { !$0.isEnded }) < Limits.openJobs else {
            throw RPCError(.resourceExhausted, "\(Limits.openJobs) jobs have not ended")
        }
        let labels = body["labels"]?.textFields ?? [:]
        try ResourceRules.check(labels: labels)
        try Self.check(scheduling: body["scheduling"])
        let cluster = try place(of: body, call.place)
        let work = try translation.work(of: body, zone: cluster.zone)
        if let refusal = call.refusal(work) { throw .invalid(refusal) }
        let job = JobResource(
            name: name,
            uuid: nextUUID(),
            serial: nextSerial(),
            requestID: requestID,
            labels: labels,
            body: body,
            cluster: cluster.name.id,
            clusterUUID: cluster.uuid,
            zone: cluster.zone,
            status: StatusTrack(
                StatusEntry("PENDING", substate: "SUBMITTED", at: call.now.wall)
            ),
            created: call.now.wall.rfc3339
        )
        put(job)
        order(job)
        return job
    }

    private static func check(scheduling: JSONValue?) throws(RPCError) {
        for (key, most) in [("maxFailuresPerHour", 10), ("maxFailuresTotal", 240)] {
            guard (0...most).contains(scheduling?[key]?.integer ?? 0) else {
                throw .invalid("'job.scheduling.\(key)' must be 0 to \(most)")
            }
        }
    }

    /// The cluster that a job names, or one that has its labels.
    private func place(
        of body: JSONValue,
        _ place: ResourceName
    ) throws(RPCError) -> ClusterResource {
        let id = body[path: ["placement", "clusterName"]]?.text ?? ""
        let labels = body[path: ["placement", "clusterLabels"]]?.textFields ?? [:]
        if id.isEmpty, !labels.isEmpty {
            return try cluster(with: labels, zone: nil, in: place)
        }
        guard !id.isEmpty else { throw .invalid("'job.placement.clusterName' is missing") }
        let cluster = try cluster(place.sibling(id))
        guard ["RUNNING", "UPDATING"].contains(cluster.status.state) else {
            throw .refused("the cluster '\(id)' is \(cluster.status.state), not RUNNING")
        }
        return cluster
    }

    func cluster(
        with labels: [String: String],
        zone: String?,
        in place: ResourceName
    ) throws(RPCError) -> ClusterResource {
        let found = clusters.values.filter { cluster in
            cluster.name.isIn(place) && cluster.status.state == "RUNNING"
                && (zone ?? cluster.zone) == cluster.zone
                && labels.allSatisfy { cluster.labels[$0.key] == $0.value }
        }
        guard let first = found.min(by: { $0.serial < $1.serial }) else {
            throw .refused("no running cluster has the labels that are asked for")
        }
        return first
    }

    /// Orders the work of a job that has been taken in.
    mutating func order(_ job: JobResource) {
        do throws(RPCError) {
            switch try translation.work(of: job.body, zone: job.zone) {
            case .run(let request):
                commands.append(.submit(job.name, request, requestID: "dataproc \(job.uuid)"))
            case .query(let statements): commands.append(.query(job.name, statements))
            }
        } catch {
            // It was fine when it was sent: an alias has gone since.
            var job = job
            job.enter("ERROR", error.message, at: ProtoText.timestamp(job.created) ?? Self.epoch)
            put(job)
        }
    }

    private static let epoch = WallTime(microseconds: 0)

    // MARK: Looking

    func job(_ name: ResourceName) throws(RPCError) -> JobResource {
        guard let job = jobs[name] else { throw .notFound("job '\(name.id)'") }
        return job
    }

    func listJobs(_ call: Call) throws(RPCError) -> JSONValue {
        let filter = try Filter(
            call.query["filter"] ?? "",
            texts: ["status.state", "cluster_name", "placement.cluster_name"],
            times: ["insert_time"]
        )
        let matcher = try call.query.word("jobStateMatcher", of: Self.jobMatchers)
        let groups = ["ACTIVE": JobResource.active, "NON_ACTIVE": JobResource.ended]
        let wanted = call.query["filter"] == nil ? groups[matcher ?? "ALL"] : nil
        let cluster = call.query["clusterName"]
        let found = jobs.values.filter { job in
            job.name.isIn(call.place) && job.cluster == cluster ?? job.cluster
                && wanted?.contains(job.status.state) ?? true
                && filter.matches(
                    labels: job.labels,
                    [
                        "status.state": .text(job.status.state, groups: groups),
                        "cluster_name": .text(job.cluster),
                        "placement.cluster_name": .text(job.cluster),
                        "insert_time": .time(ProtoText.timestamp(job.created) ?? Self.epoch),
                    ]
                )
        }
        let items = found.sorted { $0.serial > $1.serial }.map {
            (key: Self.newestFirst($0.serial), item: $0)
        }
        return try Page.answer("jobs", items, call.query) {
            $0.json(dashboard: call.world.dashboard)
        }
    }

    /// A key by which the newest comes first.
    static func newestFirst(_ serial: Int64) -> String { (Int64.max - serial).padded(to: 19) }

    // MARK: Changing

    mutating func updateJob(_ call: Call) throws(RPCError) -> JSONValue {
        var job = try job(call.place)
        guard call.query["updateMask"] == "labels" else {
            throw .invalid("'updateMask' may name labels and nothing else")
        }
        let labels = call.body["labels"]?.textFields ?? [:]
        try ResourceRules.check(labels: labels)
        job.labels = labels
        put(job)
        return job.json(dashboard: call.world.dashboard)
    }

    mutating func cancelJob(_ call: Call) throws(RPCError) -> JSONValue {
        let job = try job(call.place)
        guard !job.isEnded else {
            throw .refused("the job '\(job.name.id)' is over: \(job.status.state)")
        }
        cancel(job, nil, at: call.now)
        return try self.job(call.place).json(dashboard: call.world.dashboard)
    }

    mutating func cancel(_ job: JobResource, _ reason: String?, at now: Moment) {
        guard !job.isEnded, !job.isCancelling else { return }
        var job = job
        job.enter("CANCEL_PENDING", reason, at: now.wall)
        put(job)
        if let link = job.link {
            commands.append(.cancel(JobID(link)))
        } else if job.body["sparkSqlJob"] != nil {
            // Whatever the store still answers is of no interest any more.
            job.enter("CANCELLED", reason, at: now.wall)
            put(job)
        }
    }

    mutating func deleteJob(_ call: Call) throws(RPCError) -> JSONValue {
        let job = try job(call.place)
        guard job.isEnded else {
            throw .refused("the job '\(job.name.id)' is \(job.status.state); cancel it first")
        }
        remove(.job, job.name)
        return .object([:])
    }

    /// The jobs of a cluster that have not ended.
    func openJobs(of cluster: ClusterResource) -> [JobResource] {
        jobs.values.filter { $0.clusterUUID == cluster.uuid && !$0.isEnded }
            .sorted { $0.serial < $1.serial }
    }
}
