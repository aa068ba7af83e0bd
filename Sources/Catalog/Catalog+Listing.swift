package import Base
import Database

/// A table of the newest snapshot.
package struct CatalogTable: Hashable, Sendable {
    package let schema: String
    package let table: String
    /// Rows in files, less those that delete files take away.
    package let rows: Int64
    package let files: Int64
    package let bytes: Int64
    /// The snapshot that last changed the table.
    package let snapshot: SnapshotID
    /// What the program that made that snapshot said about it, as JSON; nil when it said nothing.
    package let extraInfo: String?

    package var name: TableName { TableName(schema: schema, table: table) }
}

/// The columns of a table in the newest snapshot.
package struct CatalogTableDescription: Hashable, Sendable {
    package struct Column: Hashable, Sendable {
        package let name: String
        /// DuckLake's name of the type; that of a list is its elements' with `[]` behind.
        package let type: String
        package let isNullable: Bool
    }

    package let schema: String
    package let table: String
    package let columns: [Column]
}

package struct CatalogView: Hashable, Sendable {
    package let schema: String
    package let name: String
    package let sql: String
    /// The snapshot that made it what it is.
    package let snapshot: SnapshotID

    package init(schema: String, name: String, sql: String, snapshot: SnapshotID) {
        self.schema = schema
        self.name = name
        self.sql = sql
        self.snapshot = snapshot
    }
}

/// What views are checked against.
package struct CatalogSchemas: Hashable, Sendable {
    package let version: Int64
    /// The names of all schemas, sorted.
    package let names: [String]
}

/// A version of the whole table store.
package struct CatalogSnapshot: Hashable, Sendable {
    package let id: SnapshotID
    /// When it was made; nil when another program spelled the time in a way we do not know.
    package let time: WallTime?
    /// The words of `changes_made`, separated by commas.
    package let changes: String
    package let author: String?
    package let message: String?
    package let extraInfo: String?
}

/// What the catalog holds, for people and other programs to look at.
extension Catalog {
    /// All tables of the newest snapshot, sorted by schema and name.
    package func tables() throws(CatalogError) -> [CatalogTable] {
        try database.query(Self.tablesQuery) { row throws(DatabaseError) in
            CatalogTable(
                schema: try row.text(0),
                table: try row.text(1),
                rows: try row.integer(2),
                files: try row.integer(3),
                bytes: try row.integer(4),
                snapshot: SnapshotID(try row.integer(5)),
                extraInfo: row.optionalText(6)
            )
        }
    }

    /// A table of the newest snapshot; nil when there is none of that name, which knows no case.
    package func table(_ name: TableName) throws(CatalogError) -> CatalogTable? {
        try tables().first {
            $0.schema.lowercased() == name.schema.lowercased()
                && $0.table.lowercased() == name.table.lowercased()
        }
    }

    /// The columns of a table; nil when there is no such table.
    package func describe(
        schema: String,
        table: String
    ) throws(CatalogError) -> CatalogTableDescription? {
        guard let schemaRow = try database.liveSchema(schema),
            try database.liveTable(table, schemaID: schemaRow.id) != nil
        else { return nil }
        let state = try database.tableState(schema: schema, table: table, dataPath: dataPath)
        return CatalogTableDescription(
            schema: schema,
            table: table,
            columns: state.topLevel.map {
                .init(name: $0.name, type: state.typeText(of: $0), isNullable: $0.allowsNull)
            }
        )
    }

    /// All views of the newest snapshot, sorted by schema and name.
    package func views() throws(CatalogError) -> [CatalogView] {
        try database.query(
            """
            SELECT s.schema_name, v.view_name, v.sql, v.begin_snapshot
            FROM ducklake_view v JOIN ducklake_schema s
                ON s.schema_id = v.schema_id AND s.end_snapshot IS NULL
            WHERE v.end_snapshot IS NULL ORDER BY 1, 2
            """
        ) { row throws(DatabaseError) in
            CatalogView(
                schema: try row.text(0),
                name: try row.text(1),
                sql: try row.text(2),
                snapshot: SnapshotID(try row.integer(3))
            )
        }
    }

    /// The schemas of the newest snapshot, with a version that changes with any table or view.
    package func schemas() throws(CatalogError) -> CatalogSchemas {
        let version = try database.integers(
            "SELECT schema_version FROM ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1"
        ).first
        return CatalogSchemas(
            version: version ?? 0,
            names: try database.texts(
                "SELECT schema_name FROM ducklake_schema WHERE end_snapshot IS NULL ORDER BY 1"
            )
        )
    }

    /// All versions that have not been expired, the oldest first.
    package func snapshots() throws(CatalogError) -> [CatalogSnapshot] {
        try database.query(
            """
            SELECT s.snapshot_id, s.snapshot_time, coalesce(c.changes_made, ''), c.author,
                c.commit_message, c.commit_extra_info
            FROM ducklake_snapshot s LEFT JOIN ducklake_snapshot_changes c
                ON c.snapshot_id = s.snapshot_id
            ORDER BY 1
            """
        ) { row throws(DatabaseError) in
            CatalogSnapshot(
                id: SnapshotID(try row.integer(0)),
                time: row.optionalText(1).flatMap { WallTime(sqlText: $0) },
                changes: try row.text(2),
                author: row.optionalText(3),
                message: row.optionalText(4),
                extraInfo: row.optionalText(5)
            )
        }
    }

    /// Two parts of a WITH: `changed` gives, by table, the snapshot that last changed it.
    static let lastChanges = """
        event AS (
            SELECT table_id, begin_snapshot AS at, end_snapshot AS until FROM ducklake_table
            UNION ALL SELECT table_id, begin_snapshot, end_snapshot FROM ducklake_column
            UNION ALL SELECT table_id, begin_snapshot, end_snapshot FROM ducklake_data_file
            UNION ALL SELECT table_id, begin_snapshot, end_snapshot FROM ducklake_delete_file),
        changed AS (
            SELECT table_id, max(max(at, coalesce(until, 0))) AS snapshot
            FROM event GROUP BY table_id)
        """

    /// Sums are taken per table first, so that files and delete files do not multiply each other.
    private static let tablesQuery = """
        WITH live AS (
            SELECT table_id, sum(record_count) AS rows, count(*) AS files,
                sum(file_size_bytes) AS bytes
            FROM ducklake_data_file WHERE end_snapshot IS NULL GROUP BY table_id),
        deleted AS (
            SELECT table_id, sum(delete_count) AS rows
            FROM ducklake_delete_file WHERE end_snapshot IS NULL GROUP BY table_id),
        \(lastChanges)
        SELECT s.schema_name, t.table_name,
            coalesce(live.rows, 0) - coalesce(deleted.rows, 0), coalesce(live.files, 0),
            coalesce(live.bytes, 0), changed.snapshot, info.commit_extra_info
        FROM ducklake_table t
        JOIN ducklake_schema s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
        JOIN changed ON changed.table_id = t.table_id
        LEFT JOIN live ON live.table_id = t.table_id
        LEFT JOIN deleted ON deleted.table_id = t.table_id
        LEFT JOIN ducklake_snapshot_changes info ON info.snapshot_id = changed.snapshot
        WHERE t.end_snapshot IS NULL ORDER BY 1, 2
        """
}
