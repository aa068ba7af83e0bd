package import Base

/// The workers that pools start by commands: which command runs when, and what is left to stop.
///
/// Pure, as ``Scheduler`` is: events and the time in, commands out. The scheduler says how many
/// workers a pool is to have; this keeps the book of their names, so that none is left running:
///
/// ```
///   queued ─▶ starting ─▶ awaited ─▶ joined      its name is recorded before its start command runs
///                 │        │   ▲       │
///          failed │        │   └───────┘ its connection ended: it may come back
///                 │        │ too late, or not wanted any more
///                 ▼        ▼
///               leaving ─▶ stopping ─▶ stopped   when its stop command has succeeded
///                  ▲           │
///                  └───────────┘ failed: again, ever later; after `stopTries` it is stranded
/// ```
///
/// A worker in `leaving` or beyond is not taken in any more.
package struct StartedWorkers: Sendable {
    /// Commands that run at a time, of all pools; a guess: each is a process on this machine.
    package static let commandsAtOnce = 4
    /// The wait before a failed stop command is tried again; doubled each time, up to the last.
    package static let firstStopDelay = Duration.seconds(1)
    package static let lastStopDelay = Duration.seconds(300)
    /// Stop commands of one worker that may fail before it is left to people: in half an hour.
    package static let stopTries = 14
    /// How long a worker may take to join, or to come back, where the pool's patience is shorter.
    package static let shortestWait = Duration.seconds(10)
    /// How long the name of a stopped worker is remembered: one that joins in spite of it is stopped
    /// again.
    package static let memory = Duration.seconds(600)

    /// A pool whose workers are started by a command.
    package struct Pool: Sendable, Equatable {
        package var id: PoolID
        package var maxWorkers: Int
        /// How long its workers may take to join.
        package var patience: Duration
        /// Machines to spread workers over; empty where the command finds one.
        package var hosts: [String]

        package init(id: PoolID, maxWorkers: Int, patience: Duration, hosts: [String] = []) {
            self.id = id
            self.maxWorkers = maxWorkers
            self.patience = patience
            self.hosts = hosts
        }
    }

    /// A worker that was started, or is about to be.
    package struct Worker: Sendable, Equatable {
        package let name: WorkerName
        package let pool: PoolID
        package let host: String?

        package init(name: WorkerName, pool: PoolID, host: String? = nil) {
            self.name = name
            self.pool = pool
            self.host = host
        }
    }

    package enum Event: Sendable, Equatable {
        case startWanted(PoolID)
        /// So many starts of the pool are not waited for any more.
        case startsCancelled(PoolID, Int)
        case startEnded(WorkerName, StartOutcome)
        case joined(WorkerName, WorkerID)
        case left(WorkerName, WorkerID)
        case stopWanted(WorkerName)
        /// `failure`: why it may still run; nil when it does not.
        case stopEnded(WorkerName, failure: String?)
        /// The cluster ends: nothing is started any more, and all is stopped.
        case endRequested
        case tick
    }

    package enum StartOutcome: Sendable, Equatable {
        case started
        /// What of it runs nobody knows.
        case failed(reason: String)
        /// The command did not run at all.
        case notRun(reason: String)
    }

    package enum Command: Sendable, Equatable {
        /// Record the worker durably, then run its start command; answered by `startEnded`.
        case start(Worker)
        /// Run its stop command and forget the record when that succeeds; answered by `stopEnded`.
        case stop(WorkerName)
        /// To be told to the scheduler: a start that it waits for has failed.
        case launchFailed(PoolID, reason: String)
    }

    enum State: Sendable, Equatable {
        case queued
        /// It may join before its start command has ended.
        case starting(joined: WorkerID?, isWanted: Bool)
        case awaited(until: Instant)
        case joined(WorkerID)
        case leaving(tries: Int, notBefore: Instant, failure: String?)
        case stopping(tries: Int, failure: String?)
        /// Its stop command failed too often.
        case stranded(failure: String)
        case stopped(until: Instant)
    }

    struct Entry: Sendable {
        let worker: Worker
        var state: State
        /// Whether the scheduler waits for this start: it is told once what came of it.
        var isLaunch: Bool
    }

    let pools: [PoolID: Pool]
    let prefix: String
    var startCounter = 0
    var entries: [WorkerName: Entry] = [:]
    var isEnding = false
    var commands: [Command] = []
    private(set) var now: Instant

    /// Creates the book of a coordinator.
    ///
    /// All names begin with `prefix`, which no other coordinator may ever use. `recovered` is what
    /// earlier ones started and did not stop: waited for as long as one that is started now.
    package init(pools: [Pool], prefix: String, recovered: [Worker] = [], at now: Instant) {
        self.pools = Dictionary(pools.map { ($0.id, $0) }) { first, _ in first }
        self.prefix = prefix
        self.now = now
        for worker in recovered {
            let state =
                self.pools[worker.pool].map { State.awaited(until: now + Self.wait(of: $0)) }
                ?? .leaving(tries: 0, notBefore: now, failure: nil)
            entries[worker.name] = Entry(worker: worker, state: state, isLaunch: false)
        }
    }

    /// Takes an event in and returns what follows from it.
    package mutating func handle(_ event: Event, at time: Instant) -> [Command] {
        now = time
        switch event {
        case .startWanted(let pool): want(pool)
        case .startsCancelled(let pool, let count): cancel(count, of: pool)
        case .startEnded(let name, let outcome): endStart(of: name, outcome)
        case .joined(let name, let worker): join(name, worker)
        case .left(let name, let worker): leave(name, worker)
        case .stopWanted(let name): stop(name)
        case .stopEnded(let name, let failure): endStop(of: name, failure)
        case .endRequested: end()
        case .tick: checkWaits()
        }
        runCommands()
        defer { commands.removeAll() }
        return commands
    }

    // MARK: Commands

    /// Runs what is due, as long as there are places: what stops a worker first.
    private mutating func runCommands() {
        var places = Self.commandsAtOnce - entries.values.count { $0.state.isRunning }
        guard places > 0 else { return }
        for name in names({ $0.state.isDue(at: now) }) {
            guard places > 0, case .leaving(let tries, _, let failure) = entries[name]?.state
            else { break }
            places -= 1
            change(name, to: .stopping(tries: tries, failure: failure))
            commands.append(.stop(name))
        }
        for name in names({ $0.state == .queued }).prefix(max(0, places)) {
            guard let worker = entries[name]?.worker else { continue }
            change(name, to: .starting(joined: nil, isWanted: true))
            commands.append(.start(worker))
        }
    }

    mutating func change(_ name: WorkerName, to state: State) {
        entries[name]?.state = state
    }

    /// The names of these entries, in the order of their starts.
    func names(_ isMeant: (Entry) -> Bool) -> [WorkerName] {
        entries.filter { isMeant($0.value) }.keys.sorted { left, right in
            (left.rawValue.utf8.count, left) < (right.rawValue.utf8.count, right)
        }
    }
}

extension StartedWorkers.State {
    var isStopped: Bool { if case .stopped = self { true } else { false } }

    /// Whether a command of it runs.
    var isRunning: Bool {
        switch self {
        case .starting, .stopping: true
        default: false
        }
    }

    /// Whether it is to be stopped and was not, as far as is known.
    var isLeaving: Bool {
        switch self {
        case .leaving, .stopping, .stranded: true
        default: false
        }
    }

    /// Why it could not be stopped the last time.
    var failure: String? {
        switch self {
        case .leaving(_, _, let failure), .stopping(_, let failure): failure
        case .stranded(let failure): failure
        default: nil
        }
    }

    func isDue(at now: Instant) -> Bool {
        if case .leaving(_, let notBefore, _) = self { now >= notBefore } else { false }
    }
}
