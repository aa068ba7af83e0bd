import CSQLite

/// A prepared statement, finalized when the last reference goes.
final class Statement {
    let handle: OpaquePointer
    let sql: String
    let path: String
    private let database: OpaquePointer

    init(_ sql: String, database: OpaquePointer, path: String) throws(DatabaseError) {
        var handle: OpaquePointer?
        // PERSISTENT, because the connection keeps statements: sqlite.org/c3ref/c_prepare_normalize.html.
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        let code = sqlite3_prepare_v3(database, sql, -1, flags, &handle, nil)
        guard code == SQLITE_OK, let handle else {
            precondition(code != SQLITE_OK, "a statement without SQL: \(sql)")
            throw DatabaseError(code, database: database, statement: sql, path: path)
        }
        self.handle = handle
        self.sql = sql
        self.path = path
        self.database = database
    }

    deinit { sqlite3_finalize(handle) }

    /// Binds one value to each parameter, in order.
    func bind(_ values: [Value]) throws(DatabaseError) {
        let expected = Int(sqlite3_bind_parameter_count(handle))
        precondition(values.count == expected, "\(values.count) values for \(expected) in: \(sql)")
        for (index, value) in values.enumerated() {
            let code = bind(value, at: Int32(index + 1))
            guard code == SQLITE_OK else { throw error(code) }
        }
    }

    /// Goes on to the next row; false when there is none.
    func step() throws(DatabaseError) -> Bool {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw error(code)
        }
    }

    /// Makes the statement ready for its next use and lets go of its locks and values.
    func reset() {
        // Both repeat at most the error of the last step, which has been thrown already.
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    private func bind(_ value: Value, at index: Int32) -> Int32 {
        switch value {
        case .integer(let integer): return sqlite3_bind_int64(handle, index, integer)
        case .real(let real): return sqlite3_bind_double(handle, index, real)
        case .null: return sqlite3_bind_null(handle, index)
        case .blob(let bytes):
            return bytes.withUnsafeBytes {
                otcluster_bind_blob(handle, index, $0.baseAddress, UInt64($0.count))
            }
        case .text(var text):
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    otcluster_bind_text(handle, index, $0.baseAddress, UInt64($0.count))
                }
            }
        }
    }

    private func error(_ code: Int32) -> DatabaseError {
        DatabaseError(code, database: database, statement: sql, path: path)
    }
}

extension DatabaseError {
    /// The error of the last call on `database`, which answered `code`.
    init(_ code: Int32, database: OpaquePointer?, statement: String?, path: String) {
        let text = database.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
        self.init(
            extendedCode: code,
            message: text.map { String(cString: $0) } ?? "unknown error",
            statement: statement,
            path: path
        )
    }
}
