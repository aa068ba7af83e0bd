import API

extension Command {
    static let workers = Command(
        "workers",
        "list the workers, or revoke the identity of one",
        details:
            "otjob workers revoke WORKER lets a worker go at once and takes it in no more: WORKER "
            + "is its id, or POOL/NAME of one that is away. Its machine joins again with another "
            + "token.",
        positionals: [Positional("revoke WORKER", required: false, repeats: true)],
        flags: [Flag("all", nil, "also those gone for more than 10 minutes"), .json, .coordinator]
    ) { invocation throws(CLIError) in
        guard invocation.arguments.positionals.isEmpty else { return try revoke(invocation) }
        let query = invocation.arguments.has("all") ? [("all", "1")] : []
        let list = try invocation.client().get(WorkerList.self, Routes.workers, query: query)
        invocation.print(json: list.workers) {
            Listings.text(of: list.workers, invocation.terminal.palette)
        }
        return ExitCode.done
    }

    private static func revoke(_ invocation: Invocation) throws(CLIError) -> Int32 {
        let words = invocation.arguments.positionals
        guard words[0] == "revoke" else {
            throw invocation.arguments.usage("'\(words[0])' is not revoke")
        }
        guard words.count == 2 else {
            throw invocation.arguments.usage("revoke takes one WORKER")
        }
        let answer = try invocation.client().post(
            RevokeResponse.self,
            Routes.revoke,
            body: JSON.encode(RevokeRequest(worker: words[1]))
        )
        invocation.print(json: answer) { "the identity \(answer.pool)/\(answer.name) is revoked\n" }
        return ExitCode.done
    }

    static let pools = Command(
        "pools",
        "list the pools in the order in which they are tried",
        flags: [.json, .coordinator]
    ) { invocation throws(CLIError) in
        let pools = try invocation.client().get(PoolList.self, Routes.pools).pools
        invocation.print(json: pools) { Listings.text(of: pools, invocation.terminal.palette) }
        return ExitCode.done
    }

    static let scale = Command(
        "scale",
        "change the number of workers of a pool",
        positionals: [Positional("POOL"), Positional("N")],
        flags: [.coordinator]
    ) { invocation throws(CLIError) in
        let (arguments, terminal) = (invocation.arguments, invocation.terminal)
        let pool = arguments.positionals[0]
        let count = try arguments.integer(
            arguments.positionals[1],
            named: "number of workers",
            in: 0...workerLimit
        )
        let body = JSON.encode(ScaleRequest(workers: count))
        try invocation.client().post(Routes.scalePool(pool), body: body)
        terminal.print("pool \(pool) is being scaled to \(count)\n")
        return ExitCode.done
    }

    static let drain = Command(
        "drain",
        "let a worker finish what it runs and then end",
        positionals: [Positional("WORKER")],
        flags: [.coordinator]
    ) { invocation throws(CLIError) in
        let worker = invocation.arguments.positionals[0]
        try invocation.client().post(Routes.drainWorker(worker))
        invocation.terminal.print("worker \(worker) is being drained\n")
        return ExitCode.done
    }
}
