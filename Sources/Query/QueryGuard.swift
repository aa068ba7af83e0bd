/// Why a query is not let through.
package struct QueryRefusal: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// Lets one reading statement through, and nothing else.
///
/// DuckDB attaches the store read-only and shuts the file system, but not all of it: `COPY … TO` still
/// writes into the store's own folder, and `sqlite_scan` opens any SQLite file. Both are refused
/// here, before DuckDB sees the text; what the guard lets through meets DuckDB's own locks.
package enum QueryGuard {
    /// Longest query in bytes; Linux takes 128 KiB as one argument of a program (execve(2)).
    package static let maximumBytes = 100 << 10

    /// Words that a reading statement begins with.
    private static let readers: Set = [
        "select", "with", "values", "from", "describe", "desc", "show", "explain", "summarize",
        "table",
    ]

    /// Words that make a writing statement of what stands behind `WITH x AS (…)`, `EXPLAIN (…)` or
    /// an opening parenthesis.
    private static let writers: Set = ["insert", "update", "delete", "merge", "copy"]

    /// Functions that open files behind DuckDB's back, run text as SQL, or change something.
    private static let refusedFunctions: Set = [
        "query", "json_execute_serialized_sql", "checkpoint", "force_checkpoint", "arrow_scan",
        "arrow_scan_dumb", "enable_logging", "disable_logging", "truncate_duckdb_logs", "write_log",
        "enable_profiling", "disable_profiling", "enable_peg_parser", "disable_peg_parser",
        "import_database", "copy_database", "add_parquet_key",
    ]

    /// DuckLake's functions that only read; the others maintain the store.
    private static let readingLakeFunctions: Set = [
        "ducklake_snapshots", "ducklake_current_snapshot", "ducklake_last_committed_snapshot",
        "ducklake_table_info", "ducklake_table_changes", "ducklake_table_insertions",
        "ducklake_table_deletions", "ducklake_list_files", "ducklake_options", "ducklake_settings",
    ]

    /// Throws what is wrong with the query; returns whether it is an EXPLAIN, whose result is a
    /// drawing.
    @discardableResult
    package static func check(_ sql: String) throws(QueryRefusal) -> Bool {
        guard sql.utf8.count <= maximumBytes else {
            throw QueryRefusal(description: "the query is longer than \(maximumBytes) bytes")
        }
        guard !sql.utf8.contains(0) else {
            throw QueryRefusal(description: "the query contains a NUL byte")
        }
        let tokens = try oneStatement(SQLLexer.tokens(of: sql))
        let isExplain = tokens.first == .word("explain")
        try checkBeginning(tokens)
        try checkWriters(tokens)
        try checkFunctions(tokens)
        return isExplain
    }

    private static func oneStatement(_ tokens: [SQLToken]) throws(QueryRefusal) -> [SQLToken] {
        var tokens = tokens[...]
        while tokens.last == .symbol(";") { tokens.removeLast() }
        guard !tokens.isEmpty else { throw QueryRefusal(description: "the query is empty") }
        guard !tokens.contains(.symbol(";")) else {
            throw QueryRefusal(description: "only one statement at a time is let through")
        }
        return Array(tokens)
    }

    /// The first word decides; behind EXPLAIN and its options stands another statement.
    private static func checkBeginning(_ tokens: [SQLToken]) throws(QueryRefusal) {
        var rest = tokens[...]
        if rest.first == .word("explain") {
            rest.removeFirst()
            if rest.first == .word("analyze") { rest.removeFirst() }
            // Options, as in EXPLAIN (FORMAT json), unless it is a SELECT in parentheses.
            if rest.first == .symbol("("), let option = rest.dropFirst().first?.name,
                !readers.contains(option)
            {
                guard let end = rest.firstIndex(of: .symbol(")")) else {
                    throw QueryRefusal(description: "a parenthesis is not closed")
                }
                rest = rest[(end + 1)...]
            }
        }
        while rest.first == .symbol("(") { rest.removeFirst() }
        guard case .word(let word) = rest.first, readers.contains(word) else {
            let found = rest.first?.name.map { "'\($0.uppercased())'" } ?? "this"
            throw QueryRefusal(
                description: "only SELECT (or WITH, VALUES, FROM, DESCRIBE, SHOW, EXPLAIN, "
                    + "SUMMARIZE) is let through, not \(found)"
            )
        }
    }

    /// A statement within the statement begins behind a parenthesis.
    private static func checkWriters(_ tokens: [SQLToken]) throws(QueryRefusal) {
        for (before, token) in zip(tokens, tokens.dropFirst())
        where before == .symbol("(") || before == .symbol(")") {
            guard case .word(let word) = token, writers.contains(word) else { continue }
            throw QueryRefusal(
                description: "'\(word.uppercased())' is not let through; if it is a name, put it "
                    + "in double quotes"
            )
        }
    }

    private static func checkFunctions(_ tokens: [SQLToken]) throws(QueryRefusal) {
        for (token, after) in zip(tokens, tokens.dropFirst()) where after == .symbol("(") {
            guard let name = token.name, isRefused(function: name) else { continue }
            throw QueryRefusal(description: "the function '\(name)' is not let through")
        }
    }

    private static func isRefused(function name: String) -> Bool {
        if name.hasPrefix("sqlite_") || refusedFunctions.contains(name) { return true }
        return name.hasPrefix("ducklake_") && !readingLakeFunctions.contains(name)
    }
}
