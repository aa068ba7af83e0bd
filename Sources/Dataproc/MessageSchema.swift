import Base

/// The words of an enumeration by their numbers.
package struct EnumSchema: Sendable {
    private let numbers: [String: Int]

    /// Words that count from 0.
    package init(_ words: [String]) {
        self.init(Dictionary(words.enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 }))
    }

    package init(_ numbers: [String: Int]) { self.numbers = numbers }

    /// The word for a name or a number.
    package func word(_ text: String) -> String? {
        if numbers[text] != nil { return text }
        guard let number = Int(text) else { return nil }
        return numbers.first { $0.value == number }?.key
    }

    package var words: [String] { numbers.keys.sorted() }
}

/// What a field of a message holds.
package indirect enum FieldSchema: Sendable {
    case string
    case bool
    case int32
    case int64
    case double
    case duration
    case timestamp
    case enumeration(EnumSchema)
    case message(MessageSchema)
    case list(FieldSchema)
    /// Any keys; what stands below labels, properties and metadata.
    case map(FieldSchema)
    /// Written by the server alone: a client that sends back what it was answered is not at fault.
    case output
}

/// The fields of a message as requests may hold them, in camelCase.
///
/// Reading brings them into one form: camelCase names, enumerations as words, integers as numbers
/// (int64 as a text), null left out. What is not in the schema is an error with its path, so that a
/// misspelt field is not silently without effect.
package struct MessageSchema: Sendable, ExpressibleByDictionaryLiteral {
    private let fields: [String: FieldSchema]

    package init(dictionaryLiteral elements: (String, FieldSchema)...) {
        fields = Dictionary(elements, uniquingKeysWith: { $1 })
    }

    private init(fields: [String: FieldSchema]) { self.fields = fields }

    /// This message with the fields of another one.
    package func adding(_ other: MessageSchema) -> MessageSchema {
        MessageSchema(fields: fields.merging(other.fields, uniquingKeysWith: { $1 }))
    }

    package func read(_ value: JSONValue, at path: String = "") throws(RPCError) -> JSONValue {
        guard case .object(let given) = value else {
            throw .invalid("\(Self.place(path)) must be an object")
        }
        var result: [String: JSONValue] = [:]
        // In order: of several errors always the same one is told.
        for key in given.keys.sorted() {
            let name = fields[key] == nil ? ProtoText.camelCase(key) : key
            let place = path.isEmpty ? key : "\(path).\(key)"
            guard let schema = fields[name] else {
                throw .invalid("the field '\(place)' is unknown")
            }
            guard let field = given[key], field != .null else { continue }
            if case .output = schema { continue }
            guard result.updateValue(try schema.read(field, at: place), forKey: name) == nil else {
                throw .invalid("the field '\(place)' comes twice")
            }
        }
        return .object(result)
    }

    fileprivate static func place(_ path: String) -> String {
        path.isEmpty ? "the body" : "'\(path)'"
    }
}

extension FieldSchema {
    fileprivate func read(_ value: JSONValue, at path: String) throws(RPCError) -> JSONValue {
        switch self {
        case .string:
            guard value.text != nil else { throw .invalid("'\(path)' must be a string") }
            return value
        case .bool:
            guard value.flag != nil else { throw .invalid("'\(path)' must be true or false") }
            return value
        case .int32:
            guard let number = Self.integer(value).flatMap({ Int32(exactly: $0) }) else {
                throw .invalid("'\(path)' must be a 32-bit integer")
            }
            return .integer(number)
        case .int64:
            guard let number = Self.integer(value) else {
                throw .invalid("'\(path)' must be a 64-bit integer")
            }
            return .string("\(number)")
        case .double: return try Self.double(value, at: path)
        case .duration:
            guard value.text.flatMap(ProtoText.duration) != nil else {
                throw .invalid("'\(path)' must be a duration in seconds, as \"30s\"")
            }
            return value
        case .timestamp:
            guard value.text.flatMap(ProtoText.timestamp) != nil else {
                throw .invalid("'\(path)' must be a time, as \"2026-11-23T20:08:10Z\"")
            }
            return value
        case .enumeration(let words): return try Self.word(value, of: words, at: path)
        case .message(let message): return try message.read(value, at: path)
        case .list(let element): return try Self.list(value, of: element, at: path)
        case .map(let element): return try Self.map(value, to: element, at: path)
        case .output: return value
        }
    }

    private static func double(
        _ value: JSONValue,
        at path: String
    ) throws(RPCError) -> JSONValue {
        let number = value.real ?? value.text.flatMap(Double.init)
        guard let number, number.isFinite else { throw .invalid("'\(path)' must be a number") }
        return .number("\(number)")
    }

    private static func word(
        _ value: JSONValue,
        of words: EnumSchema,
        at path: String
    ) throws(RPCError) -> JSONValue {
        let text = value.text ?? value.integer.map { "\($0)" }
        guard let word = text.flatMap(words.word) else {
            let known = words.words.joined(separator: ", ")
            throw .invalid("'\(path)' must be one of \(known), or its number")
        }
        return .string(word)
    }

    private static func list(
        _ value: JSONValue,
        of element: FieldSchema,
        at path: String
    ) throws(RPCError) -> JSONValue {
        guard case .array(let elements) = value else { throw .invalid("'\(path)' must be a list") }
        var list: [JSONValue] = []
        for (index, item) in elements.enumerated() {
            list.append(try element.read(item, at: "\(path)[\(index)]"))
        }
        return .array(list)
    }

    private static func map(
        _ value: JSONValue,
        to element: FieldSchema,
        at path: String
    ) throws(RPCError) -> JSONValue {
        guard case .object(let fields) = value else {
            throw .invalid("'\(path)' must be an object")
        }
        var map: [String: JSONValue] = [:]
        for key in fields.keys.sorted() {
            map[key] = try element.read(fields[key] ?? .null, at: "\(path).\(key)")
        }
        return .object(map)
    }

    /// Integers come as numbers or as texts, and `3.0` is one, too.
    private static func integer(_ value: JSONValue) -> Int64? {
        let text: String
        switch value {
        case .number(let number), .string(let number): text = number
        default: return nil
        }
        return Int64(text) ?? Double(text).flatMap { Int64(exactly: $0) }
    }
}
