/// A value of SQLite's five storage classes: https://sqlite.org/datatype3.html.
package enum Value: Hashable, Sendable {
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
    case null
}

extension Value: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral
{
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .real(value) }
    package init(stringLiteral value: String) { self = .text(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(nilLiteral: ()) { self = .null }

    /// SQLite has no truth values; 1 and 0 stand for them.
    package static func boolean(_ value: Bool) -> Value { .integer(value ? 1 : 0) }

    /// The integer, or NULL for nil.
    package static func optional(_ value: Int64?) -> Value { value.map { .integer($0) } ?? .null }

    /// The text, or NULL for nil.
    package static func optional(_ value: String?) -> Value { value.map { .text($0) } ?? .null }
}
