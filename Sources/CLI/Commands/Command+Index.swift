package import API
import Base
package import Jobs

extension Command {
    static let index = Command(
        "index",
        "make or check the split index of a gzip file",
        details:
            "Where a file has one, workers inflate it from many places at once. A job's first pass "
            + "over a file leaves it as well; this does so ahead of the first job, and --check "
            + "compares an index with every byte of its file. Chunk size and place are those of "
            + "cluster.yaml; a coordinator need not run.",
        positionals: [Positional("FILE", kind: .file)],
        flags: [
            Flag("check", nil, "check the index that is there, make none"),
            Flag("no-header", nil, "the first line is data: for jobs with header: false"),
            .json, .config,
        ]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        let configuration: ClusterConfiguration
        do throws(ConfigurationError) {
            configuration = try ClusterConfiguration.load(path: arguments.value("config"))
        } catch {
            throw .invalid(error.description)
        }
        let request = IndexRequest(
            path: Paths.absolute(arguments.positionals[0]),
            configuration: configuration,
            hasHeader: !arguments.has("no-header"),
            isCheck: arguments.has("check")
        )
        let summary = try invocation.programs.index(request)
        invocation.print(json: summary) { Listings.text(of: summary, checked: request.isCheck) }
        return ExitCode.done
    }
}

/// What `otjob index` is asked for.
package struct IndexRequest: Sendable {
    /// Absolute.
    package let path: String
    package let configuration: ClusterConfiguration
    package let hasHeader: Bool
    /// Whether the index is only looked at.
    package let isCheck: Bool
}

extension Listings {
    /// One line: what the file is, and what became of its index.
    package static func text(of summary: SplitIndexSummary, checked: Bool) -> String {
        let content =
            "\(Text.grouped(summary.lines)) lines, \(ByteCount(summary.rawSizeBytes)) in "
            + "\(summary.chunks) \(summary.chunks == 1 ? "chunk" : "chunks")"
        guard let index = summary.index, let size = summary.indexSizeBytes else {
            return "\(summary.file): \(content); needs no split index\n"
        }
        let verdict = checked ? "is right" : "was made"
        return "\(summary.file): \(content); its split index \(verdict), "
            + "\(ByteCount(Int64(size))): \(index)\n"
    }
}
