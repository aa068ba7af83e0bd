import Base
import Database

/// Forgetting jobs that ended long ago.
extension JobStore {
    /// Pages given back to the file system at a time: 4 MiB, a moment's work.
    private static let pagesPerStep = 1024
    /// Reigns that are remembered; only the number of the last one is needed.
    private static let reignsKept = 100

    /// Jobs that ended before `cutoff`, those first that ended first.
    func ended(
        before cutoff: WallTime,
        limit: Int,
        _ completion: @escaping (Result<[JobID], DatabaseError>) -> Void
    ) {
        find("ended < ?", before: cutoff, limit: limit, completion)
    }

    /// Jobs that ended before `cutoff` and still have their logs.
    func withLogs(
        before cutoff: WallTime,
        limit: Int,
        _ completion: @escaping (Result<[JobID], DatabaseError>) -> Void
    ) {
        find("ended < ? AND has_log = 1", before: cutoff, limit: limit, completion)
    }

    /// Forgets jobs with all that is kept of them, and the request ids that made them.
    func remove(
        _ jobs: [JobID],
        _ completion: @escaping (Result<Void, DatabaseError>) -> Void
    ) {
        change(jobs, completion) { (database, job) throws(DatabaseError) in
            try database.run("DELETE FROM attempt WHERE job = ?", [job])
            try database.run("DELETE FROM attempt_count WHERE job = ?", [job])
            try database.run("DELETE FROM course WHERE job = ?", [job])
            try database.run("DELETE FROM job WHERE id = ?", [job])
        }
    }

    /// Forgets courses and attempts of these jobs but for the counts, and notes that their logs are gone.
    func removeLogs(
        _ jobs: [JobID],
        _ completion: @escaping (Result<Void, DatabaseError>) -> Void
    ) {
        change(jobs, completion) { (database, job) throws(DatabaseError) in
            try database.run("DELETE FROM attempt WHERE job = ?", [job])
            try database.run("DELETE FROM course WHERE job = ?", [job])
            try database.run("UPDATE job SET has_log = 0 WHERE id = ?", [job])
        }
    }

    /// Gives pages that are not used any more back to the file system.
    func compact(_ completion: @escaping (Result<Void, DatabaseError>) -> Void) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.run(
                "DELETE FROM reign WHERE epoch <= (SELECT max(epoch) FROM reign) - ?",
                [.integer(Int64(Self.reignsKept))]
            )
            try database.execute("PRAGMA incremental_vacuum(\(Self.pagesPerStep))")
        }
    }

    private func find(
        _ condition: String,
        before cutoff: WallTime,
        limit: Int,
        _ completion: @escaping (Result<[JobID], DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            // RFC 3339 with microseconds and Z throughout: the order of texts is that of times.
            try database.query(
                "SELECT id FROM job WHERE \(condition) ORDER BY ended LIMIT ?",
                [.text(cutoff.rfc3339), .integer(Int64(limit))]
            ) { (row) throws(DatabaseError) in JobID(try row.integer(0)) }
        }
    }

    /// Changes all of the jobs with one sync.
    private func change(
        _ jobs: [JobID],
        _ completion: @escaping (Result<Void, DatabaseError>) -> Void,
        _ body: @escaping @Sendable (Database.Connection, Value) throws(DatabaseError) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.transaction { () throws(DatabaseError) in
                for job in jobs { try body(database, .integer(job.rawValue)) }
            }
        }
    }
}
