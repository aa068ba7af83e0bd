package import Base

/// `field = value` joined by AND; blanks alone mean AND.
package struct Filter: Sendable {
    package enum Comparison: String, Sendable, CaseIterable {
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case equal = "="
        case less = "<"
        case greater = ">"
    }

    package struct Term: Equatable, Sendable {
        package var field: String
        package var comparison: Comparison
        package var value: String
    }

    /// What a resource has in a field.
    package enum Field: Sendable {
        /// One value, and words that stand for several: ACTIVE for all states of that kind.
        case text(String, groups: [String: Set<String>] = [:])
        case time(WallTime)
    }

    package let terms: [Term]

    private static let termsLimit = 50

    /// Reads a filter that may name these fields besides labels, those of `times` in any comparison.
    package init(
        _ text: String,
        texts: Set<String>,
        times: Set<String> = []
    ) throws(RPCError) {
        // gcloud sends a JSON object with what it was told to look for.
        let isObject = text.drop(while: \.isWhitespace).first == "{"
        terms = isObject ? try Self.terms(ofObject: text) : try Self.terms(of: text)
        guard terms.count <= Self.termsLimit else {
            throw .invalid("the filter has more than \(Self.termsLimit) terms")
        }
        for term in terms { try Self.check(term, texts: texts, times: times) }
    }

    private static func check(
        _ term: Term,
        texts: Set<String>,
        times: Set<String>
    ) throws(RPCError) {
        let isText = term.field.hasPrefix("labels.") || texts.contains(term.field)
        guard isText || times.contains(term.field) else {
            let known = texts.union(times).sorted().joined(separator: ", ")
            throw .invalid("the filter's field '\(term.field)' is none of \(known), labels.KEY")
        }
        guard !isText || term.comparison == .equal else {
            throw .invalid("the filter's field '\(term.field)' is compared by = alone")
        }
        guard isText || ProtoText.timestamp(term.value) != nil else {
            throw .invalid("'\(term.value)' is no time, as \"2026-11-23T20:08:10Z\"")
        }
    }

    private static func terms(of text: String) throws(RPCError) -> [Term] {
        var words = try Self.words(of: text)[...]
        var terms: [Term] = []
        while let field = words.popFirst() {
            if !terms.isEmpty, field.text == "AND", !field.isQuoted { continue }
            guard let sign = words.popFirst(), !sign.isQuoted,
                let comparison = Comparison(rawValue: sign.text), let value = words.popFirst()
            else { throw problem(text) }
            terms.append(
                Term(
                    field: name(field.text),
                    comparison: comparison,
                    value: value.text
                )
            )
        }
        return terms
    }

    /// Keys of labels stay as they are.
    private static func name(_ field: String) -> String {
        field.hasPrefix("labels.") ? field : ProtoText.snakeCase(field)
    }

    private static func problem(_ text: String) -> RPCError {
        .invalid("the filter '\(text.prefix(200))' is not of the form: field = value AND …")
    }

    private static func terms(ofObject text: String) throws(RPCError) -> [Term] {
        guard let object = try? JSONText.parse(Array(text.utf8)) else { throw problem(text) }
        var terms: [Term] = []
        for (key, value) in object.fields.sorted(by: { $0.key < $1.key }) {
            guard let value = value.text else { throw problem(text) }
            let name = ProtoText.snakeCase(key)
            let field = name == "operation_state_matcher" ? "status.state" : name
            terms.append(Term(field: field, comparison: .equal, value: value))
        }
        return terms
    }

    private static func words(
        of text: String
    ) throws(RPCError) -> [(text: String, isQuoted: Bool)] {
        var words: [(text: String, isQuoted: Bool)] = []
        var rest = text[...]
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if let sign = Comparison.allCases.first(where: { rest.hasPrefix($0.rawValue) }) {
                words.append((sign.rawValue, false))
                rest.removeFirst(sign.rawValue.count)
            } else if first == "\"" {
                rest.removeFirst()
                guard let end = rest.firstIndex(of: "\"") else { throw problem(text) }
                words.append((String(rest[..<end]), true))
                rest = rest[rest.index(after: end)...]
            } else {
                let word = rest.prefix { !$0.isWhitespace && !"<>=\"".contains($0) }
                words.append((String(word), false))
                rest.removeFirst(word.count)
            }
        }
        return words
    }

    /// Whether all terms hold of a resource; it has every field that the filter may name.
    package func matches(labels: [String: String], _ fields: [String: Field]) -> Bool {
        terms.allSatisfy { term in
            if term.field.hasPrefix("labels.") {
                let value = labels[String(term.field.dropFirst("labels.".count))]
                return term.value == "*" ? value != nil : value == term.value
            }
            return switch fields[term.field] {
            case .text(let value, let groups):
                term.value == "*" || groups[term.value]?.contains(value) ?? (value == term.value)
            case .time(let time): term.holds(of: time)
            case nil: false
            }
        }
    }
}

extension Filter.Term {
    fileprivate func holds(of time: WallTime) -> Bool {
        guard let other = ProtoText.timestamp(value) else { return false }
        return switch comparison {
        case .equal: time == other
        case .less: time < other
        case .lessOrEqual: time <= other
        case .greater: time > other
        case .greaterOrEqual: time >= other
        }
    }
}
