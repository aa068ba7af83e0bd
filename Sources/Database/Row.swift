import CSQLite

/// The present row of a query; valid only within the closure it is lent to.
///
/// Columns count from 0. A value of another storage class is converted as SQLite does
/// (https://sqlite.org/c3ref/column_blob.html); NULL is an error unless the accessor is `optional`.
package struct Row: ~Copyable {
    private let statement: Statement

    init(_ statement: Statement) { self.statement = statement }

    package var columnCount: Int { Int(sqlite3_column_count(statement.handle)) }

    package func isNull(_ column: Int) -> Bool {
        precondition(0 <= column && column < columnCount, "no column \(column) in this row")
        return sqlite3_column_type(statement.handle, Int32(column)) == SQLITE_NULL
    }

    package func integer(_ column: Int) throws(DatabaseError) -> Int64 {
        try required(optionalInteger(column), column)
    }

    package func real(_ column: Int) throws(DatabaseError) -> Double {
        try required(optionalReal(column), column)
    }

    package func text(_ column: Int) throws(DatabaseError) -> String {
        try required(optionalText(column), column)
    }

    package func blob(_ column: Int) throws(DatabaseError) -> [UInt8] {
        try required(optionalBlob(column), column)
    }

    /// Whether the integer is not 0.
    package func boolean(_ column: Int) throws(DatabaseError) -> Bool {
        try integer(column) != 0
    }

    package func optionalInteger(_ column: Int) -> Int64? {
        isNull(column) ? nil : sqlite3_column_int64(statement.handle, Int32(column))
    }

    package func optionalReal(_ column: Int) -> Double? {
        isNull(column) ? nil : sqlite3_column_double(statement.handle, Int32(column))
    }

    package func optionalText(_ column: Int) -> String? {
        guard !isNull(column) else { return nil }
        // The text first, then its length: the order in which SQLite converts at most once.
        let text = sqlite3_column_text(statement.handle, Int32(column))
        let count = Int(sqlite3_column_bytes(statement.handle, Int32(column)))
        return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }

    package func optionalBlob(_ column: Int) -> [UInt8]? {
        guard !isNull(column) else { return nil }
        let bytes = sqlite3_column_blob(statement.handle, Int32(column))
        let count = Int(sqlite3_column_bytes(statement.handle, Int32(column)))
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// The value as it is stored.
    package func value(_ column: Int) -> Value {
        guard !isNull(column) else { return .null }
        let value: Value? =
            switch sqlite3_column_type(statement.handle, Int32(column)) {
            case SQLITE_INTEGER: optionalInteger(column).map { .integer($0) }
            case SQLITE_FLOAT: optionalReal(column).map { .real($0) }
            case SQLITE_TEXT: optionalText(column).map { .text($0) }
            default: optionalBlob(column).map { .blob($0) }
            }
        return value ?? .null
    }

    private func required<T>(_ value: T?, _ column: Int) throws(DatabaseError) -> T {
        guard let value else {
            throw DatabaseError(
                extendedCode: SQLITE_MISMATCH,
                message: "column \(column) is NULL, where a value was expected",
                statement: statement.sql,
                path: statement.path
            )
        }
        return value
    }
}
