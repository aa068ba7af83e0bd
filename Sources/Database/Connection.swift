import Base
import CSQLite

/// One connection to a SQLite database.
///
/// THREADING: one thread at a time, and not one of the cooperative pool, because every call may
/// wait for the disk and, up to the busy timeout, for other processes. Owners give it a queue of
/// its own. Hence not Sendable.
///
/// The journal is a rollback journal, never WAL: the WAL of releases up to 3.51.2 can lose commits
/// (failure-model.md section 3), and other engines that write the same file do badly with it.
package final class Connection {
    package enum Mode: Sendable { case readWriteCreate, readWrite, readOnly }

    /// Prepared statements kept: more than the catalog and the job store have; a guess.
    private static let cachedStatements = 128

    package let path: String
    private let handle: OpaquePointer
    private var statements: [String: Statement] = [:]
    /// Whether the body of `transaction` is running.
    package private(set) var isInTransaction = false

    /// Opens the database; what a crash left half-written is rolled back here.
    ///
    /// `busyTimeout` is how long a call waits for another process's lock before it gives up with
    /// `isBusy`.
    package init(
        path: String,
        mode: Mode,
        busyTimeout: Duration = .seconds(30)
    ) throws(DatabaseError) {
        var handle: OpaquePointer?
        // NOMUTEX: the owner already sees to it that one thread calls at a time.
        let flags = mode.flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard code == SQLITE_OK, let handle else {
            let error = DatabaseError(code, database: handle, statement: nil, path: path)
            sqlite3_close_v2(handle)
            throw error
        }
        self.path = path
        self.handle = handle
        sqlite3_busy_timeout(handle, Int32(clamping: busyTimeout.nanoseconds / 1_000_000))
        try configure(mode)
    }

    deinit {
        statements.removeAll()
        sqlite3_close_v2(handle)
    }

    /// Runs a script of statements, without values and without results.
    package func execute(_ sql: String) throws(DatabaseError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else {
            throw DatabaseError(code, database: handle, statement: sql, path: path)
        }
    }

    /// Runs one statement with `values` bound to its `?` in order; its rows, if any, are dropped.
    ///
    /// The statement is prepared once and kept, so `sql` should be one of a few constant strings.
    package func run(_ sql: String, _ values: [Value] = []) throws(DatabaseError) {
        _ = try query(sql, values) { _ in }
    }

    /// Runs one query and returns what `row` makes of each row.
    package func query<T>(
        _ sql: String,
        _ values: [Value] = [],
        _ row: (borrowing Row) throws(DatabaseError) -> T
    ) throws(DatabaseError) -> [T] {
        let statement = try takeStatement(sql)
        defer { give(statement) }
        try statement.bind(values)
        var rows: [T] = []
        while try statement.step() { rows.append(try row(Row(statement))) }
        return rows
    }

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    package var changedRows: Int { Int(sqlite3_changes(handle)) }

    /// The row id of the last INSERT.
    package var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(handle) }

    /// Runs `body` in a transaction that holds the write lock from its start.
    ///
    /// All of it is durable when the call returns, and none of it is there when the call throws,
    /// except for a COMMIT that failed with an I/O error: whether that one counts shows only when
    /// the database is opened again. Must not be nested.
    package func transaction<T, E: DatabaseErrorConvertible>(
        _ body: () throws(E) -> T
    ) throws(E) -> T {
        precondition(!isInTransaction, "a transaction within a transaction")
        isInTransaction = true
        defer { isInTransaction = false }
        try control("BEGIN IMMEDIATE", as: E.self)
        do throws(E) {
            let result = try body()
            try control("COMMIT", as: E.self)
            return result
        } catch {
            rollback()
            throw error
        }
    }

    private func control<E: DatabaseErrorConvertible>(_ sql: String, as: E.Type) throws(E) {
        do throws(DatabaseError) { try execute(sql) } catch { throw E(error) }
    }

    /// Undoes the open transaction, if SQLite has not done so by itself after a grave error.
    ///
    /// Should this fail too, the journal stays, the next BEGIN reports it, and whoever opens the
    /// file next rolls it back; the caller learns the first error, which says more.
    private func rollback() {
        if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
    }

    private func configure(_ mode: Mode) throws(DatabaseError) {
        try execute("PRAGMA foreign_keys = ON")
        // Reading anything rolls back a hot journal, and tells that the file is a database.
        _ = try query("SELECT count(*) FROM sqlite_schema") { _ in }
        guard mode != .readOnly else { return }
        // EXTRA is FULL plus a sync of the folder after the journal is unlinked: without it a power
        // loss may bring the journal back and undo a commit (sqlite.org/pragma.html#pragma_synchronous).
        try execute("PRAGMA synchronous = EXTRA")
        let sql = "PRAGMA journal_mode = DELETE"
        let modes = try query(sql) { row throws(DatabaseError) in try row.text(0) }
        // A database in memory has no journal file and says so.
        guard modes == ["delete"] || modes == ["memory"] else {
            throw DatabaseError(
                extendedCode: SQLITE_ERROR,
                message: "the journal mode is \(modes), not delete",
                statement: sql,
                path: path
            )
        }
    }

    /// Takes a statement out of the cache, so that a query within a query of the same SQL gets its own.
    private func takeStatement(_ sql: String) throws(DatabaseError) -> Statement {
        if let kept = statements.removeValue(forKey: sql) { return kept }
        return try Statement(sql, database: handle, path: path)
    }

    private func give(_ statement: Statement) {
        statement.reset()
        if statements.count >= Self.cachedStatements { statements.removeAll() }
        statements[statement.sql] = statement
    }
}

extension Connection.Mode {
    fileprivate var flags: Int32 {
        switch self {
        case .readWriteCreate: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        case .readWrite: SQLITE_OPEN_READWRITE
        case .readOnly: SQLITE_OPEN_READONLY
        }
    }
}
