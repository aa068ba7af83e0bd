import Base
import Testing

@Suite("Times")
struct TimeTests {
    @Test(
        "days since 1970 become dates of the proleptic Gregorian calendar",
        arguments: [
            (0, "1970-01-01"), (-1, "1969-12-31"), (11_016, "2000-02-29"), (11_017, "2000-03-01"),
            (-25_509, "1900-02-28"), (-25_508, "1900-03-01"), (20_780, "2026-11-23"),
            (-719_528, "0000-01-01"), (-719_529, "-0001-12-31"), (2_932_896, "9999-12-31"),
        ] as [(Int64, String)]
    )
    func dates(_ days: Int64, _ text: String) {
        #expect(CivilDate(daysSinceEpoch: days).description == text)
    }

    @Test("a wait is doubled up to its limit, however often")
    func doubled() {
        let waits = [-1, 0, 1, 2, 3, 63, 1 << 40].map {
            Duration.seconds(3).doubled($0, upTo: .seconds(20))
        }
        #expect(waits == [3, 3, 6, 12, 20, 20, 20].map { .seconds($0) })
        #expect(Duration.zero.doubled(5, upTo: .seconds(20)) == .zero)
    }

    @Test("the day after is the next date over eight hundred years")
    func datesFollowEachOther() {
        var previous = CivilDate(daysSinceEpoch: -150_000)
        for day in Int64(-149_999)...150_000 {
            let date = CivilDate(daysSinceEpoch: day)
            let isNextDay = date.day == previous.day + 1 && date.month == previous.month
            let isNextMonth = date.day == 1 && previous.day >= 28
            #expect(isNextDay || isNextMonth, "\(previous), \(date)")
            previous = date
        }
    }

    @Test(
        "wall time is written for HTTP and for SQL, microseconds included",
        arguments: [
            (
                0, "1970-01-01T00:00:00.000000Z", "1970-01-01 00:00:00.000000+00"
            ),
            (
                -1, "1969-12-31T23:59:59.999999Z", "1969-12-31 23:59:59.999999+00"
            ),
            (
                1_795_464_490_123_456,
                "2026-11-23T20:08:10.123456Z", "2026-11-23 20:08:10.123456+00"
            ),
        ] as [(Int64, String, String)]
    )
    func wallTimes(_ microseconds: Int64, _ rfc3339: String, _ sql: String) {
        let time = WallTime(microseconds: microseconds)
        #expect(time.rfc3339 == rfc3339)
        #expect(time.sqlText == sql)
    }

    @Test("an instant and a duration give an instant, two instants their distance")
    func instants() {
        let start = Instant(nanoseconds: 5)
        let end = start + .milliseconds(250)
        #expect(end == Instant(nanoseconds: 250_000_005))
        #expect(end - start == .milliseconds(250))
        #expect(start - end == .milliseconds(-250))
        #expect(start < end)
    }

    @Test("durations are exact in nanoseconds and read as seconds")
    func durations() {
        #expect(Duration.nanoseconds(-1).nanoseconds == -1)
        #expect(Duration.seconds(3).nanoseconds == 3_000_000_000)
        #expect(Duration.milliseconds(1500).seconds == 1.5)
    }

    @Test(
        "division is rounded down and leaves no negative remainder",
        arguments: [(7, 3, 2, 1), (-7, 3, -3, 2), (-6, 3, -2, 0), (0, 3, 0, 0)]
            as [(Int64, Int64, Int64, Int64)]
    )
    func flooredDivision(_ value: Int64, _ divisor: Int64, _ quotient: Int64, _ rest: Int64) {
        let result = value.flooredDivision(by: divisor)
        #expect(result.quotient == quotient)
        #expect(result.remainder == rest)
    }

    @Test("padding fills up with zeros behind the sign and cuts nothing")
    func padding() {
        #expect(Int64(7).padded(to: 3) == "007")
        #expect(Int64(-7).padded(to: 3) == "-007")
        #expect(Int64(12_345).padded(to: 3) == "12345")
    }
}
