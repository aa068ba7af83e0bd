import Base
import Catalog
import Database
import Dispatch
import Transport

/// What the job store keeps of a job.
struct JobRecord: Sendable {
    var id: JobID
    var name: String
    /// The request as JSON, with the text of job files that were sent along.
    var request: String
    var state: String
    var reason: String?
    var pool: String?
    var created: String
    var started: String?
    var ended: String?
    /// The status as `otjob status` shows it, as JSON; empty until the first step changed.
    var status: String
}

/// The coordinator's own database: every job that was answered for, and the numbers of its reigns.
///
/// SQLite with a rollback journal, synced at each commit: once a submit is answered, the job
/// survives a crash (failure-model.md, P3). `@unchecked Sendable`: the connection belongs to
/// `queue`; all calls but `open` come back through the loop.
final class JobStore: @unchecked Sendable {
    private let queue = DispatchQueue(label: "job-store")
    private let loop: EventLoop
    private let database: Database.Connection
    /// Identifies the store; drawn when it was made.
    let identity: String
    /// The reign that was begun; set once, before the loop runs.
    private(set) var reign: Reign

    /// Steps that bring an older file up to date; only ever appended to.
    static let migrations = [
        """
        CREATE TABLE job (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, request_id TEXT UNIQUE,
            request TEXT NOT NULL, state TEXT NOT NULL, reason TEXT, pool TEXT,
            created TEXT NOT NULL, started TEXT, ended TEXT, status TEXT NOT NULL DEFAULT '');
        CREATE INDEX job_by_state ON job (state);
        CREATE TABLE reign (epoch INTEGER PRIMARY KEY, started TEXT NOT NULL);
        """,
        """
        ALTER TABLE job ADD COLUMN has_log INTEGER NOT NULL DEFAULT 1;
        CREATE INDEX job_by_end ON job (ended) WHERE ended IS NOT NULL;
        """,
        """
        CREATE TABLE store (identity TEXT NOT NULL);
        INSERT INTO store VALUES (lower(hex(randomblob(8))));
        """,
        """
        CREATE TABLE attempt (
            job INTEGER NOT NULL, attempt INTEGER NOT NULL, step INTEGER NOT NULL,
            chunk INTEGER NOT NULL, worker INTEGER NOT NULL, host TEXT NOT NULL,
            pid INTEGER NOT NULL, outcome TEXT NOT NULL, cause TEXT NOT NULL,
            started TEXT NOT NULL, ended TEXT NOT NULL,
            PRIMARY KEY (job, attempt)) WITHOUT ROWID;
        CREATE TABLE attempt_count (
            job INTEGER NOT NULL, outcome TEXT NOT NULL, count INTEGER NOT NULL,
            PRIMARY KEY (job, outcome)) WITHOUT ROWID;
        """,
        """
        CREATE TABLE join_token (
            id INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL UNIQUE, pool TEXT NOT NULL,
            name TEXT NOT NULL, created TEXT NOT NULL, expires TEXT NOT NULL, used TEXT);
        CREATE TABLE revoked_identity (
            pool TEXT NOT NULL, name TEXT NOT NULL, revoked TEXT NOT NULL,
            PRIMARY KEY (pool, name)) WITHOUT ROWID;
        """,
        """
        CREATE TABLE schedule (
            id INTEGER PRIMARY KEY AUTOINCREMENT, request TEXT NOT NULL, cron TEXT NOT NULL,
            last_job INTEGER);
        """,
        """
        CREATE TABLE dataproc (
            kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (kind, name)) WITHOUT ROWID;
        """,
        """
        CREATE TABLE course (job INTEGER PRIMARY KEY, content TEXT NOT NULL);
        CREATE TABLE worker_event (
            id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL,
            pool TEXT NOT NULL, worker TEXT, host TEXT, cause TEXT);
        """,
    ]

    init(path: String, loop: EventLoop) throws(DatabaseError) {
        self.loop = loop
        let database = try Database.Connection(path: path, mode: .readWriteCreate)
        self.database = database
        try Self.returnFreePages(database)
        identity = try database.transaction { () throws(DatabaseError) in
            try Self.migrate(database)
            return try database.query("SELECT identity FROM store") {
                (row) throws(DatabaseError) in try row.text(0)
            }.first ?? ""
        }
        reign = Reign(jobStore: identity, epoch: 0)
    }

    /// Begins a reign above every earlier one; before the loop runs.
    ///
    /// `last` is what the catalog knows: a store that was restored from a backup has forgotten its
    /// newest reigns and jobs, whose numbers must not be used again.
    func beginReign(after last: Catalog.LastReign) throws(DatabaseError) {
        let epoch = try database.transaction { () throws(DatabaseError) in
            let known = try database.query("SELECT coalesce(max(epoch), 0) FROM reign") {
                (row) throws(DatabaseError) in try row.integer(0)
            }
            let epoch = max(known.first ?? 0, last.epoch) + 1
            try database.run(
                "INSERT INTO reign VALUES (?, ?)",
                [.integer(epoch), .text(EventLoop.wallTime().rfc3339)]
            )
            try database.run(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'job'",
                [.integer(last.job.rawValue)]
            )
            try database.run(
                "INSERT INTO sqlite_sequence SELECT 'job', ? WHERE NOT EXISTS "
                    + "(SELECT 1 FROM sqlite_sequence WHERE name = 'job')",
                [.integer(last.job.rawValue)]
            )
            return epoch
        }
        reign = Reign(jobStore: identity, epoch: epoch)
    }

    /// Lets the file shrink when jobs are forgotten; a file of an older release is rewritten once.
    private static func returnFreePages(_ database: Database.Connection) throws(DatabaseError) {
        let mode = try database.query("PRAGMA auto_vacuum") {
            (row) throws(DatabaseError) in try row.integer(0)
        }
        let incremental: Int64 = 2  // sqlite.org/pragma.html#pragma_auto_vacuum
        guard mode != [incremental] else { return }
        try database.execute("PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
    }

    private static func migrate(_ database: Database.Connection) throws(DatabaseError) {
        let version = try database.query("PRAGMA user_version") {
            (row) throws(DatabaseError) in try row.integer(0)
        }
        let known = Int(version.first ?? 0)
        guard known <= migrations.count else {
            throw DatabaseError(
                extendedCode: 1,
                message: "it was written by a newer release (schema \(known), known here: "
                    + "\(migrations.count)); start that release",
                statement: nil,
                path: database.path
            )
        }
        for migration in migrations.dropFirst(known) {
            try database.execute(migration)
        }
        try database.execute("PRAGMA user_version = \(migrations.count)")
    }

    // MARK: Calls from the loop

    /// Records a job; a request id that is known gives the job it made, and `isNew` false.
    func insert(
        name: String,
        requestID: String?,
        request: String,
        created: String,
        hasRoom: Bool = true,
        _ completion: @escaping (Result<(id: JobID, isNew: Bool)?, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            if let requestID {
                let known = try database.query(
                    "SELECT id FROM job WHERE request_id = ?",
                    [.text(requestID)]
                ) { (row) throws(DatabaseError) in JobID(try row.integer(0)) }
                if let id = known.first { return (id, false) }
            }
            guard hasRoom else { return nil }
            try database.run(
                "INSERT INTO job (name, request_id, request, state, created) "
                    + "VALUES (?, ?, ?, 'PENDING', ?)",
                [.text(name), .optional(requestID), .text(request), .text(created)]
            )
            return (JobID(database.lastInsertedRowID), true)
        }
    }

    /// Writes what changed of a job.
    func update(
        _ record: JobRecord,
        _ completion: @escaping (Result<Void, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.run(
                "UPDATE job SET state = ?, reason = ?, pool = ?, started = ?, ended = ?, "
                    + "status = ? WHERE id = ?",
                [
                    .text(record.state), .optional(record.reason), .optional(record.pool),
                    .optional(record.started), .optional(record.ended), .text(record.status),
                    .integer(record.id.rawValue),
                ]
            )
        }
    }

    /// Makes a job that failed or was cancelled one that goes on; nil where it did neither.
    func reopen(
        _ id: JobID,
        _ completion: @escaping (Result<JobRecord?, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.run(
                "UPDATE job SET state = 'PENDING', reason = NULL, ended = NULL, has_log = 1 "
                    + "WHERE id = ? AND state IN ('ERROR', 'CANCELLED')",
                [.integer(id.rawValue)]
            )
            guard database.changedRows == 1 else { return nil }
            return try Self.records(database, "WHERE id = ?", [.integer(id.rawValue)]).first
        }
    }

    func job(
        _ id: JobID,
        _ completion: @escaping (Result<JobRecord?, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try Self.records(database, "WHERE id = ?", [.integer(id.rawValue)]).first
        }
    }

    /// Jobs that are listed at most, so that a list stays bounded.
    static let listedJobs = 1000

    /// The newest jobs, the newest first.
    func list(_ completion: @escaping (Result<[JobRecord], DatabaseError>) -> Void) {
        perform(completion) { (database) throws(DatabaseError) in
            try Self.records(database, "ORDER BY id DESC LIMIT \(Self.listedJobs)", [])
        }
    }

    /// Jobs that had not ended when an earlier coordinator did, oldest first.
    func unfinished(_ completion: @escaping (Result<[JobRecord], DatabaseError>) -> Void) {
        perform(completion) { (database) throws(DatabaseError) in
            try Self.records(database, "WHERE state IN ('PENDING', 'RUNNING') ORDER BY id", [])
        }
    }

    /// Runs `body` at once; blocks, for the start of the process.
    func performNow<Answer>(
        _ body: (Database.Connection) throws(DatabaseError) -> Answer
    ) throws(DatabaseError) -> Answer {
        let result = queue.sync { Result { () throws(DatabaseError) in try body(database) } }
        return try result.get()
    }

    /// Waits until everything asked for so far is done; for the end of the process.
    func drain() { queue.sync {} }

    private static func records(
        _ database: Database.Connection,
        _ condition: String,
        _ values: [Value]
    ) throws(DatabaseError) -> [JobRecord] {
        try database.query(
            "SELECT id, name, request, state, reason, pool, created, started, ended, status "
                + "FROM job " + condition,
            values
        ) { (row) throws(DatabaseError) in
            JobRecord(
                id: JobID(try row.integer(0)),
                name: try row.text(1),
                request: try row.text(2),
                state: try row.text(3),
                reason: row.optionalText(4),
                pool: row.optionalText(5),
                created: try row.text(6),
                started: row.optionalText(7),
                ended: row.optionalText(8),
                status: try row.text(9)
            )
        }
    }

    /// Runs `body` on the queue and `completion` on the loop.
    func perform<Answer: Sendable>(
        _ completion: @escaping (Result<Answer, DatabaseError>) -> Void,
        _ body: @escaping @Sendable (Database.Connection) throws(DatabaseError) -> Answer
    ) {
        let answer = LoopBound(completion, loop: loop)
        queue.async { [self] in
            let result = Result { () throws(DatabaseError) in try body(database) }
            loop.execute { answer.value(result) }
        }
    }
}
