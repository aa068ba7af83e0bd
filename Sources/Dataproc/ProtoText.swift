package import Base

/// Texts that stand for other types in the JSON form of protocol buffers
/// (protobuf.dev/programming-guides/json).
package enum ProtoText {
    /// `"30s"`, `"1.5s"`: seconds with up to nine digits behind the point.
    package static func duration(_ text: String) -> Duration? {
        guard text.hasSuffix("s") else { return nil }
        let isNegative = text.hasPrefix("-")
        let number = text.dropLast().dropFirst(isNegative ? 1 : 0)
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let seconds = digits(parts[0], 1...12),
            seconds <= 9_000_000_000
        else { return nil }
        var nanoseconds: Int64 = 0
        if parts.count == 2 {
            guard let fraction = digits(parts[1], 1...9) else { return nil }
            nanoseconds = (parts[1].count..<9).reduce(fraction) { value, _ in value * 10 }
        }
        let total = Duration.seconds(seconds) + .nanoseconds(nanoseconds)
        return isNegative ? .zero - total : total
    }

    package static func text(_ duration: Duration) -> String {
        let total = duration.nanoseconds
        let (seconds, rest) = total.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        var fraction = rest == 0 ? "" : "." + Int64(rest).padded(to: 9)
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return (total < 0 ? "-" : "") + "\(seconds)\(fraction)s"
    }

    /// RFC 3339 with `T` and `Z` or an offset: `2026-11-23T20:08:10.123456Z`.
    package static func timestamp(_ text: String) -> WallTime? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"),
            let year = field(bytes, 0..<4), (1...9999).contains(year),
            let month = field(bytes, 5..<7), (1...12).contains(month),
            let day = field(bytes, 8..<10), (1...31).contains(day),
            let hour = field(bytes, 11..<13), hour < 24,
            let minute = field(bytes, 14..<16), minute < 60,
            let second = field(bytes, 17..<19), second < 60,
            let days = daysSinceEpoch(year, month, day)
        else { return nil }
        var rest = bytes[19...]
        var fraction: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            let found = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= $0 }
            guard (1...9).contains(found.count) else { return nil }
            let six = (String(decoding: found, as: UTF8.self) + "00000").prefix(6)
            fraction = Int64(six) ?? 0
            rest = rest.dropFirst(1 + found.count)
        }
        guard let offset = offset(rest) else { return nil }
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        return WallTime(microseconds: seconds * 1_000_000 + fraction)
    }

    /// `workerConfig.numInstances` as `worker_config.num_instances`.
    package static func snakeCase(_ text: String) -> String {
        var result = ""
        for character in text {
            if character.isASCII, character.isUppercase {
                result += "_" + character.lowercased()
            } else {
                result.append(character)
            }
        }
        return result
    }

    /// `num_instances` as `numInstances`.
    package static func camelCase(_ text: String) -> String {
        var result = ""
        var isUpper = false
        for character in text {
            if character == "_" {
                isUpper = !result.isEmpty
            } else {
                result += isUpper ? character.uppercased() : String(character)
                isUpper = false
            }
        }
        return result
    }

    /// Seconds east of Greenwich; 0 for `Z`.
    private static func offset(_ text: ArraySlice<UInt8>) -> Int64? {
        let bytes = Array(text)
        if bytes == [UInt8(ascii: "Z")] { return 0 }
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"),
            bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            let hours = field(bytes, 1..<3), hours < 24, let minutes = field(bytes, 4..<6),
            minutes < 60
        else { return nil }
        return (bytes[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 3600 + minutes * 60)
    }

    /// The inverse of ``CivilDate``; nil for a day that the month does not have.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64? {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredDivision(by: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let yearOfEra = era.remainder
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era.quotient * 146_097 + dayOfEra - 719_468
        let date = CivilDate(daysSinceEpoch: days)
        return date.month == month && date.day == day ? days : nil
    }

    private static func field(_ bytes: [UInt8], _ range: Range<Int>) -> Int64? {
        digits(String(decoding: bytes[range], as: UTF8.self), range.count...range.count)
    }

    private static func digits(_ text: some StringProtocol, _ count: ClosedRange<Int>) -> Int64? {
        guard count.contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= $0 })
        else { return nil }
        return Int64(text)
    }
}
