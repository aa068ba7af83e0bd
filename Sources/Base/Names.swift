/// The rule for names of jobs, tables, columns in SQL, pools: failure-model.md section 4.
package enum Names {
    /// Whether `text` matches `^[a-z][a-z0-9_]{0,62}$`.
    package static func isValid(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 63, isLowercase(first) else { return false }
        return bytes.allSatisfy { isLowercase($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    /// The same rule with hyphens among the letters, as clouds name clusters, pools and machines.
    package static func isValidHyphenated(_ text: some StringProtocol) -> Bool {
        isValid(String(text.map { $0 == "-" ? "_" : $0 }))
    }

    private static func isLowercase(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// Lowercase hexadecimal of a run of bytes.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
