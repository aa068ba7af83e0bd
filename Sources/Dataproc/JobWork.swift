package import API
import Base

/// What a job of the API stands for here.
package enum JobWork: Equatable, Sendable {
    case run(SubmitRequest)
    /// Statements that read the table store, one after another.
    case query([String])
}

/// How jobs that were written for other clusters are read.
package struct JobTranslation: Sendable {
    /// Names of Python files, without `.py`, and the jobs that do the same.
    package let aliases: [String: String]
    /// Buckets, and the folders that stand for them.
    package let buckets: [String: String]
    /// The jobs and workflows that there are.
    package let jobs: Set<String>

    /// Options of the programs that are replaced which have no meaning here.
    private static let ignoredOptions: Set = ["temp_bucket", "project_id"]
    private static let propertyPrefix = "otjob:"

    package init(aliases: [String: String], buckets: [String: String], jobs: Set<String>) {
        self.aliases = aliases
        self.buckets = buckets
        self.jobs = jobs
    }

    package func work(of job: JSONValue, zone: String) throws(RPCError) -> JobWork {
        let types = JobSchema.typeNames.filter { job[$0] != nil }
        guard types.count == 1, let type = types.first, let body = job[type] else {
            throw .invalid(
                types.isEmpty
                    ? "the job has no type: set hadoopJob, sparkJob, pysparkJob or sparkSqlJob"
                    : "the job has several types: \(types.joined(separator: ", "))"
            )
        }
        switch type {
        case "hadoopJob", "sparkJob": return .run(try program(body, type, zone))
        case "pysparkJob": return .run(try script(body, zone))
        case "sparkSqlJob": return .query(try queries(body))
        default:
            throw .invalid(
                "jobs of the type \(type) are not run here; supported are hadoopJob, sparkJob, "
                    + "pysparkJob and sparkSqlJob"
            )
        }
    }

    /// `mainClass` is a job's name; `NAME.load` is the same.
    private func program(
        _ body: JSONValue,
        _ type: String,
        _ zone: String
    ) throws(RPCError) -> SubmitRequest {
        guard let name = body["mainClass"]?.text else {
            throw .invalid("'\(type).mainClass' must name a job: \(known)")
        }
        let suffix = ".load"
        let isLoad = name.hasSuffix(suffix) && !jobs.contains(name)
        let job = isLoad ? String(name.dropLast(suffix.count)) : name
        guard jobs.contains(job) else {
            throw .invalid("'\(type).mainClass' is '\(name)', and there is no such job: \(known)")
        }
        return try request(job, body, zone)
    }

    private func script(_ body: JSONValue, _ zone: String) throws(RPCError) -> SubmitRequest {
        let uri = body["mainPythonFileUri"]?.text ?? ""
        let file = uri.split(separator: "/").last.map(String.init) ?? ""
        guard file.hasSuffix(".py"), let job = aliases[String(file.dropLast(3))] else {
            throw .invalid(
                "'pysparkJob.mainPythonFileUri' is '\(uri)'; known are "
                    + aliases.keys.sorted().map { $0 + ".py" }.joined(separator: ", ")
                    + "; dataproc.aliases of cluster.yaml names more"
            )
        }
        guard jobs.contains(job) else {
            throw .invalid("\(file) stands for the job '\(job)', which there is not: \(known)")
        }
        return try request(job, body, zone)
    }

    private var known: String { "known are " + jobs.sorted().joined(separator: ", ") }

    private func request(
        _ job: String,
        _ body: JSONValue,
        _ zone: String
    ) throws(RPCError) -> SubmitRequest {
        var request = SubmitRequest(jobs: [job], pool: zone)
        for (key, value) in body["properties"]?.textFields ?? [:]
        where key.hasPrefix(Self.propertyPrefix) {
            request.set[String(key.dropFirst(Self.propertyPrefix.count))] = value
        }
        for (option, value) in try options(body["args"]?.texts ?? []) {
            try apply(option, value, to: &request)
        }
        return request
    }

    /// `--name value` and `--name=value`.
    private func options(_ words: [String]) throws(RPCError) -> [(name: String, value: String?)] {
        var options: [(name: String, value: String?)] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                throw .invalid("the argument '\(word)' is no option: write --NAME=VALUE")
            }
            let parts = word.dropFirst(2).split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let name = parts.first.map { ProtoText.snakeCase(String($0)) } ?? ""
            var value = parts.count == 2 ? String(parts[1]) : nil
            if value == nil, name != "force", let next = rest.first, !next.hasPrefix("--") {
                value = next
                rest.removeFirst()
            }
            options.append((name.split(separator: "-").joined(separator: "_"), value))
        }
        return options
    }

    private func apply(
        _ option: String,
        _ value: String?,
        to request: inout SubmitRequest
    ) throws(RPCError) {
        guard !Self.ignoredOptions.contains(option) else { return }
        if option == "force", value == nil {
            request.force = true
            return
        }
        guard let value, !value.isEmpty else {
            throw .invalid("the argument --\(option) has no value")
        }
        switch option {
        case "input", "input_file": request.input = try path(value)
        case "table":
            guard jobs.contains(value) else {
                throw .invalid("--table is '\(value)', and there is no such job: \(known)")
            }
            request.jobs = [value]
        case "output_table":
            let table = value.split { ".:".contains($0) }.last.map(String.init) ?? ""
            guard request.jobs == [table] else {
                throw .invalid(
                    "--output_table is '\(value)', and the job loads the table "
                        + request.jobs.joined(separator: ", ")
                )
            }
        case "set":
            let pair = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { throw .invalid("--set takes KEY=VALUE") }
            request.set[String(pair[0])] = String(pair[1])
        default:
            throw .invalid(
                "the argument --\(option) is unknown: --input_file, --output_table, --table, "
                    + "--set, --force, --temp_bucket and --project_id are known"
            )
        }
    }

    /// The path that stands for `gs://BUCKET/NAME`; another absolute path stays.
    private func path(_ text: String) throws(RPCError) -> String {
        let scheme = "gs://"
        guard text.hasPrefix(scheme) else {
            guard text.hasPrefix("/") else {
                throw .invalid("the input '\(text)' is neither gs://BUCKET/NAME nor a whole path")
            }
            return text
        }
        let rest = text.dropFirst(scheme.count)
        let bucket = String(rest.prefix { $0 != "/" })
        guard let folder = buckets[bucket] else {
            throw .invalid(
                "no folder stands for the bucket '\(bucket)'; name one in dataproc.buckets of "
                    + "cluster.yaml"
            )
        }
        let parts = rest.dropFirst(bucket.count).split(separator: "/")
        guard !parts.contains("..") else {
            throw .invalid("the input '\(text)' leaves its bucket")
        }
        return ([folder] + parts.map(String.init)).joined(separator: "/")
    }

    private func queries(_ body: JSONValue) throws(RPCError) -> [String] {
        guard body["queryFileUri"] == nil else {
            throw .invalid("'sparkSqlJob.queryFileUri' is not read; send queryList.queries")
        }
        let queries = body[path: ["queryList", "queries"]]?.texts ?? []
        guard !queries.isEmpty else {
            throw .invalid("'sparkSqlJob.queryList.queries' holds no statement")
        }
        return queries
    }
}
