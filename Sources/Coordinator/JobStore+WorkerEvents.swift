import API
import Base
import Database

/// What happened to workers and pools; docs/formats/job-store.md.
extension JobStore {
    /// The newest are kept: some months of a cluster in which little happens.
    static let keptWorkerEvents = 5000

    struct WorkerEventsPart: Sendable {
        /// The newest first.
        var events: [WorkerEvent]
        var total: Int
    }

    /// Writes what happened, all of it with one sync.
    func append(
        _ events: [WorkerEvent],
        _ completion: @escaping (Result<Void, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.transaction { () throws(DatabaseError) in
                for event in events {
                    try database.run(
                        "INSERT INTO worker_event (at, kind, pool, worker, host, cause) "
                            + "VALUES (?, ?, ?, ?, ?, ?)",
                        [
                            .text(event.at), .text(event.kind.rawValue), .text(event.pool),
                            .optional(event.worker), .optional(event.host), .optional(event.cause),
                        ]
                    )
                }
                try database.run(
                    "DELETE FROM worker_event WHERE id <= (SELECT max(id) FROM worker_event) - ?",
                    [.integer(Int64(Self.keptWorkerEvents))]
                )
            }
        }
    }

    /// What happened, the newest first.
    func workerEvents(
        from offset: Int,
        limit: Int,
        _ completion: @escaping (Result<WorkerEventsPart, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            let total = try database.query("SELECT count(*) FROM worker_event") {
                (row) throws(DatabaseError) in Int(try row.integer(0))
            }
            let events = try database.query(
                "SELECT at, kind, pool, worker, host, cause FROM worker_event "
                    + "ORDER BY id DESC LIMIT ? OFFSET ?",
                [.integer(Int64(limit)), .integer(Int64(offset))]
            ) { (row) throws(DatabaseError) in
                WorkerEvent(
                    at: try row.text(0),
                    kind: WorkerEvent.Kind(rawValue: try row.text(1)) ?? .lost,
                    pool: try row.text(2),
                    worker: row.optionalText(3),
                    host: row.optionalText(4),
                    cause: row.optionalText(5)
                )
            }
            return WorkerEventsPart(events: events, total: total.first ?? 0)
        }
    }
}
