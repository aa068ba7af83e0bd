import Base
import Dispatch
import Identity
import Jobs
import Scheduling
import Storage
import Transport

/// The pools whose workers are started and stopped by commands.
///
/// ``StartedWorkers`` decides; this keeps the records and runs the commands, each on a thread of its
/// own for as long as it takes. Lives on the loop.
final class CommandPools {
    private let loop: EventLoop
    private let records: StartedRecords
    private let commands: [PoolID: CommandDeclaration]
    private let values: [PoolID: [CommandTemplate.Placeholder: String]]
    private let queue = DispatchQueue(label: "pool-commands", attributes: .concurrent)
    /// How each worker is stopped, by what was recorded of it.
    private var stops: [WorkerName: StartedRecord] = [:]
    private var core: StartedWorkers
    /// Workers of earlier coordinators, which may come back.
    let livingByPool: [PoolID: Int]
    /// Told when a start that was asked for has come to nothing.
    var launchFailed: (PoolID, String) -> Void = { _, _ in }
    typealias InputReceiver = (Result<Secret?, IdentityRegistry.Refusal>) -> Void
    /// Makes what a start command finds on its standard input: a join token, where one is needed.
    var makeInput: (StartedWorkers.Worker, @escaping InputReceiver) -> Void = { $1(.success(nil)) }

    /// Reads the records of earlier coordinators; blocks, for the start of the process.
    init(loop: EventLoop, configuration: ClusterConfiguration, epoch: Int64) throws(StorageError) {
        self.loop = loop
        records = try StartedRecords(stateDirectory: configuration.stateDirectory)
        let pools = configuration.pools.filter { $0.provider == .command }
        commands = Dictionary(uniqueKeysWithValues: pools.map { ($0.name, $0.command) })
            .compactMapValues { $0 }
        values = Dictionary(
            uniqueKeysWithValues: pools.map { pool in
                (
                    pool.name,
                    [
                        .pool: pool.name.rawValue, .slots: String(pool.slots),
                        .coordinator: configuration.listen.workers,
                    ]
                )
            }
        )
        let left = try records.all()
        for record in left { stops[WorkerName(record.name)] = record }
        livingByPool = Dictionary(left.map { (PoolID($0.pool), 1) }, uniquingKeysWith: +)
        core = StartedWorkers(
            pools: pools.map { pool in
                StartedWorkers.Pool(
                    id: pool.name,
                    maxWorkers: pool.maxWorkers,
                    patience: pool.acquireTimeout,
                    hosts: pool.command?.hosts ?? []
                )
            },
            prefix: Self.namePrefix(cluster: configuration.cluster, epoch: epoch),
            recovered: left.map(\.worker),
            at: EventLoop.now()
        )
    }

    /// What workers are called: two clusters, and two reigns of one, never use the same names.
    ///
    /// Without `_`, which hosts of clouds and of Kubernetes may not have, and short enough for them.
    static func namePrefix(cluster: String, epoch: Int64) -> String {
        let name = String(cluster.prefix(32).map { $0 == "_" ? "-" : $0 })
        return "\(name)-\(epoch)"
    }

    func has(_ pool: PoolID) -> Bool { commands[pool] != nil }

    // MARK: What the scheduler wants

    func start(_ pool: PoolID) { handle(.startWanted(pool)) }

    func cancel(_ count: Int, of pool: PoolID) { handle(.startsCancelled(pool, count)) }

    /// Stops the worker of that name for good, if it is one of ours.
    func stop(_ name: WorkerName) { handle(.stopWanted(name)) }

    func tick() { handle(.tick) }

    // MARK: What workers do

    /// Why the worker is not taken in; nil when it is.
    ///
    /// One that was given up is stopped again.
    func refusal(of name: WorkerName, in pool: PoolID) -> String? {
        guard let reason = core.refusal(of: name, in: pool) else { return nil }
        stop(name)
        return reason
    }

    /// Notes that a worker has joined; whether as one that the scheduler had started.
    func join(_ name: WorkerName, as worker: WorkerID) -> Bool {
        let wasLaunched = core.isLaunch(name)
        handle(.joined(name, worker))
        return wasLaunched
    }

    func leave(_ name: WorkerName, _ worker: WorkerID) { handle(.left(name, worker)) }

    // MARK: The end

    /// Begins to stop all workers; `isBusy` tells when each was tried.
    func end() { handle(.endRequested) }

    var isBusy: Bool { core.isBusy }

    /// What could not be stopped, for people; nil when there is nothing.
    func trouble(of pool: PoolID) -> String? { core.trouble(of: pool) }

    // MARK: Commands

    private func handle(_ event: StartedWorkers.Event) {
        for command in core.handle(event, at: EventLoop.now()) {
            switch command {
            case .start(let worker): start(worker)
            case .stop(let name): runStop(of: name)
            case .launchFailed(let pool, let reason):
                CoordinatorLog.write("pool \(pool): \(reason)")
                launchFailed(pool, reason)
            }
        }
    }

    private func start(_ worker: StartedWorkers.Worker) {
        makeInput(worker) { [unowned self] input in
            switch input {
            case .success(let token): runStart(of: worker, with: token)
            case .failure(let refusal):
                handle(.startEnded(worker.name, .notRun(reason: refusal.text)))
            }
        }
    }

    private func runStart(of worker: StartedWorkers.Worker, with token: Secret?) {
        guard let command = commands[worker.pool], var values = values[worker.pool] else {
            preconditionFailure("pool \(worker.pool) has no command")
        }
        values[.name] = worker.name.rawValue
        values[.host] = worker.host
        let record = StartedRecord(
            name: worker.name.rawValue,
            pool: worker.pool.rawValue,
            host: worker.host,
            stop: command.stop.filled(with: values),
            timeLimitMilliseconds: command.timeLimit.nanoseconds / 1_000_000
        )
        stops = stops.filter { core.knows($0.key) }
        stops[worker.name] = record
        let words = command.start.filled(with: values)
        let limit = command.timeLimit
        run("start", of: worker.name) { [records] in
            do throws(StorageError) {
                try records.write(record)
            } catch {
                return .startEnded(worker.name, .notRun(reason: "\(error)"))
            }
            let (failure, hasRun) = PoolCommand.run(words, input: token, limit: limit)
            guard let failure else { return .startEnded(worker.name, .started) }
            guard !hasRun else { return .startEnded(worker.name, .failed(reason: failure)) }
            // Nothing was started: what stays of a record that cannot be removed is stopped once
            // for nothing.
            try? records.remove(worker.name)
            return .startEnded(worker.name, .notRun(reason: failure))
        }
    }

    private func runStop(of name: WorkerName) {
        guard let record = stops[name] else {
            preconditionFailure("worker \(name) was not recorded")
        }
        run("stop", of: name) { [records] in
            .stopEnded(name, failure: records.stop(record))
        }
    }

    /// Runs `body` on a thread of its own; what it returns comes back through the loop.
    private func run(
        _ what: String,
        of name: WorkerName,
        _ body: @escaping @Sendable () -> StartedWorkers.Event
    ) {
        CoordinatorLog.write("runs the command to \(what) worker \(name)")
        let pools = LoopBound(self, loop: loop)
        queue.async { [loop] in
            let event = body()
            loop.execute {
                if let failure = event.failure {
                    CoordinatorLog.write("could not \(what) worker \(name): \(failure)")
                }
                pools.value.handle(event)
            }
        }
    }
}

extension StartedWorkers.Event {
    /// Why the command failed whose end this is.
    fileprivate var failure: String? {
        switch self {
        case .startEnded(_, .failed(let reason)), .startEnded(_, .notRun(let reason)): reason
        case .stopEnded(_, let failure): failure
        default: nil
        }
    }
}
