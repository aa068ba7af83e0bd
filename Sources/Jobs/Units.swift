import Base

/// Numbers with units as users write them: `500ms`, `16MiB`.
///
/// A unit is never guessed: `30` could be seconds or milliseconds, and `16MB` two sizes.
package enum Units {
    private static let durations: [(suffix: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
        ("s", 1_000_000_000), ("ms", 1_000_000),
    ]

    private static let sizes: [(suffix: String, bytes: Int64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    /// Digits behind the point of a duration; a nanosecond is the resolution anyway.
    private static let fractionDigits = 9

    /// A time such as `500ms`, `0.1s`, `10m`, `1h` or `90d`.
    static func duration(_ text: String) throws(ValueProblem) -> Duration {
        let (number, suffix) = split(text)
        let wrong = ValueProblem(
            message:
                "must be a time with its unit, such as 500ms, 2s, 10m, 1h or 90d, not '\(text)'"
        )
        guard let unit = durations.first(where: { $0.suffix == suffix })?.nanoseconds,
            let value = scaled(number, by: unit)
        else { throw wrong }
        return .nanoseconds(value)
    }

    /// The same for command lines; nil where the text is no time.
    package static func time(_ text: String) -> Duration? {
        do throws(ValueProblem) {
            return try duration(text)
        } catch {
            return nil
        }
    }

    /// A size in whole binary units, such as `512B`, `64KiB`, `16MiB` or `1GiB`.
    static func size(_ text: String) throws(ValueProblem) -> Int64 {
        let (number, suffix) = split(text)
        guard let unit = sizes.first(where: { $0.suffix == suffix })?.bytes,
            !number.contains("."), let value = scaled(number, by: unit)
        else {
            throw ValueProblem(
                message: "must be a whole size with its unit, such as 512B, 64KiB, 16MiB or 1GiB, "
                    + "not '\(text)'"
            )
        }
        return value
    }

    /// The shortest text that `duration` reads as the same value.
    static func text(_ duration: Duration) -> String {
        let value = duration.nanoseconds
        if value == 0 { return "0s" }
        if let unit = durations.first(where: { value % $0.nanoseconds == 0 }) {
            return "\(value / unit.nanoseconds)\(unit.suffix)"
        }
        let fraction = (value % 1_000_000_000).padded(to: fractionDigits)
        return "\(value / 1_000_000_000).\(fraction)s"
    }

    /// The shortest text that `size` reads as the same value.
    static func text(sizeBytes value: Int64) -> String {
        guard value != 0, let unit = sizes.first(where: { value % $0.bytes == 0 }) else {
            return "\(value)B"
        }
        return "\(value / unit.bytes)\(unit.suffix)"
    }

    private static func split(_ text: String) -> (number: Substring, suffix: Substring) {
        let number = text.prefix { ("0"..."9").contains($0) || $0 == "." }
        return (number, text[number.endIndex...])
    }

    /// `digits[.digits]` times `unit`; nil for other text and beyond 64 bits.
    private static func scaled(_ number: Substring, by unit: Int64) -> Int64? {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, let whole = Int64(first) else {
            return nil
        }
        let product = whole.multipliedReportingOverflow(by: unit)
        guard !product.overflow else { return nil }
        guard parts.count == 2 else { return product.partialValue }
        guard parts[1].count <= fractionDigits, var fraction = Int64(parts[1]) else { return nil }
        for _ in parts[1].count..<fractionDigits { fraction *= 10 }
        // At most 10^9 of 10^9 parts of a day in nanoseconds: 128 bits, then within `unit`.
        let wide = unit.multipliedFullWidth(by: fraction)
        let part = Int64(1_000_000_000).dividingFullWidth(wide).quotient
        let sum = product.partialValue.addingReportingOverflow(part)
        return sum.overflow ? nil : sum.partialValue
    }
}
