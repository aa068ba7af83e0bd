/// A command as it is declared: parsing, help and completion all derive from it.
package struct Command: Sendable {
    package typealias Body = @Sendable (Invocation) throws(CLIError) -> Int32

    package let name: String
    /// What it does, in a few words without a full stop.
    package let summary: String
    /// What a reader of its help should know beside the flags; sentences.
    package let details: String
    package let positionals: [Positional]
    package let flags: [Flag]
    /// Does it, and returns the process's exit code.
    package let run: Body

    package init(
        _ name: String,
        _ summary: String,
        details: String = "",
        positionals: [Positional] = [],
        flags: [Flag] = [],
        run: @escaping Body
    ) {
        self.name = name
        self.summary = summary
        self.details = details
        self.positionals = positionals
        self.flags = flags + [.help]
        self.run = run
    }
}

/// What a shell offers for a value.
package enum ValueKind: Sendable {
    case text
    case file
    case folder
}

/// A flag of a command; all are spelled `--name`.
package struct Flag: Sendable {
    package let name: String
    /// What stands for the value in the help; nil for a switch.
    package let placeholder: String?
    package let summary: String
    package let kind: ValueKind
    package let required: Bool
    /// Whether it may be given more than once.
    package let repeats: Bool

    package init(
        _ name: String,
        _ placeholder: String? = nil,
        _ summary: String,
        kind: ValueKind = .text,
        required: Bool = false,
        repeats: Bool = false
    ) {
        self.name = name
        self.placeholder = placeholder
        self.summary = summary
        self.kind = kind
        self.required = required
        self.repeats = repeats
    }

    /// As it stands in the help: `--input PATH`.
    var spelling: String { "--\(name)" + (placeholder.map { " \($0)" } ?? "") }

    static let help = Flag("help", nil, "print this help")
    static let json = Flag("json", nil, "print JSON instead of text")
    static let coordinator = Flag(
        "coordinator",
        "URL",
        "the coordinator; else OTJOB_COORDINATOR, else http://127.0.0.1:8080"
    )
    static let config = Flag(
        "config",
        "FILE",
        "cluster.yaml; the defaults without it",
        kind: .file
    )
}

/// An argument that is known by its place.
package struct Positional: Sendable {
    package let name: String
    package let kind: ValueKind
    package let required: Bool
    /// Whether it takes all that follow; only the last may.
    package let repeats: Bool

    package init(
        _ name: String,
        kind: ValueKind = .text,
        required: Bool = true,
        repeats: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.required = required
        self.repeats = repeats
    }

    /// As it stands in the usage line: `JOB…`, `[ID]`.
    var usage: String {
        let name = repeats ? name + "…" : name
        return required ? name : "[\(name)]"
    }
}
