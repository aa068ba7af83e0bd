import Database
import Glibc
import TestSupport
import Testing

/// Runs `body` with the path of a database that does not exist yet, in a folder of its own.
private func withDatabasePath(_ body: (String) throws -> Void) throws {
    try withTemporaryFolder { try body($0 + "/test.sqlite") }
}

/// An error type that wraps database errors, as the domain targets have.
private enum Wrapped: DatabaseErrorConvertible, Equatable {
    case database(code: Int32)
    case refused

    init(_ error: DatabaseError) { self = .database(code: error.code) }
}

@Suite("A connection")
struct ConnectionTests {
    @Test("every kind of value comes back as it was bound")
    func values() throws {
        try withDatabasePath { path in
            let connection = try Connection(path: path, mode: .readWriteCreate)
            try connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v)")
            let values: [Value] = [
                7, -2.5, "text", "", "a\0b ü", nil, .blob([0, 255]), .blob([]), true,
                .integer(.min), .optional(String?.none), .optional(Int64(3)),
            ]
            for value in values { try connection.run("INSERT INTO t(v) VALUES (?)", [value]) }
            #expect(connection.lastInsertedRowID == Int64(values.count))
            let stored = try connection.query("SELECT v FROM t ORDER BY id") { $0.value(0) }
            #expect(stored == values)
        }
    }

    @Test("NULL is an error where a value is asked for, and nil where it may be")
    func nulls() throws {
        try withDatabasePath { path in
            let connection = try Connection(path: path, mode: .readWriteCreate)
            let texts = try connection.query("SELECT NULL") { $0.optionalText(0) }
            #expect(texts == [nil])
            let error = #expect(throws: DatabaseError.self) {
                try connection.query("SELECT NULL") { row throws(DatabaseError) in
                    try row.integer(0)
                }
            }
            #expect(error?.description.contains("column 0 is NULL") == true)
        }
    }

    @Test("the journal is a rollback journal, commits are synced, foreign keys are kept")
    func settings() throws {
        try withDatabasePath { path in
            let connection = try Connection(path: path, mode: .readWriteCreate)
            for (pragma, expected) in [
                ("journal_mode", Value.text("delete")), ("synchronous", 3), ("foreign_keys", 1),
            ] {
                #expect(try connection.query("PRAGMA \(pragma)") { $0.value(0) } == [expected])
            }
        }
    }

    @Test("a query within a query of the same SQL has a statement of its own")
    func nestedQueries() throws {
        try withDatabasePath { path in
            let connection = try Connection(path: path, mode: .readWriteCreate)
            let sql = "SELECT value FROM (SELECT 1 AS value UNION SELECT 2)"
            let pairs = try connection.query(sql) { outer throws(DatabaseError) in
                let left = try outer.integer(0)
                return try connection.query(sql) { row throws(DatabaseError) in
                    left * 10 + (try row.integer(0))
                }
            }
            #expect(pairs == [[11, 12], [21, 22]])
        }
    }

    @Test("an error names file, statement and code, and tells its kind")
    func errors() throws {
        try withDatabasePath { path in
            let connection = try Connection(path: path, mode: .readWriteCreate)
            try connection.execute("CREATE TABLE t (k TEXT PRIMARY KEY)")
            try connection.run("INSERT INTO t VALUES (?)", ["secret"])
            let error = #expect(throws: DatabaseError.self) {
                try connection.run("INSERT INTO t VALUES (?)", ["secret"])
            }
            #expect(error?.isConstraint == true)
            let text = error?.description ?? ""
            #expect(text.hasPrefix("\(path): UNIQUE constraint failed: t.k, SQLite code 1555"))
            #expect(!text.contains("secret"))
            #expect(throws: DatabaseError.self) { try connection.execute("SELECT nonsense") }
        }
    }

    @Test("a file that is no database, or is missing, is refused with advice")
    func refusedFiles() throws {
        try withDatabasePath { path in
            let missing = #expect(throws: DatabaseError.self) {
                _ = try Connection(path: path, mode: .readWrite)
            }
            #expect(missing?.description.contains("check that the file and its folder") == true)
            let file = try #require(fopen(path, "w"))
            fputs(String(repeating: "no database ", count: 100), file)
            fclose(file)
            let damaged = #expect(throws: DatabaseError.self) {
                _ = try Connection(path: path, mode: .readWrite)
            }
            #expect(damaged?.description.contains("no SQLite database") == true)
        }
    }

    @Test("a read-only connection reads and refuses to write")
    func readOnly() throws {
        try withDatabasePath { path in
            let writer = try Connection(path: path, mode: .readWriteCreate)
            try writer.execute("CREATE TABLE t (v); INSERT INTO t VALUES (5)")
            let reader = try Connection(path: path, mode: .readOnly)
            #expect(try reader.query("SELECT v FROM t") { $0.value(0) } == [5])
            #expect(throws: DatabaseError.self) { try reader.run("DELETE FROM t") }
        }
    }
}

@Suite("A transaction")
struct TransactionTests {
    @Test("an error of any type undoes all of it and comes through unchanged")
    func rollsBack() throws {
        try withDatabasePath { path in
            let connection = try Connection(path: path, mode: .readWriteCreate)
            try connection.execute("CREATE TABLE t (v)")
            #expect(throws: Wrapped.refused) {
                try connection.transaction { () throws(Wrapped) in
                    do throws(DatabaseError) {
                        try connection.run("INSERT INTO t VALUES (1)")
                    } catch { throw Wrapped(error) }
                    throw Wrapped.refused
                }
            }
            let count = try connection.transaction { () throws(DatabaseError) in
                try connection.run("INSERT INTO t VALUES (2)")
                #expect(connection.changedRows == 1)
                return try connection.query("SELECT count(*) FROM t") { $0.value(0) }
            }
            #expect(count == [1])
        }
    }

    @Test("another writer is reported as busy, as the error type of the caller")
    func busy() throws {
        try withDatabasePath { path in
            let holder = try Connection(path: path, mode: .readWriteCreate)
            let other = try Connection(path: path, mode: .readWrite, busyTimeout: .zero)
            try holder.transaction { () throws(DatabaseError) in
                #expect(throws: Wrapped.database(code: 5)) {
                    try other.transaction { () throws(Wrapped) in }
                }
                let error = #expect(throws: DatabaseError.self) {
                    try other.transaction { () throws(DatabaseError) in }
                }
                #expect(error?.isBusy == true)
            }
            try other.transaction { () throws(DatabaseError) in }
        }
    }

    @Test("a commit that a reader holds up is undone, and works when the reader is gone")
    func busyCommit() throws {
        try withDatabasePath { path in
            let writer = try Connection(path: path, mode: .readWriteCreate, busyTimeout: .zero)
            try writer.execute("CREATE TABLE t (v); INSERT INTO t VALUES (1)")
            let insert = { () throws(DatabaseError) in
                try writer.run("INSERT INTO t VALUES (2)")
            }
            let reader = try Connection(path: path, mode: .readOnly)
            _ = try reader.query("SELECT v FROM t") { _ in
                let error = #expect(throws: DatabaseError.self) { try writer.transaction(insert) }
                #expect(error?.isBusy == true)
            }
            try writer.transaction(insert)
            #expect(try reader.query("SELECT count(*) FROM t") { $0.value(0) } == [2])
        }
    }

    @Test("a transaction within a transaction stops the process")
    func nesting() async {
        await #expect(processExitsWith: .failure) {
            let connection = try Connection(path: ":memory:", mode: .readWriteCreate)
            try connection.transaction { () throws(DatabaseError) in
                try connection.transaction { () throws(DatabaseError) in }
            }
        }
    }
}
