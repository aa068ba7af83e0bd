/// The arguments of a command, taken apart.
package struct Arguments: Equatable, Sendable {
    package let command: String
    /// Values by flag name; a switch that was given has none.
    package private(set) var flags: [String: [String]] = [:]
    package private(set) var positionals: [String] = []

    /// Takes apart what stands behind the command's name.
    ///
    /// Flags stand before, between or after the positional arguments, as `--flag value` or
    /// `--flag=value`; behind `--` nothing is a flag.
    package init(_ words: [String], of command: Command) throws(CLIError) {
        self.command = command.name
        var rest = words[...]
        var flagsEnded = false
        while let word = rest.popFirst() {
            if flagsEnded || !word.hasPrefix("-") || word == "-" {
                positionals.append(word)
            } else if word == "--" {
                flagsEnded = true
            } else {
                try takeFlag(word, rest: &rest, of: command)
            }
        }
        // Help is given whatever else is missing.
        if !has("help") { try checkCompleteness(of: command) }
    }

    private mutating func takeFlag(
        _ word: String,
        rest: inout ArraySlice<String>,
        of command: Command
    ) throws(CLIError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let spelled = String(parts[0])
        let name = spelled == "-h" ? "help" : String(spelled.dropFirst(2))
        guard spelled == "-h" || spelled.hasPrefix("--"),
            let flag = command.flags.first(where: { $0.name == name })
        else {
            throw usage("unknown flag '\(spelled)'")
        }
        guard flag.repeats || flags[name] == nil else { throw usage("'--\(name)' stands twice") }
        guard let placeholder = flag.placeholder else {
            guard parts.count == 1 else { throw usage("'--\(name)' takes no value") }
            flags[name] = []
            return
        }
        let attached = parts.count == 2 ? String(parts[1]) : nil
        guard let value = attached ?? rest.popFirst() else {
            throw usage("'--\(name)' needs a value: \(placeholder)")
        }
        flags[name, default: []].append(value)
    }

    private func checkCompleteness(of command: Command) throws(CLIError) {
        for flag in command.flags where flag.required && !has(flag.name) {
            throw usage("\(flag.spelling) is missing")
        }
        let required = command.positionals.filter(\.required)
        guard positionals.count >= required.count else {
            throw usage("\(required[positionals.count].name) is missing")
        }
        let isOpen = command.positionals.last?.repeats ?? false
        guard isOpen || positionals.count <= command.positionals.count else {
            throw usage("'\(positionals[command.positionals.count])' is one argument too many")
        }
    }

    package func has(_ flag: String) -> Bool { flags[flag] != nil }

    package func value(_ flag: String) -> String? { flags[flag]?.first }

    /// The value of a flag that the command declares as required.
    func required(_ flag: String) throws(CLIError) -> String {
        guard let value = value(flag) else { throw usage("--\(flag) is missing") }
        return value
    }

    package func values(_ flag: String) -> [String] { flags[flag] ?? [] }

    /// A flag's value as a whole number within `range`; nil where the flag is not given.
    package func integer(_ flag: String, in range: ClosedRange<Int>) throws(CLIError) -> Int? {
        guard let text = value(flag) else { return nil }
        return try integer(text, named: "--\(flag)", in: range)
    }

    func integer(
        _ text: String,
        named name: String,
        in range: ClosedRange<Int>
    ) throws(CLIError) -> Int {
        guard let number = Int(text), range.contains(number) else {
            let bounds = "from \(range.lowerBound) to \(range.upperBound)"
            throw usage("'\(text)' is no \(name): a whole number \(bounds) is expected")
        }
        return number
    }

    /// `K=V` flags as a dictionary.
    package func pairs(_ flag: String) throws(CLIError) -> [String: String] {
        var pairs: [String: String] = [:]
        for text in values(flag) {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw usage("'\(text)' is no parameter; write --\(flag) NAME=VALUE")
            }
            let name = String(text[..<equals])
            guard pairs[name] == nil else { throw usage("the parameter '\(name)' stands twice") }
            pairs[name] = String(text[text.index(after: equals)...])
        }
        return pairs
    }

    func usage(_ text: String) -> CLIError { .usage(text, command: command) }
}
