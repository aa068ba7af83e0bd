package import Base

/// A line of the timetable, numbered by the job store from 1.
package struct ScheduleID: Identifier {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
}

/// Decides when what is scheduled is due.
///
/// Pure: the caller passes the wall clock's time in. What was missed, because nobody ran or the clock
/// was set, is not caught up with.
package struct Timetable: Sendable {
    /// Lateness up to which a line is still done: the caller looks more often than once a minute.
    package static let patience = Duration.seconds(60)

    private struct Line {
        let cron: CronLine
        /// When it was looked up what is next.
        let since: WallTime
        let next: WallTime

        init(_ cron: CronLine, since: WallTime) {
            self.cron = cron
            self.since = since
            next = cron.next(after: since)
        }
    }

    private var lines: [ScheduleID: Line] = [:]

    package init() {}

    package mutating func add(_ id: ScheduleID, _ cron: CronLine, at now: WallTime) {
        lines[id] = Line(cron, since: now)
    }

    package mutating func remove(_ id: ScheduleID) { lines[id] = nil }

    /// When a line is due next.
    package func next(_ id: ScheduleID) -> WallTime? { lines[id]?.next }

    /// The lines that are due now, each with the minute that it was due at; once each time.
    package mutating func takeDue(at now: WallTime) -> [(id: ScheduleID, at: WallTime)] {
        var due: [(id: ScheduleID, at: WallTime)] = []
        for id in lines.keys.sorted() {
            guard let line = lines[id] else { continue }
            if line.next <= now {
                if now - line.next <= Self.patience { due.append((id, line.next)) }
                lines[id] = Line(line.cron, since: now)
            } else if line.since - now > Self.patience {
                // A clock that was set back: what comes sooner now than was thought counts.
                lines[id] = Line(line.cron, since: now)
            }
        }
        return due
    }
}
