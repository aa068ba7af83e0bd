package import API
import Glibc

/// What a command runs with: its arguments, the terminal, the environment.
package struct Invocation: Sendable {
    package let arguments: Arguments
    package let terminal: Terminal
    package let programs: Programs

    /// Prints a value as one line of JSON.
    func print(json value: some Encodable) {
        terminal.print(bytes: JSON.encode(value) + Array("\n".utf8))
    }

    /// Prints the JSON for `--json`, else the text.
    func print(json value: some Encodable, orText text: () -> String) {
        if arguments.has(Flag.json.name) {
            print(json: value)
        } else {
            terminal.print(text())
        }
    }

    /// The coordinator that is meant: by flag, by environment, on this machine.
    func client() throws(CLIError) -> CoordinatorClient {
        let url =
            arguments.value(Flag.coordinator.name) ?? Environment.value("OTJOB_COORDINATOR")
            ?? "http://127.0.0.1:8080"
        return try CoordinatorClient(url: url, access: try UserIdentity.access())
    }
}

/// What this one binary does beside being a client; the executable hands it in, so that the client
/// depends on neither daemon.
package struct Programs: Sendable {
    /// Runs the coordinator in the foreground with a configuration file and a number of workers for
    /// its first pool; returns the exit code.
    package let coordinator: @Sendable (_ configuration: String?, _ workers: Int?) -> Int32
    /// Runs a worker in the foreground; returns the exit code.
    package let worker: @Sendable (WorkerArguments) -> Int32
    /// Writes a made-up set of input files.
    package let sample:
        @Sendable (_ scale: Double, _ seed: UInt64, _ folder: String) throws(CLIError) -> Void
    /// Makes or checks the split index of an input file.
    package let index: @Sendable (IndexRequest) throws(CLIError) -> SplitIndexSummary

    /// Stops workers that commands had started, when their coordinator is gone; returns what could
    /// not be stopped, a line each.
    package let stopLeftWorkers: @Sendable (_ stateDirectory: String) throws(CLIError) -> [String]

    package init(
        coordinator: @escaping @Sendable (String?, Int?) -> Int32,
        worker: @escaping @Sendable (WorkerArguments) -> Int32,
        sample: @escaping @Sendable (Double, UInt64, String) throws(CLIError) -> Void,
        index: @escaping @Sendable (IndexRequest) throws(CLIError) -> SplitIndexSummary,
        stopLeftWorkers: @escaping @Sendable (String) throws(CLIError) -> [String]
    ) {
        self.coordinator = coordinator
        self.worker = worker
        self.sample = sample
        self.index = index
        self.stopLeftWorkers = stopLeftWorkers
    }
}

/// What a worker is started with.
package struct WorkerArguments: Equatable, Sendable {
    package let coordinator: String
    package let pool: String
    package let slots: Int?
    /// What it was started as; nil where nobody named it.
    package let name: String?
    /// The folder of its identity; nil where the connection is plain.
    package let identity: String?
    package let tokenFile: String?
}

/// The process's environment variables.
package enum Environment {
    /// The value of a variable; nil where it is unset or empty.
    package static func value(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
