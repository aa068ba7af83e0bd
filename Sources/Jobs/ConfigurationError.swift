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
        oneLine(line == 0 ? "\(file): \(message)" : "\(file):\(line):\(column): \(message)")
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

/// Makes one line of a message that quotes what a user wrote, however long and whatever is in it.
///
/// Control characters could end the line or speak to the terminal, so they appear as `\u{1B}`.
func oneLine(_ message: String) -> String {
    // A few lines of a terminal: a guess.
    let limit = 1000
    var line = ""
    for scalar in message.unicodeScalars.prefix(limit) {
        if scalar.isControl {
            line += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        } else {
            line.unicodeScalars.append(scalar)
        }
    }
    return message.unicodeScalars.count > limit ? line + "…" : line
}

extension Unicode.Scalar {
    /// Whether this is one of C0, DEL or C1: never part of a path or a column's name.
    var isControl: Bool { properties.generalCategory == .control }
}
