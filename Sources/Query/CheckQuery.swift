import Base

/// A question to DuckDB about rows that are not published yet: how many break a rule, and which.
package struct CheckQuery: Sendable, Equatable {
    /// Rows that are given as examples.
    package static let exampleCount = 5

    package enum Rule: Sendable, Equatable {
        case unique([String])
        case notNull(String)
        case range(String, minimum: String?, maximum: String?)
        case pattern(String, String)
        case allowed(String, [String])
        case references(String, schema: String, table: String, key: String)
        case distribution(String, top: Int, schema: String, table: String)
    }

    let rule: Rule
    private let files: [String]

    /// A question about the rows of Parquet files, in their order.
    package init(_ rule: Rule, files: [String]) {
        self.rule = rule
        self.files = files
    }

    /// Gives one row: `value`, and `found`, a list of examples as text, file name and row number.
    ///
    /// `lake` is the name the store is attached by.
    func sql(lake: String) -> String {
        switch rule {
        case .unique(let columns): uniqueSQL(columns)
        case .distribution(let column, let top, let schema, let table):
            distributionSQL(column, top, "\(lake).\(name(schema)).\(name(table))")
        case .notNull(let column): breaking(column, "\(name(column)) IS NULL")
        case .pattern(let column, let pattern):
            breaking(column, "NOT regexp_matches(\(name(column)), \(DuckDB.quoted(pattern)))")
        case .allowed(let column, let values):
            breaking(
                column,
                "\(name(column))::VARCHAR NOT IN "
                    + "(\(values.map(DuckDB.quoted).joined(separator: ", ")))"
            )
        case .range(let column, let minimum, let maximum):
            breaking(
                column,
                [(minimum, "<"), (maximum, ">")].compactMap { bound, sign in
                    bound.map { "\(name(column)) \(sign) \(DuckDB.quoted($0))" }
                }.joined(separator: " OR ")
            )
        case .references(let column, let schema, let table, let key):
            breaking(
                column,
                "\(name(column)) IS NOT NULL AND \(name(column)) NOT IN (SELECT \(name(key)) FROM "
                    + "\(lake).\(name(schema)).\(name(table)) WHERE \(name(key)) IS NOT NULL)"
            )
        }
    }

    private var rows: String {
        "read_parquet([\(files.map(DuckDB.quoted).joined(separator: ", "))], filename = true, "
            + "file_row_number = true)"
    }

    private func breaking(_ column: String, _ condition: String) -> String {
        """
        SELECT count(*)::DOUBLE AS value,
            (SELECT list({text: \(name(column))::VARCHAR, file: filename, row: file_row_number})
             FROM (FROM \(rows) WHERE \(condition) LIMIT \(Self.exampleCount))) AS found
        FROM \(rows) WHERE \(condition)
        """
    }

    /// Nulls are equal here, as they are where a file is sorted by the key.
    private func uniqueSQL(_ columns: [String]) -> String {
        let key = columns.map(name).joined(separator: ", ")
        let texts = columns.map { "coalesce(r.\(name($0))::VARCHAR, 'null')" }
        let equal = columns.map { "r.\(name($0)) IS NOT DISTINCT FROM d.\(name($0))" }
        return """
            WITH doubled AS MATERIALIZED (
                SELECT \(key), count(*) AS n FROM \(rows) GROUP BY \(key) HAVING count(*) > 1),
            shown AS (SELECT * FROM doubled ORDER BY \(key) LIMIT \(Self.exampleCount))
            SELECT (SELECT coalesce(sum(n - 1), 0) FROM doubled)::DOUBLE AS value,
                (SELECT list({text: text, file: file, row: row}) FROM (
                    SELECT concat_ws(', ', \(texts.joined(separator: ", "))) AS text,
                        r.filename AS file, r.file_row_number AS row
                    FROM \(rows) r JOIN shown d ON \(equal.joined(separator: " AND "))
                    ORDER BY text, file, row
                    LIMIT \(2 * Self.exampleCount))) AS found
            """
    }

    private func distributionSQL(_ column: String, _ top: Int, _ before: String) -> String {
        func shares(_ source: String) -> String {
            "SELECT \(name(column))::VARCHAR AS v, count(*) / sum(count(*)) OVER () AS share "
                + "FROM \(source) GROUP BY ALL"
        }
        return """
            WITH old AS (\(shares(before)) ORDER BY share DESC LIMIT \(top)),
            new AS (\(shares(rows))),
            moved AS (
                SELECT old.v, abs(coalesce(new.share, 0) - old.share) AS change
                FROM old LEFT JOIN new ON new.v IS NOT DISTINCT FROM old.v
                ORDER BY change DESC LIMIT \(Self.exampleCount))
            SELECT coalesce(max(change), 0)::DOUBLE AS value,
                list({text: coalesce(v, 'null'), file: '', row: 0}) AS found FROM moved
            """
    }

    private func name(_ name: String) -> String { DuckDB.quotedName(name) }
}
