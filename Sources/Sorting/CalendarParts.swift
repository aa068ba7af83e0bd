/// Year, month and day of a date, in the proleptic Gregorian calendar.
///
/// Howard Hinnant's `civil_from_days`: http://howardhinnant.github.io/date_algorithms.html
struct CalendarParts {
    let year: Int64
    /// 1 to 12.
    let month: Int64
    /// 1 to 31.
    let day: Int64

    static let microsecondsPerDay: Int64 = 86_400_000_000

    init(daysSince1970 days: Int64) {
        // Years begin in March here, so that a leap day is the last day of one.
        let shifted = days + 719_468
        let era = Self.floorDivided(shifted, by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * month + 2) / 5 + 1
        self.month = month < 10 ? month + 3 : month - 9
        year = yearOfEra + era * 400 + (self.month <= 2 ? 1 : 0)
    }

    init(microsecondsSince1970 microseconds: Int64) {
        self.init(
            daysSince1970: Self.floorDivided(microseconds, by: Self.microsecondsPerDay)
        )
    }

    private static func floorDivided(_ value: Int64, by divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}
