/// The texts of `--help`, made from the declarations.
package enum HelpText {
    /// All commands, one a line.
    package static func overview(_ commands: [Command]) -> String {
        var lines = [
            "otjob runs batch loads on a cluster of your own machines.",
            "",
            "usage: otjob COMMAND [ARGUMENTS]",
            "",
        ]
        lines += columns(commands.map { ($0.name, $0.summary) })
        lines += [
            "",
            "otjob COMMAND --help tells more about each. Exit codes: 0 done, 1 the job failed,",
            "2 wrong usage, 3 coordinator not reachable, 4 cancelled.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// One command with its arguments.
    package static func text(of command: Command) -> String {
        var usage = "usage: otjob \(command.name)"
        for positional in command.positionals { usage += " " + positional.usage }
        for flag in command.flags where flag.name != Flag.help.name {
            usage += flag.required ? " \(flag.spelling)" : " [\(flag.spelling)]"
            usage += flag.repeats ? "…" : ""
        }
        var lines = ["otjob \(command.name): \(command.summary)", ""] + wrapped(usage)
        if !command.details.isEmpty { lines += [""] + wrapped(command.details, indent: "") }
        lines += [""] + columns(command.flags.map { ($0.spelling, $0.summary) })
        return lines.joined(separator: "\n") + "\n"
    }

    private static func columns(_ pairs: [(String, String)]) -> [String] {
        let width = pairs.map(\.0.count).max() ?? 0
        return pairs.map { left, right in
            "  " + left + String(repeating: " ", count: width - left.count + 2) + right
        }
    }

    /// Lines of at most 80 characters; those after the first are indented.
    private static func wrapped(_ text: String, indent: String = "    ") -> [String] {
        var lines: [String] = []
        var line = ""
        // A flag stays on the line of its value: break only before '[' and between plain words.
        for word in pieces(text) {
            if !line.isEmpty, line.count + 1 + word.count > 80 {
                lines.append(line)
                line = indent + word
            } else {
                line += line.isEmpty ? word : " " + word
            }
        }
        return lines + [line]
    }

    private static func pieces(_ text: String) -> [String] {
        var pieces: [String] = []
        for word in text.split(separator: " ") {
            if let last = pieces.last, last.hasPrefix("["), !last.contains("]") {
                pieces[pieces.count - 1] += " " + word
            } else {
                pieces.append(String(word))
            }
        }
        return pieces
    }
}
