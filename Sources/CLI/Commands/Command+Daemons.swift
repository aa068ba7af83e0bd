import Base

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
        ]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        return invocation.programs.worker(
            WorkerArguments(
                coordinator: try arguments.required("coordinator"),
                pool: try arguments.required("pool"),
                slots: try arguments.integer("slots", in: Limits.slots),
                name: try workerName(arguments)
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
}
