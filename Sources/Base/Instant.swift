/// A point on the monotonic clock, in nanoseconds since an arbitrary start.
///
/// Never a wall clock time: deadlines and leases must not move when somebody sets the clock.
package struct Instant: Hashable, Comparable, Sendable {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func + (instant: Self, duration: Duration) -> Self {
        Instant(nanoseconds: instant.nanoseconds + duration.nanoseconds)
    }

    /// The time from `right` to `left`.
    package static func - (left: Self, right: Self) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }
}

extension Duration {
    /// The whole duration in nanoseconds; traps beyond 292 years.
    package var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }

    /// The duration in seconds, for people and for JSON.
    package var seconds: Double { Double(nanoseconds) / 1e9 }

    /// Twice as long so many times, as waits between tries are, but never longer than `limit`.
    package func doubled(_ times: Int, upTo limit: Duration) -> Duration {
        // Further doublings would overflow; a wait that makes sense has met its limit by then.
        min(self * (1 << min(max(times, 0), 20)), limit)
    }
}

/// A point of wall clock time in microseconds since 1970-01-01T00:00:00Z.
///
/// For records, and for what other machines judge by their clocks, as certificates; for no other
/// decision.
package struct WallTime: Hashable, Comparable, Sendable {
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package static func < (left: Self, right: Self) -> Bool {
        left.microseconds < right.microseconds
    }

    package static func + (time: Self, duration: Duration) -> Self {
        WallTime(microseconds: time.microseconds + duration.nanoseconds / 1000)
    }

    package static func - (time: Self, duration: Duration) -> Self {
        WallTime(microseconds: time.microseconds - duration.nanoseconds / 1000)
    }

    /// The time from `right` to `left`.
    package static func - (left: Self, right: Self) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }

    /// RFC 3339 with `Z` and microseconds, as in `2026-11-23T20:08:10.123456Z`.
    package var rfc3339: String { text(separator: "T", suffix: "Z") }

    /// As DuckLake writes a `TIMESTAMPTZ` into SQLite: `2026-11-23 20:10:52.184430+00`.
    package var sqlText: String { text(separator: " ", suffix: "+00") }

    private func text(separator: String, suffix: String) -> String {
        let (day, rest) = microseconds.flooredDivision(by: 86_400_000_000)
        let date = CivilDate(daysSinceEpoch: day)
        let seconds = rest / 1_000_000
        let time = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { $0.padded(to: 2) }
        return date.description + separator + time.joined(separator: ":") + "."
            + (rest % 1_000_000).padded(to: 6) + suffix
    }
}

/// A day of the proleptic Gregorian calendar.
package struct CivilDate: Hashable, Sendable, CustomStringConvertible {
    package let year: Int64
    package let month: Int64
    package let day: Int64

    /// Days since 1970-01-01; the algorithm counts from 0000-03-01, so that the leap day ends a year.
    package init(daysSinceEpoch days: Int64) {
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    package var description: String {
        "\(year.padded(to: 4))-\(month.padded(to: 2))-\(day.padded(to: 2))"
    }
}

extension Int64 {
    /// Quotient rounded towards minus infinity, and the remainder that is never negative.
    package func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// Decimal digits with leading zeros up to `width`; a sign stands in front of them.
    package func padded(to width: Int) -> String {
        let digits = String(magnitude)
        let zeros = String(repeating: "0", count: Swift.max(0, width - digits.count))
        return (self < 0 ? "-" : "") + zeros + digits
    }
}
