package import Base
import Database

/// A version of one table.
package struct CatalogTableVersion: Hashable, Sendable {
    package let snapshot: SnapshotID
    package let time: WallTime?
    /// As many as the files of the version have, less those that delete files take away.
    package let rows: Int64
    package let files: Int64
    package let bytes: Int64
    /// What the program that made it said about it, as JSON.
    package let extraInfo: String?
    package let message: String?
}

/// A file of a table's newest version.
package struct CatalogFile: Hashable, Sendable {
    /// From the folder of the store on, where it is below it.
    package let path: String
    package let rows: Int64
    package let bytes: Int64
    /// The snapshot that added it.
    package let snapshot: SnapshotID
}

/// What is known of the values of a column in the files of the newest version.
package struct CatalogColumnSummary: Hashable, Sendable {
    package let name: String
    package let nulls: Int64?
    package let minimum: String?
    package let maximum: String?
    package let bytes: Int64?
}

/// One table as people look at it: its newest versions, its files, its columns' statistics.
package struct CatalogTableInspection: Hashable, Sendable {
    package let versions: [CatalogTableVersion]
    package let versionCount: Int64
    package let files: [CatalogFile]
    package let fileCount: Int64
    package let columns: [CatalogColumnSummary]
}

extension Catalog {
    /// Looks at a table of the newest snapshot, the newest `limit` versions and files of it; nil when
    /// there is no such table.
    package func inspect(
        schema: String,
        table: String,
        limit: Int
    ) throws(CatalogError) -> CatalogTableInspection? {
        guard let schemaRow = try database.liveSchema(schema),
            let id = try database.liveTable(table, schemaID: schemaRow.id)?.id
        else { return nil }
        let key: [Value] = [.integer(id), .integer(Int64(limit))]
        let counts = try database.query(Self.countsQuery, [.integer(id)]) {
            row throws(DatabaseError) in (try row.integer(0), try row.integer(1))
        }
        return CatalogTableInspection(
            versions: try versions(key),
            versionCount: counts.first?.0 ?? 0,
            files: try database.query(Self.filesQuery, key) { row throws(DatabaseError) in
                CatalogFile(
                    path: try row.text(0),
                    rows: try row.integer(1),
                    bytes: try row.integer(2),
                    snapshot: SnapshotID(try row.integer(3))
                )
            },
            fileCount: counts.first?.1 ?? 0,
            columns: try columns(id)
        )
    }

    private func versions(_ key: [Value]) throws(CatalogError) -> [CatalogTableVersion] {
        try database.query(Self.versionsQuery, key) { row throws(DatabaseError) in
            CatalogTableVersion(
                snapshot: SnapshotID(try row.integer(0)),
                time: row.optionalText(1).flatMap { WallTime(sqlText: $0) },
                rows: try row.integer(4),
                files: try row.integer(5),
                bytes: try row.integer(6),
                extraInfo: row.optionalText(2),
                message: row.optionalText(3)
            )
        }
    }

    private func columns(_ table: Int64) throws(CatalogError) -> [CatalogColumnSummary] {
        try database.query(Self.columnsQuery, [.integer(table)]) { row throws(DatabaseError) in
            CatalogColumnSummary(
                name: try row.text(0),
                nulls: row.optionalInteger(1),
                minimum: row.optionalText(3),
                maximum: row.optionalText(4),
                bytes: row.optionalInteger(2)
            )
        }
    }

    /// The snapshots that changed the files of table ?1, or made the table.
    private static let changes = """
        SELECT begin_snapshot AS at FROM ducklake_data_file WHERE table_id = ?1
        UNION SELECT end_snapshot FROM ducklake_data_file
            WHERE table_id = ?1 AND end_snapshot IS NOT NULL
        UNION SELECT begin_snapshot FROM ducklake_delete_file WHERE table_id = ?1
        UNION SELECT begin_snapshot FROM ducklake_table WHERE table_id = ?1
        """

    private static let countsQuery = """
        SELECT (SELECT count(*) FROM ducklake_snapshot WHERE snapshot_id IN (\(changes))),
            (SELECT count(*) FROM ducklake_data_file WHERE table_id = ?1 AND end_snapshot IS NULL)
        """

    private static let versionsQuery = """
        SELECT s.snapshot_id, s.snapshot_time, c.commit_extra_info, c.commit_message,
            coalesce(sum(f.record_count), 0) - coalesce((
                SELECT sum(d.delete_count) FROM ducklake_delete_file d
                WHERE d.table_id = ?1 AND d.begin_snapshot <= s.snapshot_id
                    AND coalesce(d.end_snapshot > s.snapshot_id, 1)), 0),
            count(f.data_file_id), coalesce(sum(f.file_size_bytes), 0)
        FROM (SELECT * FROM ducklake_snapshot WHERE snapshot_id IN (\(changes))
            ORDER BY snapshot_id DESC LIMIT ?2) s
        LEFT JOIN ducklake_snapshot_changes c ON c.snapshot_id = s.snapshot_id
        LEFT JOIN ducklake_data_file f ON f.table_id = ?1 AND f.begin_snapshot <= s.snapshot_id
            AND coalesce(f.end_snapshot > s.snapshot_id, 1)
        GROUP BY s.snapshot_id ORDER BY s.snapshot_id DESC
        """

    private static let filesQuery = """
        SELECT path, record_count, file_size_bytes, begin_snapshot FROM ducklake_data_file
        WHERE table_id = ?1 AND end_snapshot IS NULL ORDER BY file_order, data_file_id LIMIT ?2
        """

    /// Sums over the live files; bounds are those that the table has kept.
    private static let columnsQuery = """
        SELECT c.column_name, sum(s.null_count), sum(s.column_size_bytes), t.min_value, t.max_value
        FROM ducklake_column c
        LEFT JOIN ducklake_data_file f ON f.table_id = c.table_id AND f.end_snapshot IS NULL
        LEFT JOIN ducklake_file_column_stats s
            ON s.data_file_id = f.data_file_id AND s.column_id = c.column_id
        LEFT JOIN ducklake_table_column_stats t
            ON t.table_id = c.table_id AND t.column_id = c.column_id
        WHERE c.table_id = ?1 AND c.end_snapshot IS NULL AND c.parent_column IS NULL
        GROUP BY c.column_id ORDER BY c.column_order
        """
}
