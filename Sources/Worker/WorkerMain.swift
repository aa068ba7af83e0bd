import Base
import Glibc
import Identity
import Storage
import Transport

/// What a worker is started with.
package struct WorkerOptions: Sendable {
    /// `HOST:PORT` of the coordinator's worker port.
    package var coordinator: String
    package var pool: String
    /// Attempts run at the same time; nil for one a processor.
    package var slots: Int?
    /// What it was started as; nil where nobody named it.
    package var name: String?
    /// The folder that holds who the worker is, `-` for standard input; nil for a plain connection.
    package var identity: String?
    /// The file with the join token, which an identity is made for.
    package var tokenFile: String?

    package init(
        coordinator: String,
        pool: String,
        slots: Int? = nil,
        name: String? = nil,
        identity: String? = nil,
        tokenFile: String? = nil
    ) {
        self.coordinator = coordinator
        self.pool = pool
        self.slots = slots
        self.name = name
        self.identity = identity
        self.tokenFile = tokenFile
    }
}

/// Runs a worker in the foreground until it is told to stop; returns the process's exit code.
package func runWorker(_ options: WorkerOptions) -> Int32 {
    ProcessMemory.returnLargeBlocks()
    guard let address = HostPort(options.coordinator) else {
        return fail("'\(options.coordinator)' is no HOST:PORT; try 127.0.0.1:7077", code: 2)
    }
    guard address.isLoopback || options.identity != nil else {
        let text =
            "\(address) is not loopback: joining other machines needs an identity; make a token "
            + "with otjob token create --pool \(options.pool), and name its file: --token-file FILE"
        return fail(text, code: 2)
    }
    let slots = options.slots ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    guard Limits.slots.contains(slots) else {
        return fail("--slots must be within \(Limits.slots)", code: 2)
    }
    do {
        let identity = try WorkerIdentity(options, coordinator: address)
        let loop = try EventLoop(name: "worker")
        let shell = WorkerShell(
            loop: loop,
            coordinator: address,
            pool: options.pool,
            slotCount: slots,
            name: options.name,
            identity: identity
        )
        let bound = LoopBound(shell, loop: loop)
        loop.execute { bound.value.start() }
        loop.run()
        return shell.exitCode
    } catch let error as JoinError {
        return fail(error.description, code: error.exitCode)
    } catch {
        return fail("\(error)", code: 1)
    }
}

private func fail(_ message: String, code: Int32) -> Int32 {
    WorkerLog.write(message)
    return code
}

/// Lines on standard error, which `otjob up` and systemd keep.
enum WorkerLog {
    static func write(_ message: String) {
        let line = "\(EventLoop.wallTime().rfc3339) worker[\(getpid())] \(message)\n"
        _ = line.utf8.withContiguousStorageIfAvailable { Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
