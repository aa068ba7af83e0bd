/// Why a job that somebody asked for cannot be run as asked: wrong usage.
package enum JobError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No job or workflow has this name; `near` are names that resemble it, `known` all.
    case unknownJob(String, near: [String], known: [String])
    /// `--set` names a parameter that the job does not declare.
    case unknownParameter(job: String, key: String, declared: [String])
    /// A value of `--set` is refused.
    case invalidParameter(job: String, reason: String)
    /// A job file that was sent whole is wrong.
    case invalidFile(ConfigurationError)

    package var description: String { oneLine(message) }

    private var message: String {
        switch self {
        case .unknownJob(let name, let near, let known):
            let hint =
                near.isEmpty
                ? "known are \(known.joined(separator: ", "))"
                : "did you mean \(Spelling.list(near))?"
            return "no job or workflow is named '\(name)'; \(hint)"
        case .unknownParameter(let job, let key, let declared):
            let hint =
                declared.isEmpty
                ? "it has none"
                : Spelling.suggestion(for: key, in: declared)
                    + "it has \(Spelling.list(declared))"
            return "'\(job)' has no parameter '\(key)' to --set; \(hint)"
        case .invalidParameter(let job, let reason):
            return "'\(job)' cannot run with these parameters: \(reason)"
        case .invalidFile(let error):
            return error.description
        }
    }
}
