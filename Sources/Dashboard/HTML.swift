/// A piece of HTML in which everything that was put in is text.
///
/// Literals are markup, and only literals can be: they are `StaticString`, so nothing that comes
/// from outside becomes one. Interpolated strings are escaped, for content as well as for attributes
/// in double quotes; interpolated HTML stays what it is.
package struct HTML: Sendable, Equatable, ExpressibleByStringInterpolation {
    package private(set) var text: String

    package init(stringLiteral value: StaticString) { text = value.description }

    package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    package static let empty: HTML = ""

    package static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.text += right.text
        return sum
    }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity)
        }

        package mutating func appendLiteral(_ literal: StaticString) {
            literal.withUTF8Buffer { text += String(decoding: $0, as: UTF8.self) }
        }

        package mutating func appendInterpolation(_ value: String) { text += escaped(value) }

        package mutating func appendInterpolation(_ value: String?) { text += escaped(value ?? "") }

        /// A number as it stands in an attribute; people read ``Text/grouped(_:)``.
        package mutating func appendInterpolation(_ value: some BinaryInteger) {
            text += "\(value)"
        }

        /// A coordinate, to a tenth.
        package mutating func appendInterpolation(_ value: Double) {
            let tenths = Int64((value * 10).rounded())
            text += tenths < 0 ? "-" : ""
            text += "\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
        }

        /// A part of a hundred, to a hundredth.
        package mutating func appendInterpolation(hundredths value: Double) {
            let hundredths = Int64((max(0, value) * 100).rounded())
            let rest = hundredths % 100
            text += "\(hundredths / 100).\(rest / 10)\(rest % 10)"
        }

        package mutating func appendInterpolation(_ value: HTML) { text += value.text }

        package mutating func appendInterpolation(_ values: [HTML]) {
            for value in values { text += value.text }
        }
    }
}

/// The text with everything replaced that means something in HTML.
private func escaped(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "&"): bytes += "&amp;".utf8
        case UInt8(ascii: "<"): bytes += "&lt;".utf8
        case UInt8(ascii: ">"): bytes += "&gt;".utf8
        case UInt8(ascii: "\""): bytes += "&quot;".utf8
        case UInt8(ascii: "'"): bytes += "&#39;".utf8
        // Browsers take a NUL for a replacement character, and parsers of SVG for an end.
        case 0: bytes += "\u{fffd}".utf8
        default: bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
