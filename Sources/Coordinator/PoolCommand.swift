import Base
import Identity
import Scheduling
import Storage

/// One run of a command that starts or stops a worker.
enum PoolCommand {
    /// Lines of its output that a reason holds, and their length in all.
    static let toldLines = 3
    static let toldCharacters = 300

    /// Runs the words of a command line; returns why it failed, or nil when it did not.
    ///
    /// `input` is what it finds on its standard input. `hasRun` is false where there is no such
    /// program, so that nothing can have happened.
    static func run(
        _ words: [String],
        input: Secret? = nil,
        limit: Duration
    ) -> (failure: String?, hasRun: Bool) {
        do throws(StorageError) {
            let pipe = try input.map { input throws(StorageError) in try ProcessInput(input) }
            let run = try withExtendedLifetime(pipe) { () throws(StorageError) in
                let input = pipe.map { ChildProcess.Input.descriptor($0.descriptor) } ?? .none
                return try ProgramRun(words, keeping: .all, input: input, limit: limit)
            }
            return (failure(of: run, words.first ?? "", limit), true)
        } catch {
            return ("\(error)", false)
        }
    }

    private static func failure(of run: ProgramRun, _ program: String, _ limit: Duration) -> String?
    {
        guard run.wasOverdue || run.end != .exited(code: 0) else { return nil }
        let end =
            run.wasOverdue
            ? "\(program) did not end within \(limit.seconds) s" : "\(program): \(run.end.loss)"
        let lines = lastLines(of: run.output)
        return lines.isEmpty ? end : "\(end): \(lines)"
    }

    /// The end of what a program said, as one line without control characters.
    static func lastLines(of output: String) -> String {
        let lines = output.split(whereSeparator: \.isNewline).map { line in
            String(
                String.UnicodeScalarView(
                    line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }
                )
            )
        }.filter { !$0.allSatisfy { $0 == " " } }
        return String(lines.suffix(toldLines).joined(separator: "; ").suffix(toldCharacters))
    }
}
