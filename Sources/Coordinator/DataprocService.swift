import API
import Base
import Database
import Dataproc
import HTTP
import Jobs
import Scheduling
import Storage
import Transport

/// The Dataproc API's resources on the scheduler's pools and jobs.
///
/// `DataprocCore` decides; this writes its records before an answer leaves or a command is carried
/// out, tells the scheduler what is claimed, and tells the core what became of jobs. Lives on the
/// loop.
final class DataprocService {
    static let interval = Duration.milliseconds(250)

    unowned let shell: CoordinatorShell
    var core: DataprocCore
    /// Claims as the scheduler knows them, by pool.
    private var toldClaims: [String: Int] = [:]
    private var commands: [DataprocCommand] = []
    /// Answers and commands wait until what they rest on is written.
    private var waiting: [(DatabaseError?) -> Void] = []
    private var isWriting = false
    /// Jobs whose end is being looked up in the job store.
    var lookedUp: Set<ResourceName> = []
    let queries: QueryRunner
    private(set) var isReady = false

    init(shell: CoordinatorShell) {
        self.shell = shell
        let configuration = shell.configuration.dataproc
        core = DataprocCore(
            translation: JobTranslation(
                aliases: configuration.aliases,
                buckets: configuration.buckets,
                jobs: Set(shell.library.names)
            ),
            seed: UInt64.random(in: 0...UInt64.max)
        )
        queries = QueryRunner(
            loop: shell.loop,
            store: shell.queryStore,
            directory: shell.configuration.stateDirectory + "/answers"
        )
    }

    /// Takes up what an earlier coordinator left.
    func resume(_ completion: @escaping () -> Void) {
        shell.jobStore.dataprocRecords { [unowned self] outcome in
            switch outcome {
            case .success(let records):
                for record in records { restore(record) }
                core.resume()
                isReady = true
                commit()
                completion()
            case .failure(let error):
                // To go on without them would be to forget them silently.
                shell.stop("the clusters of the API could not be read: \(error)", exitCode: 1)
            }
        }
    }

    private func restore(_ record: (kind: String, body: String)) {
        guard let kind = RecordKey.Kind(rawValue: record.kind) else {
            return CoordinatorLog.write("a record of the unknown kind \(record.kind) is left out")
        }
        do throws(JSONError) {
            try core.restore(kind, record.body)
        } catch {
            CoordinatorLog.write("a \(record.kind) of the API is left out: \(error)")
        }
    }

    // MARK: Requests

    /// Answers a request as soon as what it changed is durable.
    func answer(_ route: Route, _ request: Route.Request, _ exchange: HTTPExchange) {
        let response: HTTPResponse
        do throws(RPCError) {
            let value = try route.answer(request, &core, in: world, at: Self.now()) {
                [unowned self] in refusal(of: $0)
            }
            response = .json(JSONText.bytes(of: value))
        } catch {
            return exchange.respond(HTTPResponse(error))
        }
        commit { error in
            guard let error else { return exchange.respond(response) }
            let text = "the change could not be recorded: \(error)"
            exchange.respond(HTTPResponse(RPCError(.unavailable, text)))
        }
    }

    /// Why the planner would not take a job.
    private func refusal(of work: JobWork) -> String? {
        switch work {
        case .run(let request):
            do throws(PlanError) {
                _ = try shell.planner.plan(request)
                return nil
            } catch {
                return error.message
            }
        case .query(let statements): return QueryRunner.refusal(of: statements)
        }
    }

    /// What is known of a cluster, for whoever looks for what is wrong with it.
    func diagnostic(of uuid: String) -> [UInt8]? {
        guard let cluster = core.clusters.values.first(where: { $0.uuid == uuid }) else {
            return nil
        }
        let jobs = core.jobs.values.filter { $0.clusterUUID == uuid }
        let lines =
            [cluster.json(dashboard: shell.dashboardAddress)]
            + jobs.sorted { $0.serial < $1.serial }.map {
                $0.json(dashboard: shell.dashboardAddress)
            }
        return Array(lines.map { JSONText.bytes(of: $0) }.joined(separator: [UInt8(ascii: "\n")]))
    }

    // MARK: Time

    func tick() {
        guard isReady, !shell.isStopping else { return }
        tellClaims()
        observeJobs()
        core.advance(in: world, at: Self.now())
        commit()
    }

    static func now() -> Moment {
        Moment(wall: EventLoop.wallTime(), instant: EventLoop.now())
    }

    /// The scheduler's pools, for the core.
    private var world: World {
        World(
            pools: shell.scheduler.pools.map { pool in
                World.Pool(
                    name: pool.settings.id.rawValue,
                    startsWorkers: pool.settings.startsWorkers,
                    healthyWorkers: pool.healthyWorkers,
                    leavingWorkers: pool.leavingWorkers,
                    maxWorkers: pool.settings.maxWorkers,
                    acquireTimeout: pool.settings.acquireTimeout,
                    slots: pool.slotsPerWorker,
                    queuedTasks: shell.scheduler.readyTasks(in: pool.settings.id),
                    reason: pool.exhaustedReason ?? pool.lastLaunchFailure
                )
            },
            dashboard: shell.dashboardAddress
        )
    }

    private func tellClaims() {
        let claims = core.claims
        for pool in shell.scheduler.pools.map(\.settings.id) {
            let count = claims[pool.rawValue, default: 0]
            guard count != toldClaims[pool.rawValue, default: 0] else { continue }
            toldClaims[pool.rawValue] = count
            shell.handle(.claimed(pool, workers: count))
        }
    }

    // MARK: Records and commands

    /// Writes what has changed; then tells `completion`, and carries out what was decided.
    func commit(_ completion: ((DatabaseError?) -> Void)? = nil) {
        commands += core.takeCommands()
        if let completion { waiting.append(completion) }
        guard !isWriting else { return }
        let changes = core.takeChanges()
        let (answers, due) = (waiting, commands)
        waiting = []
        commands = []
        guard !changes.isEmpty else { return conclude(nil, answers, due) }
        isWriting = true
        shell.jobStore.save(changes) { [unowned self] outcome in
            isWriting = false
            var problem: DatabaseError?
            if case .failure(let error) = outcome {
                CoordinatorLog.write("clusters of the API could not be recorded: \(error)")
                core.writeAgain(changes)
                commands = due + commands
                problem = error
            }
            conclude(problem, answers, problem == nil ? due : [])
            // A disk that is full is tried again with the next tick.
            if problem == nil { commit() }
        }
    }

    private func conclude(
        _ problem: DatabaseError?,
        _ answers: [(DatabaseError?) -> Void],
        _ due: [DataprocCommand]
    ) {
        for answer in answers { answer(problem) }
        if problem == nil { tellClaims() }
        for command in due { carryOut(command) }
    }
}

extension HTTPResponse {
    init(_ error: RPCError) {
        self = .json(JSONText.bytes(of: error.body), status: error.code.http)
    }
}
