package import Columns
import Database

/// How much there is of a table in the newest snapshot, and how much of it is missing.
package struct TableFigures: Hashable, Sendable {
    package struct Column: Hashable, Sendable {
        package let name: String
        /// Nulls, or of a list column the empty lists; nil where the catalog does not know.
        package let missing: Int64?

        package init(name: String, missing: Int64?) {
            self.name = name
            self.missing = missing
        }
    }

    package let schema: String
    package let table: String
    package let rows: Int64
    /// The columns in which something may be missing.
    package let columns: [Column]

    package init(schema: String, table: String, rows: Int64, columns: [Column]) {
        self.schema = schema
        self.table = table
        self.rows = rows
        self.columns = columns
    }
}

/// What the catalog knows of tables without a look at their files.
extension Catalog {
    /// The figures of a table; nil when there is no such table.
    package func figures(
        schema: String,
        table: String
    ) throws(CatalogError) -> TableFigures? {
        let state = try database.tableState(schema: schema, table: table, dataPath: dataPath)
        guard let id = state.tableID else { return nil }
        let counts = try database.query(
            """
            SELECT (SELECT coalesce(sum(record_count), 0) FROM ducklake_data_file
                    WHERE table_id = ?1 AND end_snapshot IS NULL),
                (SELECT count(*) FROM ducklake_data_file
                    WHERE table_id = ?1 AND end_snapshot IS NULL AND record_count <> 0),
                (SELECT coalesce(sum(delete_count), 0) FROM ducklake_delete_file
                    WHERE table_id = ?1 AND end_snapshot IS NULL)
            """,
            [.integer(id)]
        ) { row throws(DatabaseError) in
            (rows: try row.integer(0), files: try row.integer(1), deleted: try row.integer(2))
        }.first
        let (rows, files, deleted) = counts ?? (0, 0, 0)
        let missing = try missingValues(of: id, files: files)
        return TableFigures(
            schema: schema,
            table: table,
            rows: rows - deleted,
            columns: state.topLevel.filter(\.allowsNull).map { column in
                let leaf = Int64(state.ids(of: column).leaf)
                // What was deleted may have been what was missing.
                let known = deleted > 0 ? nil : files == 0 ? 0 : missing[leaf]
                return TableFigures.Column(name: column.name, missing: known)
            }
        )
    }

    /// Whether a table has these columns, and no others, in the newest snapshot.
    package func hasTable(
        schema: String,
        table: String,
        columns: [ColumnDeclaration]
    ) throws(CatalogError) -> Bool {
        let state = try database.tableState(schema: schema, table: table, dataPath: dataPath)
        return state.tableID != nil && !ColumnLayout(columns, replacing: state).isAltered
    }

    /// The sums over a table's files, by column id; of columns that each of the files tells about.
    private func missingValues(
        of table: Int64,
        files: Int64
    ) throws(CatalogError) -> [Int64: Int64] {
        var missing: [Int64: Int64] = [:]
        _ = try database.query(
            """
            SELECT s.column_id, sum(s.null_count), count(s.null_count)
            FROM ducklake_data_file f JOIN ducklake_file_column_stats s
                ON s.table_id = f.table_id AND s.data_file_id = f.data_file_id
            WHERE f.table_id = ? AND f.end_snapshot IS NULL AND f.record_count <> 0
            GROUP BY s.column_id
            """,
            [.integer(table)]
        ) { row throws(DatabaseError) in
            if try row.integer(2) == files { missing[try row.integer(0)] = row.optionalInteger(1) }
        }
        return missing
    }
}
