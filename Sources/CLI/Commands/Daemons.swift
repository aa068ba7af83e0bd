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
            Flag("coordinator", "HOST:PORT", "the coordinator's address for workers"),
            Flag("pool", "POOL", "the pool to join"),
            Flag("slots", "N", "attempts to run at a time; one a processor without it"),
        ]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        guard let coordinator = arguments.value("coordinator") else {
            throw arguments.usage("--coordinator HOST:PORT is missing")
        }
        guard let pool = arguments.value("pool") else {
            throw arguments.usage("--pool POOL is missing")
        }
        let slots = try arguments.integer("slots", in: Limits.slots)
        return invocation.programs.worker(coordinator, pool, slots)
    }
}
