/// What is wrong with a YAML file of the user's, and where in it.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file as the user named it.
    package let file: String
    /// Counted from 1; 0 where the file as a whole is meant, as when it is missing.
    package let line: Int
    /// Characters from the start of the line, counted from 1; 0 as for `line`.
    package let column: Int
    /// What is wrong and what to do about it, without the place.
    package let message: String

    package init(file: String, line: Int, column: Int, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// One line in the form of a compiler's: `cluster.yaml:7:12: unknown key 'workes'; …`.
    package var description: String {
        line == 0 ? "\(file): \(message)" : "\(file):\(line):\(column): \(message)"
    }
}

/// A place in a YAML file, carried by every node so that each later check can point at it.
package struct SourceLocation: Sendable, Hashable {
    package let file: String
    package let line: Int
    package let column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// The file as a whole.
    init(file: String) { self.init(file: file, line: 0, column: 0) }

    func error(_ message: String) -> ConfigurationError {
        ConfigurationError(file: file, line: line, column: column, message: message)
    }
}

/// Why a single value is refused, before it is known where the value came from.
///
/// Values come from files and from `--set`; the caller turns this into a `ConfigurationError` or a
/// `JobError`.
struct ValueProblem: Error {
    let message: String
}
