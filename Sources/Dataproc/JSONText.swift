/// Why a text is not JSON, and where.
package struct JSONTextError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// Reads and writes JSON texts (RFC 8259).
///
/// Stricter than that where two programs could read one text differently: a key that comes twice is
/// refused, as are lone surrogates.
package enum JSONText {
    /// Levels of nesting that a text may have; requests of the API have ten.
    package static let depthLimit = 64

    package static func parse(_ bytes: [UInt8]) throws(JSONTextError) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw JSONTextError(description: "the text is not UTF-8")
        }
        var parser = JSONParser(bytes: bytes)
        return try parser.document()
    }

    /// The text, with sorted keys, so that texts can be compared.
    package static func bytes(of value: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        write(value, to: &bytes)
        return bytes
    }

    private static func write(_ value: JSONValue, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .number(let text): bytes += text.utf8
        case .string(let text): write(text, to: &bytes)
        case .array(let list):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in list.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(element, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let fields):
            bytes.append(UInt8(ascii: "{"))
            for (index, key) in fields.keys.sorted().enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                write(fields[key] ?? .null, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            // What could end a script element, where a page embeds the text.
            case ..<0x20, UInt8(ascii: "<"):
                bytes += "\\u00".utf8
                bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// Takes one text apart.
private struct JSONParser {
    let bytes: [UInt8]
    private var place = 0
    private var depth = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONTextError) -> JSONValue {
        let value = try value()
        skipBlanks()
        guard place == bytes.count else { throw problem("something stands behind the value") }
        return value
    }

    private func problem(_ text: String) -> JSONTextError {
        JSONTextError(description: "not JSON at byte \(place): \(text)")
    }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            place += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard next == byte else { return false }
        place += 1
        return true
    }

    private mutating func value() throws(JSONTextError) -> JSONValue {
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            return try number()
        default: throw problem("a value is missing")
        }
    }

    private mutating func word(
        _ text: String,
        _ value: JSONValue
    ) throws(JSONTextError) -> JSONValue {
        guard bytes[place...].starts(with: text.utf8) else { throw problem("an unknown word") }
        place += text.utf8.count
        return value
    }

    private mutating func enter() throws(JSONTextError) {
        place += 1
        depth += 1
        guard depth <= JSONText.depthLimit else {
            throw problem("more than \(JSONText.depthLimit) levels of nesting")
        }
    }

    private mutating func object() throws(JSONTextError) -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var fields: [String: JSONValue] = [:]
        guard !take(UInt8(ascii: "}")) else { return .object(fields) }
        repeat {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw problem("a key is missing") }
            let key = try string()
            guard take(UInt8(ascii: ":")) else { throw problem("a colon is missing") }
            guard fields.updateValue(try value(), forKey: key) == nil else {
                throw problem("a key comes twice")
            }
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw problem("a closing brace is missing") }
        return .object(fields)
    }

    private mutating func array() throws(JSONTextError) -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var list: [JSONValue] = []
        guard !take(UInt8(ascii: "]")) else { return .array(list) }
        repeat { list.append(try value()) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw problem("a closing bracket is missing") }
        return .array(list)
    }

    /// Section 6: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
    private mutating func number() throws(JSONTextError) -> JSONValue {
        let start = place
        if next == UInt8(ascii: "-") { place += 1 }
        let isZero = next == UInt8(ascii: "0")
        let count = try digits()
        guard !isZero || count == 1 else { throw problem("a number with a leading zero") }
        if next == UInt8(ascii: ".") {
            place += 1
            _ = try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            place += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { place += 1 }
            _ = try digits()
        }
        return .number(String(decoding: bytes[start..<place], as: UTF8.self))
    }

    private mutating func digits() throws(JSONTextError) -> Int {
        let start = place
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { place += 1 }
        guard place > start else { throw problem("a digit is missing") }
        return place - start
    }

    private mutating func string() throws(JSONTextError) -> String {
        place += 1
        var text: [UInt8] = []
        while let byte = next {
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escape()
            case ..<0x20: throw problem("a control character in a string")
            default: text.append(byte)
            }
        }
        throw problem("a string is not closed")
    }

    private mutating func escape() throws(JSONTextError) -> [UInt8] {
        guard let byte = next else { throw problem("a string is not closed") }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return try scalar()
        default: throw problem("an unknown escape")
        }
    }

    /// Behind `\u`: a scalar, or a pair of surrogates with the second `\u` between them.
    private mutating func scalar() throws(JSONTextError) -> [UInt8] {
        var code = try hexadecimal()
        if (0xD800..<0xDC00).contains(code), bytes[place...].starts(with: "\\u".utf8) {
            place += 2
            let low = try hexadecimal()
            guard (0xDC00..<0xE000).contains(low) else { throw problem("half a surrogate pair") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw problem("half a surrogate pair") }
        return Array(String(scalar).utf8)
    }

    private mutating func hexadecimal() throws(JSONTextError) -> UInt32 {
        let digits = bytes[place...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw problem("four hexadecimal digits are missing") }
        place += 4
        return code
    }
}
