import API
import Base
import Catalog
import Columns
import Jobs
import Scheduling
import Spool
import Transport
import Wire

/// How jobs come in: from a submit, and from the job store after a restart.
extension CoordinatorShell {
    var planner: JobPlanner {
        JobPlanner(library: library, rawDirectory: configuration.storage.raw)
    }

    /// Whether one more job may be taken in.
    var hasRoomForJob: Bool {
        jobs.count + submitsUnderWay + retries.count < Limits.openJobs
    }

    /// Records the job and only then answers with its id.
    func submit(
        _ request: SubmitRequest,
        _ completion: @escaping (Result<JobID, SubmitError>) -> Void
    ) {
        let plan: PlannedJob
        do throws(PlanError) {
            plan = try planner.plan(request)
        } catch {
            return completion(.failure(.invalid(error.message)))
        }
        if let pool = request.pool, scheduler.pool(PoolID(pool)) == nil {
            return completion(.failure(.invalid("there is no pool '\(pool)'; see otjob pools")))
        }
        let text = String(decoding: JSON.encode(request), as: UTF8.self)
        let created = EventLoop.wallTime().rfc3339
        let hasRoom = hasRoomForJob
        submitsUnderWay += 1
        jobStore.insert(
            name: plan.name,
            requestID: request.requestID,
            request: text,
            created: created,
            hasRoom: hasRoom
        ) { [unowned self] outcome in
            submitsUnderWay -= 1
            switch outcome {
            case .success(nil): completion(.failure(.tooManyJobs))
            case .success((let id, let isNew)?):
                if isNew {
                    let record = JobRecord(
                        id: id,
                        name: plan.name,
                        request: text,
                        state: JobState.pending.rawValue,
                        created: created,
                        status: ""
                    )
                    begin(record, plan, request, Remains(), note: "accepted")
                }
                completion(.success(id))
            case .failure(let error):
                completion(.failure(.unavailable("the job could not be recorded: \(error)")))
            }
        }
    }

    /// What an earlier coordinator left of a job, by the step's index.
    private struct Remains {
        var published: [Int: (snapshot: SnapshotID, status: StepStatus?)] = [:]
        var recovered: [Int: RecoveredStep] = [:]
    }

    /// Hands the job to the scheduler, with what remains of its steps.
    private func begin(
        _ record: JobRecord,
        _ plan: PlannedJob,
        _ request: SubmitRequest,
        _ remains: Remains,
        note: String
    ) {
        let steps = contexts(of: plan, record.id)
        for (index, version) in remains.published { steps[index].restored = version.status }
        for (index, step) in remains.recovered {
            steps[index].recovered = step.header
            steps[index].results = step.results
            if step.finished.isComplete {
                steps[index].inputReadBytes = plan.steps[index].inputBytes
            }
        }
        for step in steps where step.isSelftest && step.recovered == nil {
            spool?.begin(
                SpoolHeader(
                    step: step.id,
                    chunkSizeBytes: 0,
                    declarationHash: step.declarationHash,
                    files: []
                )
            )
        }
        let log = JobLog(path: logPath(record.id))
        jobs[record.id] = JobContext(record: record, steps: steps, log: log)
        log.write("\(note): \(plan.name), \(steps.count) steps")
        handle(
            .submitted(
                JobPlan(
                    id: record.id,
                    name: plan.name,
                    steps: plan.steps.enumerated().map { index, step in
                        StepPlan(
                            step,
                            published: remains.published[index]?.snapshot,
                            finished: remains.recovered[index]?.finished ?? FinishedTasks()
                        )
                    },
                    pool: request.pool.map { PoolID($0) }
                )
            )
        )
    }

    private func contexts(of plan: PlannedJob, _ id: JobID) -> [StepContext] {
        plan.steps.enumerated().map { index, step in
            StepContext(
                id: StepID(job: id, index: index),
                declaration: step.declaration,
                files: step.files,
                inputBytes: step.inputBytes
            )
        }
    }

    func logPath(_ id: JobID) -> String {
        Retention.logPath(of: id, in: configuration.stateDirectory)
    }

    // MARK: After a restart

    /// Goes on with every job that was accepted and had not ended.
    ///
    /// Steps whose commit key the catalog knows are done, whatever the job store says: the catalog
    /// decides what is visible. Of the others, tasks whose results are durable are not done again.
    func resumeJobs(_ completion: @escaping () -> Void) {
        jobStore.unfinished { [unowned self] outcome in
            switch outcome {
            case .success(let records):
                var left = records.count + 1
                let oneLess = { [unowned self] in
                    left -= 1
                    guard left == 0 else { return }
                    // What nobody goes on with is of jobs that have ended.
                    spool?.sweep()
                    completion()
                }
                for record in records { resume(record, after: "a restart", oneLess) }
                oneLess()
            case .failure(let error):
                // To go on without them would be to lose them: P3.
                stop("unfinished jobs could not be read: \(error)", exitCode: 1)
            }
        }
    }

    /// Goes on with one job; `completion` follows when it is known here, or has ended.
    ///
    /// `occasion` is what a reason to end it says that it came after.
    func resume(
        _ record: JobRecord,
        after occasion: String,
        _ completion: @escaping () -> Void
    ) {
        let request: SubmitRequest
        let plan: PlannedJob
        do {
            request = try JSON.decode(SubmitRequest.self, from: Array(record.request.utf8))
            plan = try planner.plan(request)
        } catch {
            let reason = (error as? PlanError)?.message ?? "\(error)"
            return giveUp(record, reason: "after \(occasion): \(reason)", completion)
        }
        let keys = plan.steps.indices.map {
            jobStore.reign.commitKey(StepID(job: record.id, index: $0))
        }
        publisher.ask { (catalog) throws(CatalogError) in
            try Self.publishedSteps(keys, of: record.id, in: catalog)
        } _: { [unowned self] outcome in
            switch outcome {
            case .success(let published):
                recover(
                    record,
                    plan,
                    request,
                    published: published,
                    after: occasion,
                    completion
                )
            case .failure(let error) where error.isBusy:
                // Asking has waited long; the job waits on.
                CoordinatorLog.write("job \(record.id) waits for the catalog: \(error)")
                resume(record, after: occasion, completion)
            case .failure(let error):
                giveUp(record, reason: "after \(occasion): \(error)", completion)
            }
        }
    }

    /// Takes over the durable results of steps that are not published.
    private func recover(
        _ record: JobRecord,
        _ plan: PlannedJob,
        _ request: SubmitRequest,
        published: [Int: (snapshot: SnapshotID, status: StepStatus?)],
        after occasion: String,
        _ completion: @escaping () -> Void
    ) {
        let open = contexts(of: plan, record.id).filter { published[$0.id.index] == nil }
        let expectations = open.map { step in
            SpoolExpectation(
                step: step.id,
                declarationHash: step.declarationHash,
                paths: step.files,
                columns: step.table?.transform.columns ?? []
            )
        }
        spool?.recover(expectations) { [unowned self] recoveries in
            var remains = Remains(published: published)
            for (step, recovery) in zip(open, recoveries) {
                switch recovery {
                case .recovered(let recovered): remains.recovered[step.id.index] = recovered
                case .nothing(nil): break
                case .nothing(let reason?):
                    CoordinatorLog.write("step \(step.id) begins anew: \(reason)")
                case .inputChanged(let path):
                    let text =
                        "after \(occasion): \(path) is not the file any more that the job began "
                        + "to load; submit the job again"
                    return giveUp(record, reason: text) { [unowned self] in
                        spool?.remove(open.map(\.id))
                        completion()
                    }
                }
            }
            let tasks = remains.recovered.values.reduce(0) {
                $0 + $1.finished.count
            }
            let text = "goes on, \(published.count) steps published, \(tasks) tasks finished"
            CoordinatorLog.write("job \(record.id) \(text)")
            begin(record, plan, request, remains, note: text)
            restoreAttempts(of: record.id)
            completion()
        }
    }

    private static func publishedSteps(
        _ keys: [String],
        of job: JobID,
        in catalog: Catalog
    ) throws(CatalogError) -> [Int: (snapshot: SnapshotID, status: StepStatus?)] {
        var published: [Int: (snapshot: SnapshotID, status: StepStatus?)] = [:]
        var infos: [SnapshotID: String] = [:]
        for (index, key) in keys.enumerated() {
            guard let snapshot = try catalog.snapshot(ofCommit: key) else { continue }
            if infos.isEmpty { infos = try extraInfos(in: catalog) }
            let release = infos[snapshot].flatMap { text in
                try? JSON.decode(ReleaseInfo.self, from: Array(text.utf8))
            }
            // A step that changed nothing has the snapshot of an earlier one, whose figures it says.
            let isOwn = release?.job == "\(job)" && (release?.index ?? index) == index
            var status = isOwn ? release?.step : nil
            status?.snapshot = snapshot.rawValue
            published[index] = (snapshot, status)
        }
        return published
    }

    private static func extraInfos(
        in catalog: Catalog
    ) throws(CatalogError) -> [SnapshotID: String] {
        var infos: [SnapshotID: String] = [:]
        for snapshot in try catalog.snapshots() { infos[snapshot.id] = snapshot.extraInfo }
        return infos
    }

    /// Ends a job that cannot go on; `completion` follows when that is recorded, or cannot be.
    private func giveUp(
        _ record: JobRecord,
        reason: String,
        _ completion: @escaping () -> Void
    ) {
        CoordinatorLog.write("job \(record.id) cannot go on \(reason)")
        JobLog(path: logPath(record.id)).write("ended ERROR: \(reason)")
        var record = record
        record.state = JobState.error.rawValue
        record.reason = reason
        record.ended = EventLoop.wallTime().rfc3339
        jobStore.update(record) { outcome in
            // The next start tries again.
            if case .failure(let error) = outcome {
                CoordinatorLog.write("job \(record.id) could not be recorded: \(error)")
            }
            completion()
        }
    }
}

extension SyntheticLease {
    /// The lease of one selftest task; `fail_at` and `crash_at` name tasks by their number.
    init(_ test: SelftestDeclaration, attempt: AttemptID, task: Int) {
        let outcome: Outcome =
            test.crashAt == task ? .crash : test.failAt == task ? .fail : .succeed
        self.init(
            attempt: attempt,
            sleepMicroseconds: UInt64(test.sleep.nanoseconds / 1000),
            outcome: outcome
        )
    }
}
