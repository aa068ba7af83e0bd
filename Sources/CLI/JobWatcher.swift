import API
import Base
import Dispatch
import Glibc

/// Follows a job to its end and shows how it goes.
struct JobWatcher {
    /// How long a coordinator may be away, restarting, until the watch is given up; product.md's
    /// time after which workers give up, too.
    private static let patience: Duration = .seconds(60)
    /// Time between two tries to reach it again.
    private static let retryInterval: Duration = .milliseconds(200)

    private let client: CoordinatorClient
    private let id: String
    private let terminal: Terminal
    /// Nothing is shown where standard output shall hold JSON alone.
    private let isSilent: Bool

    init(client: CoordinatorClient, id: String, terminal: Terminal, isSilent: Bool) {
        self.client = client
        self.id = id
        self.terminal = terminal
        self.isSilent = isSilent
    }

    /// Returns the job's last state.
    ///
    /// Ctrl-C ends the process, not the job.
    func watch() throws(CLIError) -> JobStatus {
        let detaching = detachOnInterrupt()
        defer { detaching.cancel() }
        var progress = Progress()
        var last: JobStatus?
        var lastContact = currentInstant()
        while true {
            do throws(CLIError) {
                try client.events(ofJob: id) { status in
                    lastContact = currentInstant()
                    last = status
                    show(status, &progress)
                    return !status.state.isEnded
                }
            } catch {
                guard case .unreachable = error.asLostConnection else { throw error }
                guard currentInstant() - lastContact < Self.patience else { throw error }
            }
            if let last, last.state.isEnded { return last }
            guard currentInstant() - lastContact < Self.patience else {
                throw .unreachable(url: client.url, reason: "its stream of events ended")
            }
            pause(Self.retryInterval)
        }
    }

    private func show(_ status: JobStatus, _ progress: inout Progress) {
        guard !isSilent else { return }
        let lines = progress.lines(for: status, terminal.palette).map { $0 + "\n" }.joined()
        guard terminal.isTerminal else {
            if !lines.isEmpty { terminal.print(lines) }
            return
        }
        let bar = progress.bar(for: status, at: currentInstant(), width: terminal.width - 1)
        // Back to the line's start, and clear to its end (ECMA-48 CR and EL).
        terminal.print("\r\u{1b}[K" + lines + (bar ?? ""))
    }

    private func detachOnInterrupt() -> any DispatchSourceSignal {
        // The default action would end the process before the source hears of it.
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        let (id, terminal) = (id, terminal)
        source.setEventHandler {
            if terminal.isTerminal { terminal.print("\n") }
            terminal.printError("detached, job \(id) goes on; watch it with: otjob watch \(id)")
            exit(ExitCode.interrupted)
        }
        source.resume()
        return source
    }
}

extension CLIError {
    /// An answer that broke off is a coordinator that is gone, perhaps for a moment only.
    fileprivate var asLostConnection: CLIError {
        switch self {
        case .broken(let error): .unreachable(url: "", reason: "\(error)")
        case .refused(let detail) where detail.code == 503:
            .unreachable(url: "", reason: detail.message)
        default: self
        }
    }
}
