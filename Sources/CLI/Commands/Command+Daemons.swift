import Base
import Transport

extension Command {
    static let coordinator = Command(
        "coordinator",
        "run the coordinator in the foreground",
        details: "For systemd and the like; otjob up starts one in the background.",
        flags: [
            .config, Flag("workers", "N", "workers of the first pool, instead of the configured"),
        ]
    ) { invocation throws(CLIError) in
        let workers = try invocation.arguments.integer("workers", in: 0...workerLimit)
        return invocation.programs.coordinator(invocation.arguments.value("config"), workers)
    }

    static let worker = Command(
        "worker",
        "run a worker in the foreground, on any Linux machine",
        details:
            "On another machine than the coordinator's it proves who it is: once with a join token "
            + "(otjob token create), from then on with the identity that it got for it, which it "
            + "keeps in a folder and renews by itself. --token-file may stay as it is: a token "
            + "that was exchanged is not looked at again.",
        flags: [
            Flag(
                "coordinator",
                "HOST:PORT",
                "the coordinator's address for workers",
                required: true
            ),
            Flag("pool", "POOL", "the pool to join", required: true),
            Flag("slots", "N", "attempts to run at a time; one a processor without it"),
            Flag(
                "name",
                "NAME",
                "what it was started as, for pools that start workers by a command"
            ),
            Flag("token-file", "FILE", "holds the join token", kind: .file),
            Flag(
                "identity",
                "DIR",
                "keeps its identity; else ~/.config/otjob/workers/POOL; -: standard input",
                kind: .folder
            ),
        ]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        return invocation.programs.worker(
            WorkerArguments(
                coordinator: try arguments.required("coordinator"),
                pool: try arguments.required("pool"),
                slots: try arguments.integer("slots", in: Limits.slots),
                name: try workerName(arguments),
                identity: try identity(arguments),
                tokenFile: arguments.value("token-file").map { Paths.absolute($0) }
            )
        )
    }

    private static func workerName(_ arguments: Arguments) throws(CLIError) -> String? {
        guard let name = arguments.value("name") else { return nil }
        guard Names.isValidHyphenated(name) else {
            throw arguments.usage(
                "--name must begin with a letter a-z and hold only a-z, 0-9, _ and -, at most 63"
            )
        }
        return name
    }

    /// Where a worker's identity is; nil for a plain connection on this machine.
    private static func identity(_ arguments: Arguments) throws(CLIError) -> String? {
        if let named = arguments.value("identity") {
            return named == "-" ? named : Paths.absolute(named)
        }
        let isLocal = HostPort(try arguments.required("coordinator"))?.isLoopback ?? true
        guard !isLocal || arguments.has("token-file") else { return nil }
        return try UserIdentity.workerFolder(pool: try arguments.required("pool"))
    }
}
