/// Foreign text in logs: what others chose must not look like lines of ours, nor steer a terminal.
enum LogText {
    /// The text with everything invisible spelled out, as in `\u{1B}`; newlines become blanks.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { !isShown($0) }) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if isShown(scalar) {
                result.unicodeScalars.append(scalar)
            } else if scalar == "\n" {
                result += " "
            } else {
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            }
        }
    }

    /// Bytes of an input in quotes; those that are not UTF-8 as in `\xFF`.
    static func quoted(_ bytes: [UInt8]) -> String {
        var text = ""
        var rest = bytes[...]
        while !rest.isEmpty {
            var decoder = UTF8()
            var iterator = rest.makeIterator()
            if case .scalarValue(let scalar) = decoder.decode(&iterator) {
                let isSpecial = scalar == "\"" || scalar == "\\"
                text += isSpecial ? "\\\(scalar)" : scalar == "\n" ? "\\n" : escaped(String(scalar))
                rest = rest.dropFirst(UTF8.width(scalar))
            } else {
                text += "\\x" + String(rest.removeFirst(), radix: 16, uppercase: true)
            }
        }
        return "\"\(text)\""
    }

    /// Whether people see it as it is: controls, line ends and changes of direction are not seen.
    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x20..<0x7F).contains(scalar.value) }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
            return false
        default: return true
        }
    }
}
