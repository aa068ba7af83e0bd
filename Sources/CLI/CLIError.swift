package import API
package import HTTP

/// The exit codes that scripts rely on; product.md section 2.
package enum ExitCode {
    package static let done: Int32 = 0
    package static let failed: Int32 = 1
    package static let usage: Int32 = 2
    package static let unreachable: Int32 = 3
    package static let cancelled: Int32 = 4
    /// Detached by Ctrl-C: 128 and the number of SIGINT, as shells have it.
    package static let interrupted: Int32 = 130

    /// Says how a job ended.
    package static func of(_ state: JobState) -> Int32 {
        switch state {
        case .cancelled: cancelled
        case .error: failed
        case .pending, .running, .done, .skipped: done
        }
    }
}

/// Why a command did not do what it was asked for; printed as one line on standard error.
package enum CLIError: Error, CustomStringConvertible {
    /// The command line is wrong; `command` is the one whose help tells more.
    case usage(String, command: String?)
    /// What was named cannot be used: a file with a mistake in it, say, which the text points at.
    case invalid(String)
    case unreachable(url: String, reason: String)
    /// The connection was there and the answer is not one.
    case broken(HTTPError)
    /// The coordinator said no.
    case refused(ErrorDetail)
    /// The coordinator answered something that this client does not understand.
    case notUnderstood(path: String, reason: String)
    /// What the command itself could not do, with what to do about it.
    case failed(String)

    package init(_ error: HTTPError) {
        switch error {
        case .unreachable(let url, let reason): self = .unreachable(url: url, reason: reason)
        case .invalidURL, .noAuthority, .notEncrypted: self = .usage("\(error)", command: nil)
        default: self = .broken(error)
        }
    }

    package var description: String {
        switch self {
        case .usage(let text, let command):
            text + "; see otjob \(command.map { "\($0) " } ?? "")--help"
        case .unreachable(let url, let reason):
            "no coordinator at \(url) (\(reason)); start one here with: otjob up, or name it with "
                + "--coordinator"
        case .broken(let error):
            "\(error)"
        case .refused(let detail):
            "\(detail.message) (\(detail.status))"
        case .notUnderstood(let path, let reason):
            "the answer to \(path) is not understood: \(reason); compare the versions with: "
                + "otjob version"
        case .invalid(let text), .failed(let text):
            text
        }
    }

    package var exitCode: Int32 {
        switch self {
        case .usage, .invalid: ExitCode.usage
        case .unreachable: ExitCode.unreachable
        // What was asked for does not exist or is not valid: the caller's mistake.
        case .refused(let detail) where detail.code == 400 || detail.code == 404: ExitCode.usage
        case .broken, .refused, .notUnderstood, .failed: ExitCode.failed
        }
    }
}
