import API
import Base
import Database

/// Listings of jobs for pages: a part of them, and how many there are.
extension JobStore {
    struct JobsPart: Sendable {
        var jobs: [JobSummary]
        var total: Int
    }

    /// All jobs, the newest first.
    func jobs(
        from offset: Int,
        limit: Int,
        _ completion: @escaping (Result<JobsPart, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try Self.part(database, "", order: "id DESC", offset, limit)
        }
    }

    /// Jobs that have ended, the one first that ended last.
    func endedJobs(
        limit: Int,
        _ completion: @escaping (Result<JobsPart, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try Self.part(database, "WHERE ended IS NOT NULL", order: "ended DESC", 0, limit)
        }
    }

    private static func part(
        _ database: Database.Connection,
        _ condition: String,
        order: String,
        _ offset: Int,
        _ limit: Int
    ) throws(DatabaseError) -> JobsPart {
        let total = try database.query("SELECT count(*) FROM job \(condition)") {
            (row) throws(DatabaseError) in Int(try row.integer(0))
        }
        let jobs = try database.query(
            "SELECT id, name, state, reason, pool, created, started, ended FROM job "
                + "\(condition) ORDER BY \(order) LIMIT ? OFFSET ?",
            [.integer(Int64(limit)), .integer(Int64(offset))]
        ) { (row) throws(DatabaseError) in
            JobSummary(
                id: "\(try row.integer(0))",
                name: try row.text(1),
                state: JobState(rawValue: try row.text(2)) ?? .error,
                reason: row.optionalText(3),
                pool: row.optionalText(4),
                created: try row.text(5),
                started: row.optionalText(6),
                ended: row.optionalText(7)
            )
        }
        return JobsPart(jobs: jobs, total: total.first ?? 0)
    }
}
