import Base
import Scheduling
import Testing

@Suite("Cron lines")
struct CronLineTests {
    /// 2026-11-24T10:30:30Z, a Tuesday.
    private static let tuesday = WallTime(microseconds: 1_795_516_230_000_000)

    @Test(
        "say when they are due next",
        arguments: [
            ("* * * * *", "2026-11-24T10:31"), ("0 3 * * 1", "2026-11-30T03:00"),
            ("30 10 * * *", "2026-11-25T10:30"), ("31 10 * * *", "2026-11-24T10:31"),
            ("*/15 8-18 * * *", "2026-11-24T10:45"), ("0 0 1 1 *", "2027-01-01T00:00"),
            ("0 0 29 2 *", "2028-02-29T00:00"), ("0 0 31 * *", "2026-12-31T00:00"),
            ("0 0 13 * 5", "2026-11-27T00:00"), ("0 0 * * 7", "2026-11-29T00:00"),
            ("0 0 * * 0", "2026-11-29T00:00"), ("5,10/20 23 * * 2-4", "2026-11-24T23:05"),
            ("59 23 31 12 *", "2026-12-31T23:59"), ("  0   3  * * 1 ", "2026-11-30T03:00"),
        ]
    )
    func next(text: String, expected: String) throws {
        let next = try CronLine(text).next(after: Self.tuesday)
        #expect(next.rfc3339 == expected + ":00.000000Z")
    }

    @Test(
        "that are none are refused",
        arguments: [
            "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *",
            "* * * 13 *", "* * * * 8", "-1 * * * *", "5-1 * * * *", "*/0 * * * *", "a * * * *",
            "1,,2 * * * *", "1/2/3 * * * *", "1-2-3 * * * *", "+1 * * * *", "001 * * * *",
            "@daily",
        ]
    )
    func refused(text: String) {
        #expect(throws: CronError.self) { try CronLine(text) }
    }

    @Test(
        "that never come are refused, and say so",
        arguments: ["0 0 30 2 *", "0 0 31 4,6,9,11 *"]
    )
    func never(text: String) {
        #expect(throws: CronError.never(text)) { try CronLine(text) }
    }

    @Test("are due again and again, each minute once, and never in the past")
    func repeated() throws {
        let line = try CronLine("*/20 0-1,22 * * 1-5")
        var time = Self.tuesday
        var seen: Set<WallTime> = []
        for _ in 0..<500 {
            let next = line.next(after: time)
            #expect(next > time)
            #expect(seen.insert(next).inserted)
            time = next
        }
    }
}

@Suite("The timetable")
struct TimetableTests {
    private static let id = ScheduleID(1)
    private static let start = WallTime(microseconds: 1_795_516_230_000_000)

    private func timetable() throws -> Timetable {
        var timetable = Timetable()
        timetable.add(Self.id, try CronLine("0 * * * *"), at: Self.start)
        return timetable
    }

    @Test("names a line once each time that it is due")
    func once() throws {
        var timetable = try timetable()
        let due = try #require(timetable.next(Self.id))
        #expect(timetable.takeDue(at: due - .seconds(1)).isEmpty)
        let taken = timetable.takeDue(at: due + .seconds(1))
        #expect(taken.map(\.id) == [Self.id])
        #expect(taken.map(\.at) == [due])
        #expect(timetable.takeDue(at: due + .seconds(2)).isEmpty)
        #expect(timetable.takeDue(at: due + .seconds(3600)).map(\.at) == [due + .seconds(3600)])
    }

    @Test("does not catch up with what was missed")
    func missed() throws {
        var timetable = try timetable()
        let due = try #require(timetable.next(Self.id))
        #expect(timetable.takeDue(at: due + .seconds(5 * 3600 + 600)).isEmpty)
        #expect(timetable.next(Self.id) == due + .seconds(6 * 3600))
    }

    @Test("follows a clock that is set back")
    func setBack() throws {
        var timetable = try timetable()
        let due = try #require(timetable.next(Self.id))
        _ = timetable.takeDue(at: due)
        let back = due - .seconds(86_400) + .seconds(60)
        #expect(timetable.takeDue(at: back).isEmpty)
        #expect(timetable.next(Self.id) == due - .seconds(86_400) + .seconds(3600))
    }

    @Test("does nothing twice where a clock is set back by moments")
    func setRight() throws {
        var timetable = try timetable()
        let due = try #require(timetable.next(Self.id))
        #expect(timetable.takeDue(at: due).count == 1)
        #expect(timetable.takeDue(at: due - .seconds(1)).isEmpty)
        #expect(timetable.takeDue(at: due).isEmpty)
    }

    @Test("forgets what is removed")
    func removed() throws {
        var timetable = try timetable()
        timetable.remove(Self.id)
        #expect(timetable.takeDue(at: Self.start + .seconds(3600)).isEmpty)
    }
}
