/// How the workers of a `command` pool are started and stopped.
package struct CommandDeclaration: Sendable, Equatable {
    /// Starts one worker, which joins by itself.
    package let start: CommandTemplate
    /// Ends what `start` began, for certain: it succeeds where there is nothing left to end.
    package let stop: CommandTemplate
    /// Machines that workers are spread over; empty where the commands find one themselves.
    package let hosts: [String]
    /// How long either command may take.
    package let timeLimit: Duration

    package init(
        start: CommandTemplate,
        stop: CommandTemplate,
        hosts: [String] = [],
        timeLimit: Duration = .seconds(60)
    ) {
        self.start = start
        self.stop = stop
        self.hosts = hosts
        self.timeLimit = timeLimit
    }
}

/// A command line whose words may hold placeholders such as `{name}`.
///
/// It is a list of words and stays one: no shell ever reads it, so nothing in a value can become
/// more than a part of its word. `{` and `}` mean nothing but around a word of small letters.
package struct CommandTemplate: Sendable, Equatable {
    package enum Placeholder: String, Sendable, CaseIterable {
        /// What the worker is called; it has to say so: `otjob worker --name {name}`.
        case name
        case pool
        /// One of the pool's hosts.
        case host
        /// Where workers join.
        case coordinator
        case slots
    }

    package let words: [String]

    package init(words: [String]) { self.words = words }

    /// The command line with every placeholder replaced; one without a value is left as it is.
    package func filled(with values: [Placeholder: String]) -> [String] {
        words.map { word in
            Self.pieces(of: word).map { piece in
                switch piece {
                case .text(let text): text
                case .braces(let name):
                    Placeholder(rawValue: name).flatMap { values[$0] } ?? "{\(name)}"
                }
            }.joined()
        }
    }

    /// Whether the placeholder stands in any of the words.
    package func uses(_ placeholder: Placeholder) -> Bool {
        words.contains { Self.names(in: $0).contains(placeholder.rawValue) }
    }

    /// What stands in braces in a word and looks like a placeholder.
    static func names(in word: String) -> [String] {
        pieces(of: word).compactMap { if case .braces(let name) = $0 { name } else { nil } }
    }

    private enum Piece {
        case text(String)
        case braces(String)
    }

    private static func pieces(of word: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = Substring(word)
        while let opening = rest.firstIndex(of: "{") {
            let inner = rest[rest.index(after: opening)...].prefix { $0 != "}" && $0 != "{" }
            let isName = !inner.isEmpty && inner.utf8.allSatisfy(isNameByte)
            guard isName, inner.endIndex < rest.endIndex, rest[inner.endIndex] == "}" else {
                pieces.append(.text(String(rest[...opening])))
                rest = rest[rest.index(after: opening)...]
                continue
            }
            pieces += [.text(String(rest[..<opening])), .braces(String(inner))]
            rest = rest[rest.index(after: inner.endIndex)...]
        }
        return pieces + [.text(String(rest))]
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
    }
}
