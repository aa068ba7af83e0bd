/// The parameters of a request's query: names in camelCase or snake_case, none unknown.
package struct Query: Sendable {
    /// What clients of Google's APIs send with every request, and what has no meaning here.
    private static let ignored: Set = [
        "alt", "$alt", "prettyPrint", "fields", "key", "quotaUser", "callback", "uploadType",
        "upload_protocol", "$.xgafv", "access_token", "oauth_token", "$prettyPrint",
        "$unknownEnums",
    ]

    /// Of requests that the coordinator makes to itself.
    static let empty = Query(values: [:])

    private let values: [String: String]

    private init(values: [String: String]) { self.values = values }

    package init(
        _ parameters: [String: String],
        allowed: Set<String>
    ) throws(RPCError) {
        var values: [String: String] = [:]
        for (key, value) in parameters.sorted(by: { $0.key < $1.key })
        where !Self.ignored.contains(key) {
            let name = ProtoText.camelCase(key)
            guard allowed.contains(name) else {
                throw .invalid("the parameter '\(key)' is unknown here")
            }
            values[name] = value
        }
        self.values = values
    }

    /// A parameter that is not empty.
    package subscript(_ name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    package func integer(_ name: String) throws(RPCError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int32(text) else { throw .invalid("'\(name)' must be an integer") }
        return Int(number)
    }

    package func duration(_ name: String) throws(RPCError) -> Duration? {
        guard let text = self[name] else { return nil }
        guard let duration = ProtoText.duration(text) else {
            throw .invalid("'\(name)' must be a duration in seconds, as 30s")
        }
        return duration
    }

    package func word(_ name: String, of schema: EnumSchema) throws(RPCError) -> String? {
        guard let text = self[name] else { return nil }
        guard let word = schema.word(text) else {
            throw .invalid("'\(name)' must be one of \(schema.words.joined(separator: ", "))")
        }
        return word
    }
}

/// One page of a list, and how to ask for the next one.
///
/// The token is the last key that was answered, so pages neither repeat nor leave out what stays in
/// the list meanwhile.
package enum Page {
    static let defaultSize = 200
    static let maximumSize = 1000

    /// `items` are in ascending order of their keys.
    static func answer<Item>(
        _ collection: String,
        _ items: [(key: String, item: Item)],
        _ query: Query,
        render: (Item) -> JSONValue
    ) throws(RPCError) -> JSONValue {
        let size = try query.integer("pageSize") ?? 0
        guard size >= 0 else { throw .invalid("'pageSize' must not be negative") }
        let count = size == 0 ? defaultSize : min(size, maximumSize)
        var rest = items[...]
        if let token = query["pageToken"] {
            guard let after = key(of: token) else { throw .invalid("'pageToken' is none of ours") }
            rest = rest.drop { $0.key <= after }
        }
        let page = rest.prefix(count)
        let next =
            page.count < rest.count ? page.last.map { JSONValue.string(token(of: $0.key)) } : nil
        return .make([
            collection: page.isEmpty ? nil : .array(page.map { render($0.item) }),
            "nextPageToken": next,
        ])
    }

    /// Hexadecimal: clients put it into a query as it is.
    private static func token(of key: String) -> String {
        key.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static func key(of token: String) -> String? {
        let digits = Array(token.utf8)
        guard digits.count.isMultiple(of: 2), !digits.isEmpty else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index..<index + 2], as: UTF8.self)
            guard let byte = UInt8(pair, radix: 16) else { return nil }
            bytes.append(byte)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
