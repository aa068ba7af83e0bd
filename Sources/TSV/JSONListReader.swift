import CShims

/// Reads RFC 8259 arrays of strings and decodes their escapes in place.
///
/// A field is always followed by a control character (tab, newline or a stripped CR), which ends
/// every search for the end of a string.
struct JSONListReader {
    let text: UnsafeMutablePointer<UInt8>

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
    private static let comma = UInt8(ascii: ",")
    private static let open = UInt8(ascii: "[")
    private static let close = UInt8(ascii: "]")

    /// Elements found between two offsets; -1 where that is not an array of strings.
    @inline(__always)
    func read(_ start: Int, _ end: Int, into ranges: RangeWriter, at index: Int) -> Int {
        var offset = skipBlanks(start, end)
        guard offset < end, text[offset] == Self.open else { return -1 }
        offset = skipBlanks(offset + 1, end)
        if offset < end, text[offset] == Self.close {
            return skipBlanks(offset + 1, end) == end ? 0 : -1
        }
        var count = 0
        while true {
            guard offset < end, text[offset] == Self.quote else { return -1 }
            let first = offset + 1
            var last = special(first)
            offset = last
            if text[last] != Self.quote {
                guard let decoded = decode(from: last, end) else { return -1 }
                (last, offset) = decoded
            }
            ranges.store(
                from: UInt32(truncatingIfNeeded: first),
                to: UInt32(truncatingIfNeeded: last),
                at: index &+ count
            )
            count &+= 1
            offset = skipBlanks(offset + 1, end)
            guard offset < end else { return -1 }
            if text[offset] == Self.close {
                return skipBlanks(offset + 1, end) == end ? count : -1
            }
            guard text[offset] == Self.comma else { return -1 }
            offset = skipBlanks(offset + 1, end)
        }
    }

    /// The next quote, backslash or control character.
    @inline(__always)
    private func special(_ start: Int) -> Int {
        var offset = start
        while true {
            let mask = shim_json_special32(text + offset)
            if mask != 0 { return offset + mask.trailingZeroBitCount }
            offset += 32
        }
    }

    @inline(__always)
    private func skipBlanks(_ start: Int, _ end: Int) -> Int {
        var offset = start
        while offset < end, text[offset] <= 0x20, Self.isBlank(text[offset]) { offset += 1 }
        return offset
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    /// Decodes the rest of a string from its first backslash on.
    ///
    /// Returns the end of the decoded text and the place of the closing quote; nil where the string
    /// is not valid. No escape is shorter than what it stands for.
    @inline(never)
    private func decode(from start: Int, _ end: Int) -> (textEnd: Int, quote: Int)? {
        var target = start
        var source = start
        while source < end {
            let next = special(source)
            while source < next {
                text[target] = text[source]
                target += 1
                source += 1
            }
            guard source < end else { return nil }
            if text[source] == Self.quote { return (target, source) }
            guard text[source] == Self.backslash, source + 1 < end,
                let (scalar, length) = escape(source + 1, end)
            else { return nil }
            source += 1 + length
            for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                text[target] = byte
                target += 1
            }
        }
        return nil
    }

    /// What stands behind a backslash, and how many bytes it takes: RFC 8259 section 7.
    private func escape(_ offset: Int, _ end: Int) -> (Unicode.Scalar, length: Int)? {
        switch text[offset] {
        case Self.quote: ("\"", 1)
        case Self.backslash: ("\\", 1)
        case UInt8(ascii: "/"): ("/", 1)
        case UInt8(ascii: "b"): ("\u{8}", 1)
        case UInt8(ascii: "f"): ("\u{c}", 1)
        case UInt8(ascii: "n"): ("\n", 1)
        case UInt8(ascii: "r"): ("\r", 1)
        case UInt8(ascii: "t"): ("\t", 1)
        case UInt8(ascii: "u"): unicodeEscape(offset + 1, end)
        default: nil
        }
    }

    private func unicodeEscape(_ offset: Int, _ end: Int) -> (Unicode.Scalar, length: Int)? {
        guard let unit = hexadecimalUnit(offset, end) else { return nil }
        if let scalar = Unicode.Scalar(unit) { return (scalar, 5) }
        // A surrogate: only a pair of a high and a low one stands for a character.
        guard unit < 0xDC00, offset + 6 <= end, text[offset + 4] == Self.backslash,
            text[offset + 5] == UInt8(ascii: "u"),
            let low = hexadecimalUnit(offset + 6, end), (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        else { return nil }
        return (scalar, 11)
    }

    private func hexadecimalUnit(_ offset: Int, _ end: Int) -> UInt32? {
        guard offset + 4 <= end else { return nil }
        var unit: UInt32 = 0
        for index in offset..<offset + 4 {
            let digit: UInt8
            switch text[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = text[index] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = text[index] - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = text[index] - UInt8(ascii: "A") + 10
            default: return nil
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}
