import Base
import Database
import Scheduling

/// A line of the timetable as it is kept.
struct ScheduleRecord: Sendable {
    var id: ScheduleID
    /// The request as JSON, with the text of job files that were sent along.
    var request: String
    var cron: String
    /// The job that it submitted last.
    var lastJob: JobID?
}

/// The timetable's lines.
extension JobStore {
    func addSchedule(
        request: String,
        cron: String,
        _ completion: @escaping (Result<ScheduleID, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.run(
                "INSERT INTO schedule (request, cron) VALUES (?, ?)",
                [.text(request), .text(cron)]
            )
            return ScheduleID(database.lastInsertedRowID)
        }
    }

    func removeSchedule(
        _ id: ScheduleID,
        _ completion: @escaping (Result<Void, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.run("DELETE FROM schedule WHERE id = ?", [.integer(id.rawValue)])
        }
    }

    /// Notes which job a line has submitted.
    func note(
        _ job: JobID,
        of id: ScheduleID,
        _ completion: @escaping (Result<Void, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.run(
                "UPDATE schedule SET last_job = ? WHERE id = ?",
                [.integer(job.rawValue), .integer(id.rawValue)]
            )
        }
    }

    func schedules(_ completion: @escaping (Result<[ScheduleRecord], DatabaseError>) -> Void) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.query("SELECT id, request, cron, last_job FROM schedule ORDER BY id") {
                (row) throws(DatabaseError) in
                ScheduleRecord(
                    id: ScheduleID(try row.integer(0)),
                    request: try row.text(1),
                    cron: try row.text(2),
                    lastJob: row.optionalInteger(3).map { JobID($0) }
                )
            }
        }
    }
}
