import Base

/// Numbers, times and foreign text as people read them.
package enum Text {
    /// With commas: `1,234,567`.
    package static func grouped(_ number: Int64) -> String {
        var text = ""
        for (index, digit) in String(number.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + String(text.reversed())
    }

    /// `0.4 s`, `12.3 s`, `4:05`, `1:02:03`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "-" }
        let tenths = Int64((max(0, seconds) * 10).rounded())
        guard tenths >= 600 else { return "\(tenths / 10).\(tenths % 10) s" }
        let whole = tenths / 10
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        guard hours > 0 else { return "\(minutes):\(rest.padded(to: 2))" }
        return "\(hours):\(minutes.padded(to: 2)):\(rest.padded(to: 2))"
    }

    /// A time of the API without the fraction of its second: `2026-11-23 20:08:10Z`.
    package static func time(_ rfc3339: String?) -> String? {
        guard let rfc3339, rfc3339.utf8.count >= 20, rfc3339.hasSuffix("Z") else { return rfc3339 }
        let seconds = rfc3339.prefix(19)
        return seconds.prefix(10) + " " + seconds.dropFirst(11) + "Z"
    }

    /// The seconds from one time of the API to another; nil where one is no such time.
    package static func seconds(from start: String?, to end: String?) -> Double? {
        guard let start = start.flatMap(microseconds), let end = end.flatMap(microseconds) else {
            return nil
        }
        return Double(end - start) / 1e6
    }

    /// Microseconds since 1970 of `YYYY-MM-DDThh:mm:ss[.ffffff]Z`.
    private static func microseconds(_ rfc3339: String) -> Int64? {
        let parts = rfc3339.split { !("0"..."9").contains($0) }
        guard rfc3339.hasSuffix("Z"), parts.count == 6 || parts.count == 7 else { return nil }
        let numbers = parts.prefix(6).compactMap { Int64($0) }
        guard numbers.count == 6, numbers.allSatisfy({ $0 < 10_000 }) else { return nil }
        let fraction = parts.count == 7 ? parts[6].prefix(6) : "0"
        let padded = fraction + String(repeating: "0", count: 6 - fraction.count)
        guard let micros = Int64(padded) else { return nil }
        let days = daysSinceEpoch(numbers[0], numbers[1], numbers[2])
        let seconds = ((days * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5]
        return seconds * 1_000_000 + micros
    }

    /// The inverse of `CivilDate`: years are counted from March, so that the leap day ends one.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shiftedYear.flooredDivision(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Foreign text made safe for a terminal: no control character reaches it.
    package static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control
            result.unicodeScalars.append(isControl ? " " : scalar)
        }
        return result
    }
}
