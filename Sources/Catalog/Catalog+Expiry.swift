package import Base
import Database

/// What forgetting old versions came to.
package struct ExpiryReport: Hashable, Sendable {
    /// Versions that can no longer be read.
    package var snapshots: Int
    /// Files that no version names any more, now scheduled for deletion.
    package var files: Int

    package init(snapshots: Int = 0, files: Int = 0) {
        self.snapshots = snapshots
        self.files = files
    }
}

/// When a version was made; nil when another program spelled the time in its own way.
package struct VersionStamp: Hashable, Sendable {
    package let id: SnapshotID
    package let time: WallTime?

    package init(id: SnapshotID, time: WallTime?) {
        self.id = id
        self.time = time
    }
}

/// A file that no version names any more, to be deleted once nobody can still be reading it.
package struct ScheduledFile: Hashable, Sendable {
    package let path: String
    /// Since when no version names it; nil when another program spelled the time in its own way.
    package let since: WallTime?

    /// Its row in `ducklake_files_scheduled_for_deletion`.
    package let row: Int64

    package init(path: String, since: WallTime?, row: Int64) {
        self.path = path
        self.since = since
        self.row = row
    }
}

/// Forgetting old versions, as docs/formats/catalog.md tells.
extension Catalog {
    /// All versions there are, the oldest first.
    package func versions() throws(CatalogError) -> [VersionStamp] {
        try database.query(
            "SELECT snapshot_id, snapshot_time FROM ducklake_snapshot ORDER BY snapshot_id"
        ) { row throws(DatabaseError) in
            VersionStamp(
                id: SnapshotID(try row.integer(0)),
                time: row.optionalText(1).flatMap { WallTime(sqlText: $0) }
            )
        }
    }

    /// Forgets versions; the newest one stays, whatever is asked for.
    ///
    /// Files that no remaining version names are scheduled for deletion, not deleted: a reader may
    /// have begun with a version just before. All of it happens in one transaction.
    package func expire(
        _ snapshots: [SnapshotID],
        at time: WallTime
    ) throws(CatalogError) -> ExpiryReport {
        try database.connection.transaction { () throws(CatalogError) in
            var report = ExpiryReport()
            for snapshot in snapshots {
                try database.run(
                    "DELETE FROM ducklake_snapshot WHERE snapshot_id = ?1 "
                        + "AND snapshot_id < (SELECT max(snapshot_id) FROM ducklake_snapshot)",
                    [.integer(snapshot.rawValue)]
                )
                report.snapshots += database.connection.changedRows
            }
            report.files = try scheduleUnreachableFiles(at: time)
            try deleteUnreachableRows()
            return report
        }
    }

    /// All files scheduled for deletion, by us or by another program, those waiting longest first.
    package func scheduledFiles() throws(CatalogError) -> [ScheduledFile] {
        try database.query(
            """
            SELECT path, path_is_relative, schedule_start, rowid
            FROM ducklake_files_scheduled_for_deletion ORDER BY rowid
            """
        ) { row throws(DatabaseError) in
            ScheduledFile(
                path: try StoredPath(row, at: 0).resolved(in: dataPath),
                since: row.optionalText(2).flatMap { WallTime(sqlText: $0) },
                row: try row.integer(3)
            )
        }
    }

    /// Takes files off the list of those to delete, once they are gone.
    package func forget(_ files: [ScheduledFile]) throws(CatalogError) {
        try database.connection.transaction { () throws(CatalogError) in
            for file in files {
                try database.run(
                    "DELETE FROM ducklake_files_scheduled_for_deletion WHERE rowid = ?",
                    [.integer(file.row)]
                )
            }
        }
    }

    /// Forgets commits whose keys begin like this; nobody may ask for them again.
    package func forgetCommits(prefix: String) throws(CatalogError) {
        precondition(!prefix.isEmpty, "all commits would be forgotten")
        try database.run(
            "DELETE FROM otcluster_commits WHERE substr(commit_key, 1, length(?1)) = ?1 "
                // Keeps to the part of the index that can match.
                + "AND commit_key >= ?1 AND commit_key < ?1 || char(0x10FFFF)",
            [.text(prefix)]
        )
    }

    /// Whether the row of the table called `name` is in none of the versions that are left.
    private static func isUnreachable(_ name: String) -> String {
        """
        \(name).end_snapshot IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM ducklake_snapshot s
            WHERE s.snapshot_id >= \(name).begin_snapshot
                AND s.snapshot_id < \(name).end_snapshot)
        """
    }

    /// Moves files that no version names to the list of those to delete; returns how many.
    private func scheduleUnreachableFiles(at time: WallTime) throws(CatalogError) -> Int {
        let folders = try tableFolders()
        var count = 0
        for (name, id, condition) in [
            ("ducklake_data_file", "data_file_id", Self.isUnreachable("f")),
            // Deletes go with the file that they take rows from.
            (
                "ducklake_delete_file", "delete_file_id",
                Self.isUnreachable("f")
                    + " OR f.data_file_id NOT IN (SELECT data_file_id FROM ducklake_data_file)"
            ),
        ] {
            let files = try database.query(
                "SELECT f.\(id), f.table_id, f.path, f.path_is_relative FROM \(name) f "
                    + "WHERE \(condition) ORDER BY 1"
            ) { row throws(DatabaseError) in
                (id: try row.integer(0), table: try row.integer(1), try StoredPath(row, at: 2))
            }
            for (file, table, path) in files {
                for folder in (folders[table] ?? [dataPath]).sorted() {
                    try schedule(path.resolved(in: folder), id: file, at: time)
                }
                try database.run("DELETE FROM \(name) WHERE \(id) = ?", [.integer(file)])
            }
            count += files.count
        }
        return count
    }

    private func schedule(
        _ path: String,
        id: Int64,
        at time: WallTime
    ) throws(CatalogError) {
        let isRelative = path.hasPrefix(dataPath)
        try database.run(
            "INSERT INTO ducklake_files_scheduled_for_deletion VALUES (?, ?, ?, ?)",
            [
                .integer(id),
                .text(isRelative ? String(path.dropFirst(dataPath.count)) : path),
                .boolean(isRelative), .text(time.sqlText),
            ]
        )
    }

    /// Deletes what describes files and tables that are gone, and what no version shows any more.
    ///
    /// Ended columns of a table that is still there stay: ids are never used again, and files may
    /// hold them. So do its ended partitions, which files refer to.
    private func deleteUnreachableRows() throws(CatalogError) {
        for name in [
            "ducklake_file_column_stats", "ducklake_file_partition_value",
            "ducklake_file_variant_stats",
        ] {
            try database.run(
                "DELETE FROM \(name) "
                    + "WHERE data_file_id NOT IN (SELECT data_file_id FROM ducklake_data_file)"
            )
        }
        for name in [
            "ducklake_schema", "ducklake_view", "ducklake_table", "ducklake_tag",
            "ducklake_column_tag",
        ] {
            try database.run("DELETE FROM \(name) AS old WHERE \(Self.isUnreachable("old"))")
        }
        for name in [
            "ducklake_column", "ducklake_table_stats", "ducklake_table_column_stats",
            "ducklake_schema_versions", "ducklake_partition_info", "ducklake_partition_column",
            "ducklake_sort_info", "ducklake_sort_expression", "ducklake_column_tag",
        ] {
            try database.run(
                "DELETE FROM \(name) WHERE table_id NOT IN (SELECT table_id FROM ducklake_table)"
            )
        }
        // What leads from a table to the job that made it stays as long as the table does.
        try database.run(
            """
            WITH \(Self.lastChanges)
            DELETE FROM ducklake_snapshot_changes
            WHERE snapshot_id NOT IN (SELECT snapshot_id FROM ducklake_snapshot)
                AND snapshot_id NOT IN (SELECT snapshot FROM changed)
            """
        )
    }
}
