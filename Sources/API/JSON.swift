import FoundationEssentials

/// A text that is not the JSON that was expected.
package struct JSONError: Error, CustomStringConvertible {
    package let description: String
}

/// JSON as the API speaks it: keys sorted, slashes as they are, so that texts can be compared.
package enum JSON {
    package static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(value))
        } catch {
            // Our own types hold nothing that JSON cannot express (no NaN, no cycles).
            preconditionFailure("\(type(of: value)) cannot be written as JSON: \(error)")
        }
    }

    package static func decode<Value: Decodable>(
        _ type: Value.Type,
        from bytes: [UInt8]
    ) throws(JSONError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw JSONError(description: describe(error))
        } catch {
            throw JSONError(description: "not JSON: \(error)")
        }
    }

    private static func describe(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "at the top" : "at '\(path)'"
        }
        switch error {
        case .keyNotFound(let key, let context):
            return "the key '\(key.stringValue)' is missing \(place(context))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "a value of the wrong type \(place(context))"
        case .dataCorrupted(let context):
            return "not JSON: \(context.debugDescription)"
        @unknown default:
            return "not the expected JSON"
        }
    }
}
