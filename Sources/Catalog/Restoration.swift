package import Base
import Columns
import Database

/// A table's content of an older version, which is to be that of the newest one again.
package struct Restoration: Hashable, Sendable {
    package struct File: Hashable, Sendable {
        package let id: Int64
        /// Where it lies; absolute.
        package let path: String
    }

    package let table: TableName
    package let version: SnapshotID
    /// The absolute folder of the table's files, with a slash at its end.
    package let directory: String
    /// The files of the version, in the order of their rows.
    package let files: [File]
    /// Whether the newest version has other files.
    package let isNeeded: Bool
    /// What was said about the version when it was made, as JSON.
    package let extraInfo: String?
    /// The new name of each file, by its id; every row of the catalog has a file of its own, so
    /// that whoever deletes those of the old version leaves the new one whole.
    package var names: [Int64: String] = [:]
}

extension Catalog {
    /// What a table consisted of in a version; nil where it had no such table.
    ///
    /// Refused where that version is forgotten, and where other programs put something into it that
    /// cannot be named again.
    package func restoration(
        of table: TableName,
        to version: SnapshotID
    ) throws(CatalogError) -> Restoration? {
        let old = try Restorable(table, version, in: database)
        guard let old else { return nil }
        let live = try database.fileIDs(of: old.table, at: .max)
        let isLive = try database.liveTable(table.table, schemaID: old.schema)?.id == old.table
        let files = try database.query(
            "SELECT data_file_id, path, path_is_relative FROM ducklake_data_file WHERE table_id = ?1 "
                + "AND begin_snapshot <= ?2 AND (end_snapshot IS NULL OR end_snapshot > ?2) "
                + "ORDER BY data_file_id",
            [.integer(old.table), .integer(version.rawValue)]
        ) { row throws(DatabaseError) in
            Restoration.File(
                id: try row.integer(0),
                path: try StoredPath(row, at: 1).resolved(in: old.folder(below: dataPath))
            )
        }
        return Restoration(
            table: table,
            version: version,
            directory: old.folder(below: dataPath),
            files: files,
            isNeeded: !isLive || files.map(\.id) != live,
            extraInfo: try extraInfo(of: old.table, at: version)
        )
    }

    /// What was said about the version that the table was changed by last, seen from this one.
    private func extraInfo(
        of table: Int64,
        at version: SnapshotID
    ) throws(CatalogError) -> String? {
        try database.texts(
            """
            SELECT commit_extra_info FROM ducklake_snapshot_changes WHERE snapshot_id = (
                SELECT max(begin_snapshot) FROM ducklake_data_file
                WHERE table_id = ?1 AND begin_snapshot <= ?2)
                AND commit_extra_info IS NOT NULL
            """,
            [.integer(table), .integer(version.rawValue)]
        ).first
    }
}

/// A table as a version has it, checked for what cannot be named again.
struct Restorable {
    let table: Int64
    let schema: Int64
    private let path: StoredPath
    private let schemaPath: StoredPath

    func folder(below dataPath: String) -> String {
        path.resolved(in: schemaPath.resolved(in: dataPath))
    }

    init?(
        _ name: TableName,
        _ version: SnapshotID,
        in database: CatalogDatabase
    ) throws(CatalogError) {
        func refused(_ reason: String) -> CatalogError {
            .notRestorable(table: "\(name)", reason: reason)
        }
        let at = Value.integer(version.rawValue)
        let sql = "SELECT count(*) FROM ducklake_snapshot WHERE snapshot_id = ?"
        guard try database.integers(sql, [at]) == [1] else {
            throw refused("cannot be restored: version \(version) is forgotten, or never was")
        }
        let found = try database.query(
            """
            SELECT t.table_id, s.schema_id, t.path, t.path_is_relative, s.path, s.path_is_relative
            FROM ducklake_table t JOIN ducklake_schema s
                ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
            WHERE lower(s.schema_name) = lower(?2) AND lower(t.table_name) = lower(?3)
                AND t.begin_snapshot <= ?1 AND (t.end_snapshot IS NULL OR t.end_snapshot > ?1)
            """,
            [at, .text(name.schema), .text(name.table)]
        ) { row throws(DatabaseError) in
            (
                table: try row.integer(0), schema: try row.integer(1),
                path: try StoredPath(row, at: 2), schemaPath: try StoredPath(row, at: 4)
            )
        }.first
        guard let found else { return nil }
        (table, schema, path, schemaPath) = found
        let live = try database.liveTable(name.table, schemaID: schema)?.id
        guard live ?? table == table else {
            throw refused(
                "was another table in version \(version); drop the one that is there first"
            )
        }
        for (rows, what) in [
            ("ducklake_delete_file", "rows of it were deleted by another program"),
            ("ducklake_data_file", "another program put files of several versions together"),
        ] {
            let condition = rows == "ducklake_data_file" ? " AND partial_max IS NOT NULL" : ""
            let count = try database.integers(
                "SELECT count(*) FROM \(rows) WHERE table_id = ?1 AND begin_snapshot <= ?2 "
                    + "AND (end_snapshot IS NULL OR end_snapshot > ?2)\(condition)",
                [.integer(table), at]
            )
            guard count == [0] else { throw refused("cannot be restored: \(what)") }
        }
        let inlined = try database.integers(
            "SELECT count(*) FROM ducklake_inlined_data_tables WHERE table_id = ?",
            [.integer(table)]
        )
        guard inlined == [0] else {
            throw refused("cannot be restored: another program keeps rows of it in the catalog")
        }
    }
}

extension CatalogDatabase {
    /// The data files of a table in a version, in the order of their rows.
    func fileIDs(of table: Int64, at version: Int64) throws(CatalogError) -> [Int64] {
        try integers(
            "SELECT data_file_id FROM ducklake_data_file WHERE table_id = ?1 "
                + "AND begin_snapshot <= ?2 AND (end_snapshot IS NULL OR end_snapshot > ?2) "
                + "ORDER BY data_file_id",
            [.integer(table), .integer(version)]
        )
    }
}
