package import API
import Base
import Glibc
import Jobs
import Storage
import Transport

/// The coordinator and the workers that one configuration runs on this machine.
package struct LocalCluster {
    /// Time that a coordinator gets to end by itself, and again after SIGTERM.
    private static let endingPatience: Duration = .seconds(10)
    /// That of a coordinator that has commands to run before: it gives them 60 s.
    private static let commandsPatience: Duration = .seconds(65)
    /// First and longest time between two looks at a cluster that starts or ends: it is up within
    /// tens of milliseconds, and a look costs some.
    private static let firstInterval: Duration = .milliseconds(1)
    private static let longestInterval: Duration = .milliseconds(50)

    private let configuration: ClusterConfiguration
    /// Absolute; nil for the defaults.
    private let configurationPath: String?

    init(configurationPath: String?) throws(CLIError) {
        self.configurationPath = configurationPath.map { Paths.absolute($0) }
        do throws(ConfigurationError) {
            configuration = try ClusterConfiguration.load(path: configurationPath)
        } catch {
            throw .invalid(error.description)
        }
    }

    var url: String {
        let address = HostPort(configuration.listen.http)?.fromThisHost
        let text = address.map(\.description) ?? configuration.listen.http
        return (configuration.httpUsesTLS ? "https://" : "http://") + text
    }

    /// A client of our coordinator, with what its own configuration asks for.
    private func makeClient() throws(CLIError) -> CoordinatorClient {
        let security = configuration.security
        let access = try UserIdentity.access(
            tokenFile: security.tokenFile,
            authorityFile: security.directory.map { $0 + "/ca.pem" }
        )
        return try CoordinatorClient(url: url, access: access)
    }

    private var pidFile: String { configuration.stateDirectory + "/coordinator.pid" }
    private var logFile: String { configuration.stateDirectory + "/coordinator.log" }
    private var workersFolder: String { configuration.stateDirectory + "/workers" }

    /// The coordinator of our state folder, where it runs.
    ///
    /// The file outlives a crash, and its pid may be another program's by then.
    var coordinator: ProcessEntry? {
        guard let text = FileText.read(pidFile),
            let pid = pid_t(text.split { $0 == "\n" || $0 == " " }.first ?? ""),
            let entry = ProcessEntry(pid: pid), entry.commandLine.dropFirst().first == "coordinator"
        else { return nil }
        return entry
    }

    // MARK: Up

    /// Starts what does not run yet and waits until it is ready; returns what to say about it.
    func start(workers: Int?) throws(CLIError) -> String {
        let client = try makeClient()
        if let running = coordinator, client.isHealthy {
            return "the cluster runs already (coordinator: process \(running.pid)): \(url)/"
        }
        let logStart = try prepareState()
        var child: pid_t?
        if coordinator == nil {
            var arguments = ["otjob", "coordinator"]
            if let configurationPath { arguments += ["--config", configurationPath] }
            if let workers { arguments += ["--workers", String(workers)] }
            child = try startDaemon(arguments)
        }
        try waitUntilHealthy(client, child: child, logStart: logStart)
        let pools = try waitForWorkers(client, child: child, logStart: logStart)
        return "the cluster is up (\(pools)): \(url)/"
    }

    /// Starts this program in the background, its output appended to the log.
    private func startDaemon(_ arguments: [String]) throws(CLIError) -> pid_t {
        do throws(StorageError) {
            return try ChildProcess.start(
                ChildProcess.thisProgram,
                arguments,
                inNewSession: true,
                output: .file(logFile),
                errors: .file(logFile)
            )
        } catch {
            throw .failed("\(error)")
        }
    }

    /// Makes the state folder; returns the size of the log so far.
    private func prepareState() throws(CLIError) -> Int {
        do throws(StorageError) {
            try Directory.create(path: configuration.stateDirectory)
        } catch {
            throw .failed("\(error)")
        }
        var status = stat()
        return stat(logFile, &status) == 0 ? Int(status.st_size) : 0
    }

    private func waitUntilHealthy(
        _ client: CoordinatorClient,
        child: pid_t?,
        logStart: Int
    ) throws(CLIError) {
        // As long as a restart may take that first rolls back what a crash left in the catalog.
        var polling = Polling(first: Self.firstInterval, longest: Self.longestInterval)
        while !isOurs(child) || !client.isHealthy {
            try checkAlive(child, logStart: logStart)
            guard polling.elapsed < .seconds(30) else {
                throw .failed("the coordinator does not answer at \(url); see \(logFile)")
            }
            polling.wait()
        }
    }

    /// Whether the coordinator of this state runs and is the one that was started, if one was.
    ///
    /// It notes its process once it listens: an answer before that comes from another cluster, which
    /// has the ports.
    private func isOurs(_ child: pid_t?) -> Bool {
        guard let running = coordinator else { return false }
        return child == nil || running.pid == child
    }

    /// Waits for the workers that the first pool wants, or for any pool that a job could use.
    private func waitForWorkers(
        _ client: CoordinatorClient,
        child: pid_t?,
        logStart: Int
    ) throws(CLIError) -> String {
        let limit = configuration.pools.map(\.acquireTimeout).reduce(.seconds(1), +)
        var polling = Polling(first: Self.firstInterval, longest: Self.longestInterval)
        while true {
            let pools = try client.get(PoolList.self, Routes.pools).pools
            let isLate = polling.elapsed >= limit
            if let text = Self.readiness(of: pools, isLate: isLate) { return text }
            try checkAlive(child, logStart: logStart)
            guard !isLate else {
                let reasons = pools.map { "\($0.name) \($0.state.rawValue): \($0.reason ?? "-")" }
                throw .failed(
                    "the coordinator runs, but no pool is ready (\(reasons.joined(separator: "; "))); "
                        + "see \(logFile)"
                )
            }
            polling.wait()
        }
    }

    /// What to say about pools that are ready; nil while one is worth waiting for.
    ///
    /// When it is late, a pool that jobs can use is enough, whatever it lacks of what it wants.
    package static func readiness(of pools: [PoolSummary], isLate: Bool) -> String? {
        func isUsable(_ pool: PoolSummary) -> Bool { pool.state == .active || pool.state == .ready }
        guard let first = pools.first else { return "no pools" }
        if isUsable(first), first.workers >= first.wanted || isLate {
            return text(of: first)
        }
        if first.state == .exhausted || first.state == .empty,
            let other = pools.first(where: isUsable)
        {
            return "\(text(of: other)); \(first.name) is \(first.state.rawValue)"
        }
        // Static pools alone: workers join by themselves, now or later.
        return pools.allSatisfy { $0.wanted == 0 } ? "no workers yet, they join by themselves" : nil
    }

    private static func text(of pool: PoolSummary) -> String {
        let missing = pool.wanted > pool.workers ? " of \(pool.wanted)" : ""
        return "pool \(pool.name): \(pool.workers)\(missing) "
            + (pool.workers == 1 && missing.isEmpty ? "worker" : "workers")
    }

    /// Throws why the coordinator ended, from its log.
    private func checkAlive(_ child: pid_t?, logStart: Int) throws(CLIError) {
        guard let child else {
            guard coordinator != nil else { throw .failed("the coordinator ended; see \(logFile)") }
            return
        }
        var status: Int32 = 0
        guard waitpid(child, &status, WNOHANG) == child else { return }
        let text = (FileText.read(logFile) ?? "").utf8.dropFirst(logStart)
        let lines = String(decoding: Array(text), as: UTF8.self).split(separator: "\n")
        let code = ProcessEnd(waitStatus: status).exitCode
        throw .failed(
            "the coordinator ended with exit code \(code): \(lines.last ?? "it said nothing")"
        )
    }

    // MARK: Down

    /// Ends the coordinator, the workers of this machine, and those that commands had started;
    /// returns what to say about it.
    ///
    /// `leftWorkers` stops what the coordinator did not, or could not any more.
    func stop(
        leftWorkers: (_ stateDirectory: String) throws(CLIError) -> [String]
    ) throws(CLIError) -> String {
        let coordinator = coordinator
        let hadCoordinator = coordinator != nil
        if let coordinator { try end(coordinator) }
        let workers = remainingWorkers()
        for worker in workers { worker.send(SIGTERM) }
        for worker in workers where !waitForEnd(of: worker) {
            worker.send(SIGKILL)
            _ = waitForEnd(of: worker)
        }
        try removeProcessFiles()
        let failures = try leftWorkers(configuration.stateDirectory)
        guard failures.isEmpty else {
            throw .failed("not all workers could be stopped: \(failures.joined(separator: "; "))")
        }
        guard hadCoordinator || !workers.isEmpty else { return "nothing runs" }
        return "the cluster is down"
    }

    private func end(_ coordinator: ProcessEntry) throws(CLIError) {
        let client = try makeClient()
        let wasAsked: Bool
        do throws(CLIError) {
            try client.post(Routes.shutdown, patience: .seconds(2))
            wasAsked = true
        } catch {
            // It does not answer, or not as it should: signals do.
            wasAsked = false
        }
        let runsCommands = configuration.pools.contains { $0.provider == .command }
        let patience = runsCommands ? Self.commandsPatience : Self.endingPatience
        if wasAsked, waitForEnd(of: coordinator, patience) { return }
        coordinator.send(SIGTERM)
        if waitForEnd(of: coordinator, patience) { return }
        coordinator.send(SIGKILL)
        guard waitForEnd(of: coordinator) else {
            throw .failed("the coordinator (process \(coordinator.pid)) does not end")
        }
    }

    /// Workers that the coordinator started and noted: `STATE/workers/PID` holds the start time.
    private func remainingWorkers() -> [ProcessEntry] {
        workerFiles().compactMap { name in
            guard let pid = pid_t(name), let text = FileText.read(workersFolder + "/" + name),
                let ticks = UInt64(text.split { $0 == "\n" || $0 == " " }.first ?? ""),
                let entry = ProcessEntry(pid: pid), entry.startTicks == ticks
            else { return nil }
            return entry
        }
    }

    private func workerFiles() -> [String] {
        do throws(StorageError) {
            return try Directory.list(path: workersFolder)
        } catch {
            // No folder: no coordinator of ours ever started a worker.
            return []
        }
    }

    private func removeProcessFiles() throws(CLIError) {
        do throws(StorageError) {
            for name in workerFiles() { try Directory.removeTree(path: workersFolder + "/" + name) }
            try Directory.removeTree(path: pidFile)
        } catch {
            throw .failed("\(error)")
        }
    }

    private func waitForEnd(
        of process: ProcessEntry,
        _ patience: Duration = endingPatience
    ) -> Bool {
        var polling = Polling(first: Self.firstInterval, longest: Self.longestInterval)
        while process.isAlive {
            guard polling.elapsed < patience else { return false }
            polling.wait()
        }
        return true
    }
}

/// Looks again and again, more and more slowly.
private struct Polling {
    private let start = currentInstant()
    private var interval: Duration
    private let longest: Duration

    init(first: Duration, longest: Duration) {
        interval = first
        self.longest = longest
    }

    var elapsed: Duration { currentInstant() - start }

    mutating func wait() {
        pause(interval)
        interval = min(interval * 3 / 2, longest)
    }
}
