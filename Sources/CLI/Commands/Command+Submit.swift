import API
import Base
import Glibc
import Storage

extension Command {
    static let input = Flag(
        "input",
        "PATH",
        "a folder, or for one job the file or glob; else the raw store",
        kind: .file
    )
    static let set = Flag(
        "set",
        "NAME=VALUE",
        "a parameter that the job declares",
        repeats: true
    )
    static let force = Flag(
        "force",
        nil,
        "of a workflow: load every table, changed or not"
    )
    static let pool = Flag("pool", "POOL", "the only pool to use")

    static let submit = Command(
        "submit",
        "submit jobs",
        details:
            "JOB is the name of a job (title_akas) or of a workflow (imdb), or the path of a job "
            + "file. PATH is read by the coordinator, on its machine.",
        positionals: [Positional("JOB", kind: .file, repeats: true)],
        flags: [
            input, set, pool,
            force,
            Flag("wait", nil, "show progress and return when the job has ended"),
            Flag("request-id", "ID", "submitting the same ID again gives the first job"),
            .json, .coordinator,
        ]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        return try submit(try submitRequest(arguments.positionals, arguments), invocation)
    }

    /// Sends a request and prints the job's id, or waits for its end where that is asked for.
    static func submit(
        _ request: SubmitRequest,
        _ invocation: Invocation
    ) throws(CLIError) -> Int32 {
        let client = try invocation.client()
        try client.requireSameProtocol()
        let body = JSON.encode(request)
        guard body.count <= Limits.httpBodyBytes else {
            throw .failed("the job files are over \(ByteCount(Limits.httpBodyBytes)) together")
        }
        let answer = try client.post(SubmitResponse.self, Routes.jobs, body: body)
        guard invocation.arguments.has("wait") else {
            invocation.print(json: answer) {
                "job \(answer.id) is submitted; watch it with: otjob watch \(answer.id)\n"
            }
            return ExitCode.done
        }
        return try follow(answer.id, client, invocation)
    }

    static let watch = Command(
        "watch",
        "show the progress of a job until it ends",
        details: "Ctrl-C ends the watching, not the job. The exit code tells how the job ended.",
        positionals: [Positional("ID")],
        flags: [.json, .coordinator]
    ) { invocation throws(CLIError) in
        try follow(invocation.arguments.positionals[0], try invocation.client(), invocation)
    }

    static let explain = Command(
        "explain",
        "print the plan of a job without running it",
        positionals: [Positional("JOB", kind: .file, repeats: true)],
        flags: [input, set, pool, force, .json, .coordinator]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        let body = JSON.encode(try submitRequest(arguments.positionals, arguments))
        let plan = try invocation.client().post(Explanation.self, Routes.explain, body: body)
        invocation.print(json: plan) { Listings.text(of: plan, invocation.terminal.palette) }
        return ExitCode.done
    }

    static func follow(
        _ id: String,
        _ client: CoordinatorClient,
        _ invocation: Invocation
    ) throws(CLIError) -> Int32 {
        let wantsJSON = invocation.arguments.has(Flag.json.name)
        let watcher = JobWatcher(
            client: client,
            id: id,
            terminal: invocation.terminal,
            isSilent: wantsJSON
        )
        let status = try watcher.watch()
        if wantsJSON { invocation.print(json: status) }
        return ExitCode.of(status.state)
    }

    /// What is to be submitted: names and job files, and the flags about them.
    static func submitRequest(
        _ names: [String],
        _ arguments: Arguments
    ) throws(CLIError) -> SubmitRequest {
        var request = SubmitRequest(
            input: arguments.value("input").map { Paths.absolute($0) },
            force: arguments.has(force.name) ? true : nil,
            set: try arguments.pairs("set"),
            pool: arguments.value("pool"),
            requestID: arguments.value("request-id")
        )
        for job in names {
            guard Paths.isJobFile(job) else {
                request.jobs.append(job)
                continue
            }
            guard let text = FileText.read(job) else {
                let reason = String(cString: strerror(errno))
                throw .invalid("the job file '\(job)' cannot be read: \(reason)")
            }
            request.files.append(JobFileText(name: job, text: text))
        }
        return request
    }
}
