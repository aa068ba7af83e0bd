extension Command {
    static let up = Command(
        "up",
        "start a coordinator and local workers in the background",
        details: "Returns when they are ready. A cluster that runs already is left as it is; after "
            + "a crash it goes on where the state says. Output goes to STATE/coordinator.log.",
        flags: [
            Flag("workers", "N", "workers of the first pool, instead of the configured"), .config,
        ]
    ) { invocation throws(CLIError) in
        let workers = try invocation.arguments.integer("workers", in: 0...workerLimit)
        let cluster = try LocalCluster(configurationPath: invocation.arguments.value("config"))
        invocation.terminal.print(try cluster.start(workers: workers) + "\n")
        return ExitCode.done
    }

    static let down = Command(
        "down",
        "end the coordinator and its workers on this machine",
        details: "Works also when the coordinator is dead; nothing to end is no error.",
        flags: [.config]
    ) { invocation throws(CLIError) in
        let cluster = try LocalCluster(configurationPath: invocation.arguments.value("config"))
        let text = try cluster.stop(leftWorkers: invocation.programs.stopLeftWorkers)
        invocation.terminal.print(text + "\n")
        return ExitCode.done
    }

    /// Most workers of a pool that can be asked for; a guess far above one machine's use.
    static let workerLimit = 10_000
}
