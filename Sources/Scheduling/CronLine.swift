package import Base

/// When something is to be done again and again: five fields of minutes, hours, days, months and days
/// of the week, as crontab(5) has them, in UTC.
///
/// ```
/// 0 3 * * 1        Mondays at 3
/// */15 8-18 * * *  every quarter of an hour in the daytime
/// 30 6 1,15 * *    the first and the fifteenth of each month
/// ```
///
/// Where both kinds of days are restricted, one of them is enough, as cron has it.
package struct CronLine: Sendable, Equatable, CustomStringConvertible {
    package let description: String
    private let minutes: Set<Int>
    private let hours: Set<Int>
    private let days: Set<Int>
    private let months: Set<Int>
    /// From 0, Sunday.
    private let weekdays: Set<Int>
    private let restrictsDays: Bool
    private let restrictsWeekdays: Bool

    package init(_ text: String) throws(CronError) {
        let fields = text.split(separator: " ")
        guard fields.count == 5, text.utf8.count <= 256 else { throw .fields(text) }
        minutes = try Self.values(fields[0], "minute", 0...59)
        hours = try Self.values(fields[1], "hour", 0...23)
        days = try Self.values(fields[2], "day", 1...31)
        months = try Self.values(fields[3], "month", 1...12)
        let weekdays = try Self.values(fields[4], "day of the week", 0...7)
        self.weekdays = Set(weekdays.map { $0 % 7 })
        restrictsDays = fields[2] != "*"
        restrictsWeekdays = fields[4] != "*"
        description = fields.joined(separator: " ")
        // 2000-03-01 and the eight years after it hold every kind of year.
        guard firesWithinEightYears else { throw .never(description) }
    }

    /// The first minute after `time` at which it is due.
    package func next(after time: WallTime) -> WallTime {
        var minute = time.microseconds.flooredDivision(by: Self.minute).quotient + 1
        while true {
            let (day, minuteOfDay) = minute.flooredDivision(by: 1440)
            guard isDay(day) else {
                minute = (day + 1) * 1440
                continue
            }
            let (hour, rest) = (Int(minuteOfDay / 60), Int(minuteOfDay % 60))
            guard hours.contains(hour) else {
                minute += Int64(60 - rest)
                continue
            }
            if minutes.contains(rest) { return WallTime(microseconds: minute * Self.minute) }
            minute += 1
        }
    }

    private static let minute: Int64 = 60_000_000

    private func isDay(_ day: Int64) -> Bool {
        let date = CivilDate(daysSinceEpoch: day)
        guard months.contains(Int(date.month)) else { return false }
        let isDay = days.contains(Int(date.day))
        // 1970-01-01 was a Thursday.
        let isWeekday = weekdays.contains(Int((day + 4).flooredDivision(by: 7).remainder))
        return restrictsDays && restrictsWeekdays ? isDay || isWeekday : isDay && isWeekday
    }

    /// The 30th of February never comes, and the 29th at most eight years later.
    private var firesWithinEightYears: Bool {
        let start: Int64 = 11_017
        return (start..<start + 8 * 366).contains { isDay($0) }
    }

    /// The values of one field: `*`, numbers, ranges, steps, and lists of these.
    private static func values(
        _ field: Substring,
        _ name: String,
        _ bounds: ClosedRange<Int>
    ) throws(CronError) -> Set<Int> {
        var values: Set<Int> = []
        for part in field.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: "/", omittingEmptySubsequences: false)
            guard (1...2).contains(halves.count) else { throw .value(String(part), name, bounds) }
            let step = halves.count == 2 ? number(halves[1]) : 1
            guard let step, step > 0,
                let range = range(halves[0], bounds, isStepped: halves.count == 2)
            else { throw .value(String(part), name, bounds) }
            values.formUnion(stride(from: range.lowerBound, through: range.upperBound, by: step))
        }
        return values
    }

    private static func range(
        _ text: Substring,
        _ bounds: ClosedRange<Int>,
        isStepped: Bool
    ) -> ClosedRange<Int>? {
        if text == "*" { return bounds }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let first = ends.first.flatMap(number), bounds.contains(first) else { return nil }
        switch ends.count {
        case 1: return first...(isStepped ? bounds.upperBound : first)
        case 2:
            guard let last = number(ends[1]), bounds.contains(last), last >= first else {
                return nil
            }
            return first...last
        default: return nil
        }
    }

    private static func number(_ text: Substring) -> Int? {
        guard (1...2).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return Int(text)
    }
}

/// Why a text is no line of a schedule.
package enum CronError: Error, Equatable, Sendable, CustomStringConvertible {
    case fields(String)
    case value(String, String, ClosedRange<Int>)
    case never(String)

    package var description: String {
        switch self {
        case .fields(let text):
            "'\(text)' is no cron line: minute, hour, day, month and day of the week, as in '0 3 * * 1'"
        case .value(let text, let name, let bounds):
            "'\(text)' is no \(name): *, numbers from \(bounds.lowerBound) to \(bounds.upperBound), "
                + "ranges, steps such as */5, and lists of these"
        case .never(let text): "'\(text)' never comes: no month has such a day"
        }
    }
}
