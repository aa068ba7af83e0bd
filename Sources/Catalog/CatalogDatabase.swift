import Database

/// The catalog's SQLite database, with errors as this target throws them.
struct CatalogDatabase {
    let connection: Connection

    var path: String { connection.path }

    func run(_ sql: String, _ values: [Value] = []) throws(CatalogError) {
        do throws(DatabaseError) {
            try connection.run(sql, values)
        } catch { throw .database(error) }
    }

    func query<T>(
        _ sql: String,
        _ values: [Value] = [],
        _ row: (borrowing Row) throws(DatabaseError) -> T
    ) throws(CatalogError) -> [T] {
        do throws(DatabaseError) {
            return try connection.query(sql, values, row)
        } catch { throw .database(error) }
    }

    /// The integers of a query's first column.
    func integers(_ sql: String, _ values: [Value] = []) throws(CatalogError) -> [Int64] {
        try query(sql, values) { row throws(DatabaseError) in try row.integer(0) }
    }

    /// The texts of a query's first column.
    func texts(_ sql: String, _ values: [Value] = []) throws(CatalogError) -> [String] {
        try query(sql, values) { row throws(DatabaseError) in try row.text(0) }
    }

    func hasTable(_ name: String) throws(CatalogError) -> Bool {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?"
        return try integers(sql, [.text(name)]) != [0]
    }
}

/// A name in double quotes, as SQL and `changes_made` write it.
func quoted(_ name: String) -> String {
    var text = "\""
    for character in name.unicodeScalars {
        if character == "\"" { text += "\"" }
        text.unicodeScalars.append(character)
    }
    return text + "\""
}

/// A random UUID: RFC 9562, version 4.
func randomUUID() -> String {
    var generator = SystemRandomNumberGenerator()
    return uuid(high: generator.next(), low: generator.next())
}

/// The text of a version 4 UUID made of 128 bits, of which six give way to version and variant.
func uuid(high: UInt64, low: UInt64) -> String {
    let high = high & ~0xF000 | 0x4000
    let low = low & ~(0b11 << 62) | (0b10 << 62)
    let digits = [high, low].map { half in
        let text = String(half, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }.joined()
    var rest = digits[...]
    return [8, 4, 4, 4, 12].map { length in
        defer { rest = rest.dropFirst(length) }
        return String(rest.prefix(length))
    }.joined(separator: "-")
}
