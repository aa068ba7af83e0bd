import Base
import Columns

/// Bounds of columns as the text that DuckLake keeps: docs/formats/catalog.md.
enum BoundText {
    /// The text of a bound; nil for one that readers might not take as we mean it.
    ///
    /// A bound left out only costs pruning, a wrong one gives wrong answers.
    static func text(of bound: ColumnBound, storage: ColumnStorage) -> String? {
        switch (bound, storage) {
        case (.integer(let days), .date): date(days)
        case (.integer(let microseconds), .timestamp): timestamp(microseconds)
        case (.integer(let value), _): String(value)
        case (.boolean(let value), _): value ? "1" : "0"
        // Swift writes the shortest digits that read back as the same number.
        case (.double(let value), _): value.isFinite ? String(value) : nil
        // A NUL would end the text for some readers.
        case (.text(let bytes), _):
            bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
        }
    }

    /// Whether `left` is less than `right` as values of a column; nil when that is not certain.
    static func isLess(_ left: String, _ right: String, storage: ColumnStorage) -> Bool? {
        switch storage {
        case .string, .stringList: left.utf8.lexicographicallyPrecedes(right.utf8)
        case .int32, .int64: compare(Int64(left), Int64(right))
        case .float64: compare(Double(left), Double(right))
        case .boolean: compare(truth(left), truth(right))
        case .date, .timestamp:
            // Digits of fixed places sort as text, a fraction without trailing zeros too.
            isPlainDate(left) && isPlainDate(right)
                ? left.utf8.lexicographicallyPrecedes(right.utf8) : nil
        }
    }

    /// Years that every reader spells with four digits and without an era.
    private static let plainYears: ClosedRange<Int64> = 1...9999

    private static func date(_ days: Int64) -> String? {
        let date = CivilDate(daysSinceEpoch: days)
        return plainYears.contains(date.year) ? date.description : nil
    }

    private static func timestamp(_ microseconds: Int64) -> String? {
        let day = microseconds.flooredDivision(by: 86_400_000_000).quotient
        guard date(day) != nil else { return nil }
        // As in `2026-11-23 20:10:52.184430+00`: zone and trailing zeros go.
        var text = WallTime(microseconds: microseconds).sqlText.dropLast(3)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { return String(text.dropLast()) }
        return String(text)
    }

    private static func compare<T: Comparable>(_ left: T?, _ right: T?) -> Bool? {
        guard let left, let right else { return nil }
        return left < right
    }

    private static func truth(_ text: String) -> Int? {
        switch text {
        case "1", "true": 1
        case "0", "false": 0
        default: nil
        }
    }

    /// Whether the text is of the form `dddd-dd-dd…`, without an era or zone.
    private static func isPlainDate(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else {
            return false
        }
        let others = Set("0123456789-: .".utf8)
        return bytes.allSatisfy { others.contains($0) }
    }
}
