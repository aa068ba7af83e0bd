/// What a job file declares.
package enum JobFile: Sendable, Equatable {
    case table(JobDeclaration)
    case selftest(SelftestDeclaration)
    case workflow(WorkflowDeclaration)

    /// Reads the text of a job file; `file` is its name, for errors and `JobDeclaration.source`.
    package static func parse(
        text: String,
        file: String
    ) throws(ConfigurationError) -> JobFile {
        let root = try YAMLNode.parse(text: text, file: file)
        guard case .mapping(let entries) = root.content else {
            throw root.error(
                "a job file must be a mapping that begins with 'job:', not \(root.kind)"
            )
        }
        let keys = entries.map(\.key)
        if keys.contains("workflow") { return .workflow(try WorkflowDeclaration(root)) }
        if keys.contains(SelftestDeclaration.name) {
            return .selftest(try SelftestDeclaration(root))
        }
        guard keys.contains("job") else {
            throw root.error("'job' is missing; a job file begins with 'job: NAME', or 'workflow:'")
        }
        return .table(try JobReader(file: file, text: text).read(root))
    }

    package var name: String {
        switch self {
        case .table(let job): job.name
        case .selftest: SelftestDeclaration.name
        case .workflow(let workflow): workflow.name
        }
    }
}
