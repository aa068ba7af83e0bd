import API
import Base

extension Command {
    static let ingest = Command(
        "ingest",
        "bring input files into the raw store, if they have changed",
        details:
            "SOURCE is the name of a dataset (title_akas), a URL, or a path; without any, all "
            + "datasets are ingested. It is a job: status, watch, logs and cancel take its id. URLs "
            + "must be of the hosts in downloads.hosts of cluster.yaml; paths are read by the "
            + "coordinator, on its machine.",
        positionals: [Positional("SOURCE", kind: .file, required: false, repeats: true)],
        flags: [
            Flag("wait", nil, "show progress and return when all is done"),
            Flag("request-id", "ID", "asking for the same ID again gives the first job"),
            .json, .coordinator,
        ]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        let request = SubmitRequest(
            ingest: arguments.positionals.map(sourceText),
            requestID: arguments.value("request-id")
        )
        return try submit(request, invocation)
    }

    /// A path as the coordinator needs it, which has another current folder; all else as it stands.
    private static func sourceText(_ text: String) -> String {
        guard !text.contains(":"), text.contains("/") || text.contains(".") else { return text }
        return Paths.absolute(text)
    }
}
