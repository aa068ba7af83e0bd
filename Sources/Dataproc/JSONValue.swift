/// A JSON text taken apart (RFC 8259), before anybody knows what it is to be.
///
/// Numbers stay as they were written: int64 must not pass through a floating-point number.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    package subscript(key: String) -> JSONValue? {
        if case .object(let fields) = self { fields[key] } else { nil }
    }

    /// What stands at the end of a path of keys.
    package subscript(path path: [String]) -> JSONValue? {
        path.reduce(Optional(self)) { value, key in value?[key] }
    }

    package var text: String? { if case .string(let text) = self { text } else { nil } }

    package var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }

    package var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }

    package var real: Double? { if case .number(let text) = self { Double(text) } else { nil } }

    package var elements: [JSONValue] { if case .array(let list) = self { list } else { [] } }

    package var texts: [String] { elements.compactMap(\.text) }

    package var fields: [String: JSONValue] {
        if case .object(let fields) = self { fields } else { [:] }
    }

    /// The fields that are texts, as labels and properties are.
    package var textFields: [String: String] { fields.compactMapValues(\.text) }

    /// An object without the fields that are nil.
    package static func make(_ fields: [String: JSONValue?]) -> JSONValue {
        .object(fields.compactMapValues { $0 })
    }

    package static func texts(_ fields: [String: String]) -> JSONValue {
        .object(fields.mapValues { .string($0) })
    }

    package static func integer(_ value: some BinaryInteger) -> JSONValue { .number("\(value)") }

    /// This object with a value at a path of keys; objects on the way are made, nil takes it away.
    package func setting(_ path: ArraySlice<String>, to value: JSONValue?) -> JSONValue {
        guard let key = path.first else { return value ?? .null }
        var fields = self.fields
        let rest = path.dropFirst()
        if rest.isEmpty {
            fields[key] = value
        } else if fields[key] != nil || value != nil {
            fields[key] = (fields[key] ?? .object([:])).setting(rest, to: value)
        }
        return .object(fields)
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
    package init(stringLiteral text: String) { self = .string(text) }
    package init(booleanLiteral flag: Bool) { self = .bool(flag) }
}

/// Within a record it is one text: whoever reads the record reads it only when it is needed.
extension JSONValue: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do throws(JSONTextError) {
            self = try JSONText.parse(Array(text.utf8))
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error)")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(String(decoding: JSONText.bytes(of: self), as: UTF8.self))
    }
}
