import Base

/// A mapping whose keys are known: unknown ones are refused when it is made.
///
/// Its methods read one key each as a value of one kind. All take the key's name twice over, to find
/// it and to name it in the error, which points at the value; a missing key has no place of its own,
/// so its error points at the mapping.
struct YAMLMapping {
    let location: SourceLocation
    let entries: [YAMLEntry]

    /// Checks that `node` is a mapping and holds no other keys than `keys`.
    ///
    /// `what` is what it is called in messages, such as `a pool`.
    init(_ node: YAMLNode, _ what: String, keys: [String]) throws(ConfigurationError) {
        guard case .mapping(let entries) = node.content else {
            throw node.error("\(what) must be a mapping {key: value, …}, not \(node.kind)")
        }
        self.init(entries: entries, location: node.location)
        for entry in entries where !keys.contains(entry.key) {
            throw entry.location.error(
                "unknown key '\(entry.key)'; " + Spelling.suggestion(for: entry.key, in: keys)
                    + "known keys of \(what) are \(keys.joined(separator: ", "))"
            )
        }
    }

    init(entries: [YAMLEntry], location: SourceLocation) {
        self.entries = entries
        self.location = location
    }

    subscript(key: String) -> YAMLNode? { entries.first { $0.key == key }?.value }

    /// Where a key stands, for errors about its presence.
    func keyLocation(_ key: String) -> SourceLocation? {
        entries.first { $0.key == key }?.location
    }

    func required(_ key: String) throws(ConfigurationError) -> YAMLNode {
        guard let node = self[key] else { throw location.error("'\(key)' is missing here") }
        return node
    }

    func text(_ key: String) throws(ConfigurationError) -> String {
        try required(key).text(key)
    }

    func text(_ key: String, default value: String) throws(ConfigurationError) -> String {
        try self[key]?.text(key) ?? value
    }

    /// `true` or `false`; YAML 1.1's other words, such as `no`, are too easily meant as text.
    func boolean(_ key: String, default value: Bool) throws(ConfigurationError) -> Bool {
        guard let node = self[key] else { return value }
        switch try node.text(key) {
        case "true": return true
        case "false": return false
        case let other: throw node.error("'\(key)' must be true or false, not '\(other)'")
        }
    }

    /// A whole number; nil where the key is missing.
    func integer<Value: FixedWidthInteger>(
        _ key: String,
        in range: ClosedRange<Value>
    ) throws(ConfigurationError) -> Value? {
        guard let node = self[key] else { return nil }
        let text = try node.text(key)
        guard let value = Value(text), range.contains(value) else {
            throw node.error(
                "'\(key)' must be a whole number from \(range.lowerBound) to \(range.upperBound), "
                    + "not '\(text)'"
            )
        }
        return value
    }

    /// A decimal number such as `0.001`.
    func share(_ key: String, default value: Double) throws(ConfigurationError) -> Double {
        guard let node = self[key] else { return value }
        let text = try node.text(key)
        let isDecimal = text.utf8.allSatisfy { byte in "0123456789.".utf8.contains(byte) }
        guard isDecimal, let value = Double(text), (0...1).contains(value) else {
            throw node.error("'\(key)' must be a share from 0 to 1 such as 0.001, not '\(text)'")
        }
        return value
    }

    /// A time with its unit.
    func duration(
        _ key: String,
        default value: Duration,
        in range: ClosedRange<Duration>
    ) throws(ConfigurationError) -> Duration {
        guard let node = self[key] else { return value }
        let value = try node.reading(key) { text throws(ValueProblem) in
            try Units.duration(text)
        }
        guard range.contains(value) else {
            throw node.error(
                "'\(key)' is \(Units.text(value)); it must be from \(Units.text(range.lowerBound)) "
                    + "to \(Units.text(range.upperBound))"
            )
        }
        return value
    }

    /// A size with its unit, in bytes; nil where the key is missing.
    func size(
        _ key: String,
        in range: ClosedRange<Int64>
    ) throws(ConfigurationError) -> Int64? {
        guard let node = self[key] else { return nil }
        let value = try node.reading(key) { text throws(ValueProblem) in try Units.size(text) }
        guard range.contains(value) else {
            throw node.error(
                "'\(key)' is \(Units.text(sizeBytes: value)); it must be from "
                    + "\(Units.text(sizeBytes: range.lowerBound)) to "
                    + Units.text(sizeBytes: range.upperBound)
            )
        }
        return value
    }

    /// A list of names; the missing key is the empty list.
    func texts(_ key: String) throws(ConfigurationError) -> [(text: String, node: YAMLNode)] {
        guard let node = self[key] else { return [] }
        var texts: [(String, YAMLNode)] = []
        for element in try node.elements(key) {
            texts.append((try element.text("an element of '\(key)'", quoted: false), element))
        }
        return texts
    }
}

extension YAMLNode {
    /// The text of a single value; `key:` with nothing behind it has none.
    func text(_ key: String, quoted: Bool = true) throws(ConfigurationError) -> String {
        let name = quoted ? "'\(key)'" : key
        guard case .scalar(let text, let isPlain) = content else {
            throw error("\(name) must be a single value, not \(kind)")
        }
        guard !(isPlain && text.isEmpty) else {
            throw error("\(name) has no value; write '' where the empty text is meant")
        }
        return text
    }

    func elements(_ key: String) throws(ConfigurationError) -> [YAMLNode] {
        guard case .sequence(let elements) = content else {
            throw error("'\(key)' must be a list [a, b, …], not \(kind)")
        }
        return elements
    }

    /// Reads the text of a single value and points at it where it is refused.
    func reading<Value>(
        _ key: String,
        _ read: (String) throws(ValueProblem) -> Value
    ) throws(ConfigurationError) -> Value {
        let text = try text(key)
        do {
            return try read(text)
        } catch {
            throw self.error("'\(key)' \(error.message)")
        }
    }

    /// A name by the rule of `Names`.
    func name(_ key: String) throws(ConfigurationError) -> String {
        let text = try text(key)
        guard Names.isValid(text) else {
            throw error(
                "'\(key)' must begin with a letter a-z and hold only a-z, 0-9 and _, at most 63, "
                    + "not '\(text)'"
            )
        }
        return text
    }
}
