/// Rows of tab-separated text under construction.
struct RowText {
    var bytes: [UInt8] = []

    mutating func header(_ columns: [String]) {
        bytes += columns.joined(separator: "\t").utf8
        newline()
    }

    mutating func tab() { bytes.append(UInt8(ascii: "\t")) }
    mutating func newline() { bytes.append(UInt8(ascii: "\n")) }
    mutating func null() { append("\\N") }

    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ text: [UInt8]) { bytes.append(contentsOf: text) }

    mutating func append(_ number: Int) { append(number, width: 1) }

    /// Decimal digits with leading zeros up to `width`; never negative.
    mutating func append(_ number: Int, width: Int) {
        let start = bytes.count
        var rest = number
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        while bytes.count - start < width { bytes.append(UInt8(ascii: "0")) }
        bytes[start...].reverse()
    }

    /// As in `tt0000001`: at least seven digits.
    mutating func append(identifier prefix: StaticString, _ number: Int) {
        append(prefix)
        append(number, width: 7)
    }
}
