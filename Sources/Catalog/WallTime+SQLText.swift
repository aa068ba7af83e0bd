import Base

extension WallTime {
    /// Reads `YYYY-MM-DD hh:mm:ss[.ffffff](Z|±hh[:mm])`, as catalogs spell a `TIMESTAMPTZ`.
    ///
    /// Nil for any other text, and for fields out of range.
    init?(sqlText: String) {
        var rest = Substring(sqlText)
        guard let year = rest.takeNumber(digits: 4), rest.take("-"),
            let month = rest.takeNumber(digits: 2), rest.take("-"),
            let day = rest.takeNumber(digits: 2), rest.take(" ") || rest.take("T"),
            let hour = rest.takeNumber(digits: 2), rest.take(":"),
            let minute = rest.takeNumber(digits: 2), rest.take(":"),
            let second = rest.takeNumber(digits: 2)
        else { return nil }
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        var fraction: Int64 = 0
        if rest.take(".") {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard (1...6).contains(digits.count), let number = Int64(digits) else { return nil }
            fraction = (digits.count..<6).reduce(number) { value, _ in value * 10 }
            rest = rest.dropFirst(digits.count)
        }
        guard let offset = rest.takeOffsetSeconds(), rest.isEmpty else { return nil }
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - offset
        self.init(microseconds: seconds * 1_000_000 + fraction)
    }

    /// The inverse of `CivilDate(daysSinceEpoch:)`; years begin in March, so that a leap day ends one.
    private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shiftedYear.flooredDivision(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

extension Substring {
    fileprivate mutating func take(_ prefix: String) -> Bool {
        guard hasPrefix(prefix) else { return false }
        removeFirst(prefix.count)
        return true
    }

    fileprivate mutating func takeNumber(digits count: Int) -> Int64? {
        let digits = prefix(count)
        guard digits.count == count, digits.allSatisfy({ ("0"..."9").contains($0) }) else {
            return nil
        }
        removeFirst(count)
        return Int64(digits)
    }

    /// Seconds east of UTC.
    fileprivate mutating func takeOffsetSeconds() -> Int64? {
        if take("Z") { return 0 }
        let sign: Int64 = take("-") ? -1 : 1
        guard sign < 0 || take("+"), let hours = takeNumber(digits: 2) else { return nil }
        var minutes: Int64 = 0
        if take(":") {
            guard let number = takeNumber(digits: 2) else { return nil }
            minutes = number
        }
        return sign * (hours * 60 + minutes) * 60
    }
}
