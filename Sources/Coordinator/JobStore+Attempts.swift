import API
import Base
import Database
import Scheduling

/// The attempts of jobs, written in groups; docs/formats/job-store.md.
extension JobStore {
    /// What the store knows of a job's attempts.
    struct StoredAttempts: Sendable {
        var counts: [AttemptOutcome: Int] = [:]
        /// In the order of their numbers.
        var attempts: [AttemptSummary] = []
    }

    /// Writes attempts that ended and counts them, all with one sync.
    ///
    /// Of each job the newest are kept, up to the limits of ``AttemptHistory``.
    func append(
        _ batches: [AttemptBatch],
        _ completion: @escaping (Result<Void, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.transaction { () throws(DatabaseError) in
                for batch in batches {
                    for attempt in batch.attempts { try Self.insert(attempt, database) }
                    try Self.count(batch, database)
                    try Self.trim(batch.job, database)
                }
            }
        }
    }

    func attempts(
        of job: JobID,
        _ completion: @escaping (Result<StoredAttempts, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            var stored = StoredAttempts()
            let counts = try database.query(
                "SELECT outcome, count FROM attempt_count WHERE job = ?",
                [.integer(job.rawValue)]
            ) { (row) throws(DatabaseError) in
                (AttemptOutcome(rawValue: try row.text(0)), Int(try row.integer(1)))
            }
            for case (let outcome?, let count) in counts { stored.counts[outcome] = count }
            stored.attempts = try database.query(
                "SELECT attempt, step, chunk, worker, host, pid, outcome, cause, started, ended "
                    + "FROM attempt WHERE job = ? ORDER BY attempt",
                [.integer(job.rawValue)]
            ) { (row) throws(DatabaseError) in try AttemptSummary(row) }
            return stored
        }
    }

    private static func insert(
        _ attempt: EndedAttempt,
        _ database: Database.Connection
    ) throws(DatabaseError) {
        let record = attempt.record
        try database.run(
            "INSERT OR REPLACE INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .integer(record.task.step.job.rawValue), .integer(record.attempt.rawValue),
                .integer(Int64(record.task.step.index)), .integer(Int64(record.task.index)),
                .integer(record.worker.rawValue), .text(attempt.host),
                .integer(Int64(attempt.processID)), .text(record.cause.outcome.rawValue),
                .text("\(record.cause)"), .text(attempt.started.rfc3339),
                .text(attempt.ended.rfc3339),
            ]
        )
    }

    private static func count(
        _ batch: AttemptBatch,
        _ database: Database.Connection
    ) throws(DatabaseError) {
        for (outcome, count) in batch.counts {
            try database.run(
                "INSERT INTO attempt_count VALUES (?, ?, ?) "
                    + "ON CONFLICT DO UPDATE SET count = count + excluded.count",
                [
                    .integer(batch.job.rawValue), .text(outcome.rawValue), .integer(Int64(count)),
                ]
            )
        }
    }

    private static func trim(
        _ job: JobID,
        _ database: Database.Connection
    ) throws(DatabaseError) {
        for (condition, limit) in [
            ("outcome = 'FINISHED'", AttemptHistory.keptFinished),
            ("outcome <> 'FINISHED'", AttemptHistory.keptTroubles),
        ] {
            try database.run(
                "DELETE FROM attempt WHERE job = ?1 AND \(condition) AND attempt <= "
                    + "(SELECT attempt FROM attempt WHERE job = ?1 AND \(condition) "
                    + "ORDER BY attempt DESC LIMIT 1 OFFSET ?2)",
                [.integer(job.rawValue), .integer(Int64(limit))]
            )
        }
    }
}

extension AttemptSummary {
    fileprivate init(_ row: borrowing Row) throws(DatabaseError) {
        self.init(
            attempt: String(try row.integer(0)),
            step: Int(try row.integer(1)),
            chunk: Int(try row.integer(2)),
            worker: String(try row.integer(3)),
            host: try row.text(4),
            pid: Int(try row.integer(5)),
            outcome: AttemptOutcome(rawValue: try row.text(6)) ?? .failed,
            cause: try row.text(7),
            started: try row.text(8),
            ended: try row.text(9)
        )
    }
}
