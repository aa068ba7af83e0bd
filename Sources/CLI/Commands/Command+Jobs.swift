import API

extension Command {
    static let list = Command(
        "list",
        "list the jobs, the newest first",
        flags: [.json, .coordinator]
    ) { invocation throws(CLIError) in
        let jobs = try invocation.client().get(JobList.self, Routes.jobs).jobs
        invocation.print(json: jobs) { Listings.text(of: jobs, invocation.terminal.palette) }
        return ExitCode.done
    }

    static let status = Command(
        "status",
        "show a job and its steps; without ID the newest",
        positionals: [Positional("ID", required: false)],
        flags: [.json, .coordinator]
    ) { invocation throws(CLIError) in
        let client = try invocation.client()
        let id: String
        if let named = invocation.arguments.positionals.first {
            id = named
        } else if let newest = try client.get(JobList.self, Routes.jobs).jobs.first {
            id = newest.id
        } else {
            throw .failed("there are no jobs yet; submit one with: otjob submit JOB")
        }
        let status = try client.get(JobStatus.self, Routes.job(id))
        invocation.print(json: status) { Listings.text(of: status, invocation.terminal.palette) }
        return ExitCode.done
    }

    static let cancel = Command(
        "cancel",
        "cancel a job; tables it published already stay",
        positionals: [Positional("ID")],
        flags: [.coordinator]
    ) { invocation throws(CLIError) in
        let id = invocation.arguments.positionals[0]
        try invocation.client().post(Routes.cancelJob(id))
        invocation.terminal.print("job \(id) is being cancelled\n")
        return ExitCode.done
    }

    static let retry = Command(
        "retry",
        "go on with a job that failed or was cancelled; what it published stays",
        positionals: [Positional("ID")],
        flags: [
            Flag("wait", nil, "show progress and return when the job has ended"), .json,
            .coordinator,
        ]
    ) { invocation throws(CLIError) in
        let id = invocation.arguments.positionals[0]
        let client = try invocation.client()
        let body = Array("{}".utf8)
        let status = try client.post(JobStatus.self, Routes.retryJob(id), body: body)
        if invocation.arguments.has("wait") { return try follow(id, client, invocation) }
        invocation.print(json: status) { "job \(id) goes on; watch it with: otjob watch \(id)\n" }
        return ExitCode.done
    }

    static let logs = Command(
        "logs",
        "print the log of a job",
        positionals: [Positional("ID")],
        flags: [
            Flag("task", "STEP/CHUNK", "only the lines about one chunk, as in 0/17"), .coordinator,
        ]
    ) { invocation throws(CLIError) in
        let id = invocation.arguments.positionals[0]
        let task = try invocation.arguments.task()
        let query = task.map { [("task", $0)] } ?? []
        let client = try invocation.client()
        invocation.terminal.print(bytes: try client.bytes(Routes.jobLogs(id), query: query))
        return ExitCode.done
    }
}

extension Arguments {
    /// The value of `--task`: two numbers with a slash between.
    fileprivate func task() throws(CLIError) -> String? {
        guard let text = value("task") else { return nil }
        let numbers = text.split(separator: "/", omittingEmptySubsequences: false)
        guard numbers.count == 2, numbers.allSatisfy({ $0.allSatisfy(\.isNumber) && !$0.isEmpty })
        else { throw usage("'\(text)' is no task; write --task STEP/CHUNK, as in 0/17") }
        return text
    }
}
