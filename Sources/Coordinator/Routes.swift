import API
import Base
import Catalog
import Columns
import Dashboard
import HTTP
import Jobs
import Scheduling
import Transport
import Wire

/// The project's own API: what each route answers.
extension CoordinatorShell {
    func makeRouter() -> Router {
        var router = Router()
        router.add(.get, API.Routes.health) { _, _, exchange in exchange.respond(.text("ok\n")) }
        router.add(.get, API.Routes.version) { _, _, exchange in
            let version = VersionInfo(
                version: productVersion,
                protocolVersion: Int(protocolVersion)
            )
            exchange.respond(.json(JSON.encode(version)))
        }
        router.add(.post, API.Routes.shutdown) { [unowned self] _, _, exchange in
            exchange.respond(.json(Array("{}".utf8)))
            let shell = LoopBound(self, loop: loop)
            // After the answer has left.
            loop.execute { shell.value.stop("asked to, by otjob down") }
        }
        router.add(.get, API.Routes.metrics) { [unowned self] _, _, exchange in
            exchange.respond(
                HTTPResponse(
                    status: 200,
                    headers: [("Content-Type", MetricsText.contentType)],
                    body: Array(metrics().text.utf8)
                )
            )
        }
        addJobRoutes(to: &router)
        addScheduleRoutes(to: &router)
        addClusterRoutes(to: &router)
        addStoreRoutes(to: &router)
        addViewRoutes(to: &router)
        addUpkeepRoutes(to: &router)
        addIdentityRoutes(to: &router)
        addDataprocRoutes(to: &router)
        addStorageRoutes(to: &router)
        return router
    }

    /// Answers one request; whoever must not ask learns nothing, not even what there is.
    func serve(
        _ request: HTTPRequest,
        _ exchange: HTTPExchange,
        _ router: Router,
        _ dashboard: Router
    ) {
        if Links.owns(request.path) { return servePage(request, exchange, dashboard) }
        if let refusal = security.refusal(of: request) { return exchange.respond(refusal) }
        guard isReady else {
            return exchange.respond(.error(503, "the coordinator starts; try again in a moment"))
        }
        router.route(request, exchange)
    }

    // MARK: Jobs

    private func addJobRoutes(to router: inout Router) {
        router.add(.post, API.Routes.jobs) { [unowned self] request, _, exchange in
            guard let body = decode(SubmitRequest.self, request, exchange) else { return }
            submit(body) { outcome in
                switch outcome {
                case .success(let id): exchange.respond(json: SubmitResponse(id: "\(id)"))
                case .failure(let error): exchange.respond(error.response)
                }
            }
        }
        router.add(.post, API.Routes.explain) { [unowned self] request, _, exchange in
            guard let body = decode(SubmitRequest.self, request, exchange) else { return }
            explain(body, exchange)
        }
        router.add(.get, API.Routes.jobs) { [unowned self] _, _, exchange in
            withJobs(exchange) { exchange.respond(json: JobList(jobs: $0)) }
        }
        router.add(.get, API.Routes.job("{id}")) { [unowned self] _, parameters, exchange in
            withStatus(of: parameters["id"], exchange) { exchange.respond(json: $0) }
        }
        router.add(.get, API.Routes.jobEvents("{id}")) { [unowned self] _, parameters, exchange in
            watch(parameters["id"], exchange)
        }
        router.add(.get, API.Routes.jobLogs("{id}")) {
            [unowned self] request, parameters, exchange in
            withStatus(of: parameters["id"], exchange) { [unowned self] status in
                readLog(of: status, task: request.query["task"], exchange)
            }
        }
        router.add(.get, API.Routes.jobAttempts("{id}")) {
            [unowned self] _, parameters, exchange in
            withStatus(of: parameters["id"], exchange) { [unowned self] status in
                listAttempts(of: status, exchange)
            }
        }
        router.add(.post, API.Routes.retryJob("{id}")) { [unowned self] _, parameters, exchange in
            withStatus(of: parameters["id"], exchange) { [unowned self] status in
                retry(JobID(Int64(status.id) ?? 0)) { [unowned self] problem in
                    if let problem { return exchange.respond(problem.response) }
                    withStatus(of: status.id, exchange) { exchange.respond(json: $0) }
                }
            }
        }
        router.add(.post, API.Routes.cancelJob("{id}")) { [unowned self] _, parameters, exchange in
            withStatus(of: parameters["id"], exchange) { [unowned self] status in
                if let id = Int64(status.id), !status.state.isEnded {
                    cancel(JobID(id))
                }
                withStatus(of: status.id, exchange) { exchange.respond(json: $0) }
            }
        }
    }

    /// Calls `body` with all jobs, the newest first; answers itself when they cannot be read.
    func withJobs(_ exchange: HTTPExchange, _ body: @escaping ([JobSummary]) -> Void) {
        jobStore.list { [unowned self] outcome in
            switch outcome {
            case .success(let records):
                body(
                    records.map { record in
                        jobs[record.id].map { JobSummary(status(of: $0)) } ?? JobSummary(record)
                    }
                )
            case .failure(let error):
                exchange.respond(.error(503, "the job store cannot be read: \(error)"))
            }
        }
    }

    /// Answers with the job's status, of a running job from memory, else from the job store.
    private func withStatus(
        of text: String?,
        _ exchange: HTTPExchange,
        _ body: @escaping (JobStatus) -> Void
    ) {
        let unknown = HTTPResponse.notFound("there is no job '\(text ?? "")'; see otjob list")
        guard let number = text.flatMap(Int64.init) else { return exchange.respond(unknown) }
        if let job = jobs[JobID(number)] { return body(status(of: job)) }
        jobStore.job(JobID(number)) { outcome in
            switch outcome {
            case .success(let record?): body(JobStatus(record))
            case .success(nil): exchange.respond(unknown)
            case .failure(let error):
                exchange.respond(.error(503, "the job store cannot be read: \(error)"))
            }
        }
    }

    private func watch(_ text: String?, _ exchange: HTTPExchange) {
        withStatus(of: text, exchange) { [unowned self] status in
            let stream = exchange.beginStream(contentType: "text/event-stream")
            stream.send(status)
            guard let number = Int64(status.id), !status.state.isEnded,
                let job = jobs[JobID(number)]
            else { return stream.end() }
            let key = ObjectIdentifier(stream)
            job.watchers[key] = JobWatcher(
                notify: { if stream.isOpen { stream.send($0) } },
                end: { stream.end() }
            )
            // Else every client that comes and goes would leave one behind.
            stream.onClose = { [weak job] in job?.watchers[key] = nil }
        }
    }

    private func readLog(of status: JobStatus, task: String?, _ exchange: HTTPExchange) {
        guard let id = Int64(status.id) else { return }
        // A log is up to 4 MiB in memory until its reader has taken it.
        guard logReads < Self.logReadsLimit, !exchange.isCrowded else {
            return exchange.respond(.error(503, "too many logs are being read; try again"))
        }
        logReads += 1
        let answer = LoopBound((exchange: exchange, shell: self), loop: loop)
        let subject = task.map(LogSelection.Subject.task) ?? .course
        JobLog.read(logPath(JobID(id)), subject) { [loop] bytes in
            loop.execute {
                answer.value.shell.logReads -= 1
                answer.value.exchange.respond(
                    HTTPResponse(
                        status: 200,
                        headers: [("Content-Type", "text/plain; charset=utf-8")],
                        body: bytes
                    )
                )
            }
        }
    }

    private func explain(_ request: SubmitRequest, _ exchange: HTTPExchange) {
        do throws(PlanError) {
            let plan = try planner.plan(request)
            let chunkSize = configuration.scheduler.chunkSizeBytes
            let plans = plan.steps.map { StepPlan($0, published: nil, finished: FinishedTasks()) }
            let order = Job.order(of: plans)
            let steps = order.map { index in
                let step = plan.steps[index]
                let rawBytes = step.inputBytes * ExplainedStep.rawBytesPerCompressedByte
                let needs = step.declaration.rules.needs
                return ExplainedStep(
                    job: step.declaration.name,
                    table: step.declaration.table?.table,
                    input: step.source,
                    bytes: step.inputBytes,
                    chunksEstimate: Int((rawBytes + chunkSize - 1) / chunkSize),
                    needs: needs.compactMap { order.firstIndex(of: $0) }.map { $0 + 1 }.sorted(),
                    onlyIfChanged: step.declaration.rules.onlyIfChanged
                )
            }
            let pool = scheduler.pools.first {
                [.ready, .active].contains(scheduler.state(of: $0))
            }
            exchange.respond(
                json: Explanation(
                    pool: request.pool ?? pool?.settings.id.rawValue,
                    steps: steps
                )
            )
        } catch {
            exchange.respond(.error(400, error.message))
        }
    }

    // MARK: Cluster

    private func addClusterRoutes(to router: inout Router) {
        router.add(.get, API.Routes.workers) { [unowned self] request, _, exchange in
            let all = ["1", "true"].contains(request.query["all"])
            let workers = roster.summaries(scheduler, all: all, at: EventLoop.now())
            exchange.respond(json: WorkerList(workers: workers))
        }
        router.add(.get, API.Routes.pools) { [unowned self] _, _, exchange in
            exchange.respond(json: PoolList(pools: poolSummaries()))
        }
        router.add(.post, API.Routes.drainWorker("{id}")) {
            [unowned self] _, parameters, exchange in
            guard let number = parameters["id"].flatMap(Int64.init),
                scheduler.workers[WorkerID(number)] != nil
            else {
                let text = "there is no worker '\(parameters["id"] ?? "")'; see otjob workers"
                return exchange.respond(.notFound(text))
            }
            note(.draining, WorkerID(number), "asked to")
            handle(.drainRequested(WorkerID(number)))
            exchange.respond(.json(Array("{}".utf8)))
        }
        router.add(.post, API.Routes.scalePool("{name}")) {
            [unowned self] request, parameters, exchange in
            guard let body = decode(ScaleRequest.self, request, exchange) else { return }
            scale(parameters["name"] ?? "", to: body.workers, exchange)
        }
    }

    private func scale(_ name: String, to workers: Int, _ exchange: HTTPExchange) {
        if let problem = scale(name, to: workers) {
            exchange.respond(.error(problem.status, problem.message))
        } else {
            exchange.respond(.json(Array("{}".utf8)))
        }
    }

    /// Scales a pool; returns why it cannot be done.
    func scale(_ name: String, to workers: Int) -> (status: Int, message: String)? {
        guard let pool = scheduler.pool(PoolID(name)) else {
            return (404, "there is no pool '\(name)'; see otjob pools")
        }
        guard pool.settings.startsWorkers else {
            return (400, "workers join the pool \(name) by themselves; start or stop them there")
        }
        guard (0...pool.settings.maxWorkers).contains(workers) else {
            let most = pool.settings.maxWorkers
            return (400, "\(name) may have 0 to \(most) workers (max_workers)")
        }
        handle(.scaleRequested(pool.settings.id, workers: workers))
        return nil
    }

    func poolSummaries() -> [PoolSummary] {
        scheduler.pools.map { pool in
            PoolSummary(
                name: pool.settings.id.rawValue,
                provider: provider(of: pool.settings.id),
                state: PoolState(scheduler.state(of: pool)),
                workers: pool.workers.count,
                wanted: pool.wantedWorkers,
                minWorkers: pool.settings.minWorkers,
                maxWorkers: pool.settings.maxWorkers,
                reason: reason(of: pool)
            )
        }
    }

    private func provider(of pool: PoolID) -> String {
        configuration.pools.first { $0.name == pool }?.provider.rawValue ?? ""
    }

    /// What is to be said about a pool: why it cannot be had, what its size comes from, and what of
    /// it could not be stopped.
    private func reason(of pool: Pool) -> String? {
        let reasons = [
            pool.exhaustedReason ?? pool.targetReason, commandPools.trouble(of: pool.settings.id),
        ].compactMap { $0 }
        return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    }

    /// The body as `type`; answers with what is wrong about it when it is not.
    func decode<Body: Decodable>(
        _ type: Body.Type,
        _ request: HTTPRequest,
        _ exchange: HTTPExchange
    ) -> Body? {
        do throws(JSONError) {
            return try JSON.decode(type, from: request.body)
        } catch {
            exchange.respond(.error(400, error.description))
            return nil
        }
    }
}

extension HTTPExchange {
    func respond(json value: some Encodable) { respond(.json(JSON.encode(value))) }
}

extension HTTPStream {
    fileprivate func send(_ status: JobStatus) {
        sendEvent(name: "status", data: String(decoding: JSON.encode(status), as: UTF8.self))
    }
}

extension PlannedJob.Step {
    /// Where the step's bytes come from; nil where it has none.
    fileprivate var source: String? {
        if case .action(.ingest(let source)) = declaration.work { return "\(source.location)" }
        return files.isEmpty ? nil : files.joined(separator: ", ")
    }
}

extension ExplainedStep {
    /// How many bytes of text one byte of gzip holds, roughly: the IMDb files have 3.5 to 6.
    fileprivate static let rawBytesPerCompressedByte: Int64 = 5
}

extension PoolState {
    fileprivate init(_ state: Pool.State) {
        switch state {
        case .empty: self = .empty
        case .acquiring: self = .acquiring
        case .active: self = .active
        case .ready: self = .ready
        case .exhausted: self = .exhausted
        case .draining: self = .draining
        }
    }
}

extension JobSummary {
    init(_ status: JobStatus) {
        self.init(
            id: status.id,
            name: status.name,
            state: status.state,
            reason: status.reason,
            pool: status.pool,
            created: status.created,
            started: status.started,
            ended: status.ended
        )
    }

    fileprivate init(_ record: JobRecord) { self.init(JobStatus(record)) }
}

extension JobStatus {
    /// An ended job as it was recorded; one that never had a step has no status of its own.
    init(_ record: JobRecord) {
        if let status = try? JSON.decode(JobStatus.self, from: Array(record.status.utf8)) {
            self = status
            state = JobState(rawValue: record.state) ?? status.state
            reason = record.reason
            ended = record.ended
            return
        }
        self.init(
            id: "\(record.id)",
            name: record.name,
            state: JobState(rawValue: record.state) ?? .error,
            reason: record.reason,
            pool: record.pool,
            created: record.created,
            started: record.started,
            ended: record.ended,
            steps: []
        )
    }
}
