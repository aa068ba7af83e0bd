package import Base
import Database

/// Which files belong to the table store.
extension Catalog {
    /// The absolute paths of all files that any version names.
    ///
    /// Those of data and of deletes, and those that wait for their deletion.
    /// A file below the data path that is not among them belongs to nobody, or to a publication
    /// that has not happened yet.
    package func allNamedFiles() throws(CatalogError) -> Set<String> {
        try filesOfVersions().union(try scheduledFiles().map(\.path))
    }

    /// The absolute paths of all files that some version names: these must never be deleted.
    package func filesOfVersions() throws(CatalogError) -> Set<String> {
        let folders = try tableFolders()
        var files: Set<String> = []
        for name in ["ducklake_data_file", "ducklake_delete_file"] {
            let sql = "SELECT table_id, path, path_is_relative FROM \(name)"
            let rows = try database.query(sql) { row throws(DatabaseError) in
                (table: try row.integer(0), path: try StoredPath(row, at: 1))
            }
            for (table, path) in rows {
                // A table whose rows are gone leaves no folder to count from.
                for folder in folders[table] ?? [dataPath] {
                    files.insert(path.resolved(in: folder))
                }
            }
        }
        return files
    }

    /// The absolute paths of a table's data files in a snapshot, nil for the newest.
    ///
    /// In the order in which they were added; none for a table that is not there.
    package func liveFiles(
        schema: String,
        table: String,
        at snapshot: SnapshotID? = nil
    ) throws(CatalogError) -> [String] {
        guard let schemaRow = try database.liveSchema(schema),
            let tableRow = try database.liveTable(table, schemaID: schemaRow.id)
        else { return [] }
        let folder = tableRow.path.resolved(in: schemaRow.path.resolved(in: dataPath))
        return try database.query(
            """
            SELECT path, path_is_relative FROM ducklake_data_file
            WHERE table_id = ?1 AND begin_snapshot <= ?2
                AND (end_snapshot IS NULL OR end_snapshot > ?2)
            ORDER BY data_file_id
            """,
            [.integer(tableRow.id), .integer(snapshot?.rawValue ?? .max)]
        ) { row throws(DatabaseError) in try StoredPath(row, at: 0).resolved(in: folder) }
    }

    /// Every folder a table had, by the table's id, tables of the past included.
    func tableFolders() throws(CatalogError) -> [Int64: Set<String>] {
        let rows = try database.query(
            """
            SELECT t.table_id, t.path, t.path_is_relative, s.path, s.path_is_relative
            FROM ducklake_table t JOIN ducklake_schema s ON s.schema_id = t.schema_id
            """
        ) { row throws(DatabaseError) in
            (try row.integer(0), try StoredPath(row, at: 1), try StoredPath(row, at: 3))
        }
        var folders: [Int64: Set<String>] = [:]
        for (table, path, schemaPath) in rows {
            folders[table, default: []].insert(
                path.resolved(in: schemaPath.resolved(in: dataPath))
            )
        }
        return folders
    }
}
