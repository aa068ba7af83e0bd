import Base
import Catalog
import Dashboard
import Database
import Glibc
import HTTP
import Identity
import Jobs
import Storage
import Transport

/// Runs the coordinator in the foreground until it is told to stop.
///
/// - Parameters:
///   - configurationPath: the `cluster.yaml`; nil for the defaults in the current folder.
///   - workers: how many workers the first `process` pool shall have, instead of its `workers`.
/// - Returns: the process's exit code.
package func runCoordinator(configurationPath: String?, workers: Int? = nil) -> Int32 {
    ProcessMemory.returnLargeBlocks()
    do throws(any Error) {
        var configuration = try ClusterConfiguration.load(path: configurationPath)
        if let workers { try configuration.setWorkers(workers) }
        return try run(configuration)
    } catch {
        CoordinatorLog.write("\(error)")
        return error is ConfigurationError ? 2 : 1
    }
}

extension ClusterConfiguration {
    /// Sets the size of the first pool whose workers the coordinator starts itself.
    fileprivate mutating func setWorkers(_ count: Int) throws(StartError) {
        guard let index = pools.firstIndex(where: { $0.provider == .process }) else {
            throw StartError(description: "--workers: no pool has the provider process")
        }
        guard (0...pools[index].maxWorkers).contains(count) else {
            let text = "--workers: \(pools[index].name) may have 0 to \(pools[index].maxWorkers)"
            throw StartError(description: text)
        }
        pools[index].workers = count
    }
}

/// Why a coordinator does not start.
struct StartError: Error, CustomStringConvertible { let description: String }

private func run(_ configuration: ClusterConfiguration) throws -> Int32 {
    let openFiles = OpenFiles.allow(Limits.openFiles)
    guard openFiles >= Limits.openFiles else {
        let text =
            "the coordinator may have \(openFiles) files open and needs \(Limits.openFiles); raise "
            + "the limit (ulimit -Hn, LimitNOFILE= of systemd)"
        throw StartError(description: text)
    }
    let state = configuration.stateDirectory
    for directory in [
        state, state + "/logs", configuration.storage.raw, configuration.storage.tables,
    ] {
        try Directory.create(path: directory)
    }
    // Held until the process ends: two coordinators must never write one state.
    let lock = try StateLock(path: state + "/lock")
    try sweepChunks(CoordinatorShell.spoolDirectory(configuration))

    guard let workerAddress = HostPort(configuration.listen.workers),
        let httpAddress = HostPort(configuration.listen.http)
    else { throw StartError(description: "listen: an address is no HOST:PORT") }
    let library = try JobLibrary(
        directories: configuration.jobs,
        sourceFiles: configuration.sources
    )
    let loop = try EventLoop(name: "coordinator")
    let security = try ClusterSecurity(configuration)
    let jobStore = try JobStore(path: state + "/jobs.sqlite", loop: loop)
    let tables = configuration.storage.tables
    let catalog = try Catalog(path: tables + "/catalog.sqlite", dataPath: tables + "/")
    try jobStore.beginReign(after: try catalog.lastReign(of: jobStore.identity))
    try catalog.claim(jobStore.reign)
    try checkOwnWorkers(of: configuration, reaching: workerAddress.fromThisHost, security)
    let identities = try security.authority.map { authority throws(DatabaseError) in
        try IdentityRegistry(
            authority: authority,
            store: jobStore,
            certificateLifetime: configuration.security.workerCertificates
        )
    }
    let shell = CoordinatorShell(
        loop: loop,
        configuration: configuration,
        library: library,
        jobStore: jobStore,
        security: security,
        identities: identities,
        catalog: catalog,
        processes: try ProcessPool(directory: state + "/workers", coordinator: workerAddress),
        commandPools: try CommandPools(
            loop: loop,
            configuration: configuration,
            epoch: jobStore.reign.epoch
        )
    )
    let bound = LoopBound(shell, loop: loop)
    let failure = StartFailure()
    loop.execute {
        do {
            try listen(bound.value, workers: workerAddress, http: httpAddress)
            try writePID(to: state)
            bound.value.start()
            let scheme = security.http == nil ? "http" : "https"
            CoordinatorLog.write("serves \(scheme)://\(httpAddress)/, workers at \(workerAddress)")
        } catch {
            failure.error = error
            loop.stop()
        }
    }
    loop.run()
    if let error = failure.error { throw error }
    try Directory.removeTree(path: state + "/coordinator.pid")
    return withExtendedLifetime(lock) { shell.exitCode }
}

/// Workers that the coordinator starts trust nobody whose certificate does not name their address.
private func checkOwnWorkers(
    of configuration: ClusterConfiguration,
    reaching address: HostPort,
    _ security: ClusterSecurity
) throws(StartError) {
    guard security.workers != nil, !security.hosts.contains(address.host),
        let pool = configuration.pools.first(where: { $0.provider == .process })
    else { return }
    let names = security.hosts.joined(separator: ", ")
    throw StartError(
        description: "the workers of pool \(pool.name) connect to \(address.host), and the "
            + "coordinator's certificate names \(names) only; listen on 0.0.0.0, or make the "
            + "certificates anew with otjob cluster init --host \(address.host)"
    )
}

/// What went wrong on the loop at the start.
///
/// `@unchecked Sendable`: read after the loop has ended.
private final class StartFailure: @unchecked Sendable {
    var error: (any Error)?
}

private func listen(_ shell: CoordinatorShell, workers: HostPort, http: HostPort) throws {
    let security = shell.security
    let listener = try Listener(
        loop: shell.loop,
        address: workers,
        security: security.workers
    ) { [unowned shell] in
        shell.accept($0)
    }
    listener.onRefusal = { [unowned shell] in shell.refusedHandshake(of: $0, $1) }
    let router = shell.makeRouter()
    let dashboard = shell.makeDashboard()
    let server = try HTTPServer(
        loop: shell.loop,
        address: http,
        moreHosts: shell.configuration.listen.hosts + security.hosts,
        formPaths: Links.actions,
        security: security.http
    ) { [unowned shell] in
        shell.serve($0, $1, router, dashboard)
    }
    shell.servers = (listener, server)
}

/// Chunks that an earlier coordinator spooled are cut again; results stay, to be gone on with.
private func sweepChunks(_ directory: String) throws(StorageError) {
    try Directory.create(path: directory)
    for name in try Directory.list(path: directory) where name.hasPrefix("chunk-") {
        try Directory.remove(path: "\(directory)/\(name)")
    }
}

private func writePID(to state: String) throws(StorageError) {
    let text = Array("\(getpid())\n".utf8)
    let file = try File.create(path: state + "/coordinator.pid.tmp", exclusive: false)
    try file.write(text, at: 0)
    try Directory.rename(from: state + "/coordinator.pid.tmp", to: state + "/coordinator.pid")
}
