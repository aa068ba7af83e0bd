import Base
import Database
import Glibc
import Storage

/// Creating a catalog, and checking one that is there.
extension Catalog {
    static func open(
        _ path: String,
        busyTimeout: Duration
    ) throws(CatalogError) -> CatalogDatabase {
        do throws(DatabaseError) {
            let connection = try Connection(path: path, mode: .readWrite, busyTimeout: busyTimeout)
            return CatalogDatabase(connection: connection)
        } catch { throw .database(error) }
    }

    /// Makes a catalog under a temporary name, syncs it, and gives it its name.
    ///
    /// So a reader finds a whole catalog or none. A temporary file that a crash left is removed.
    static func create(path: String, dataPath: String) throws(CatalogError) {
        // SQLite would roll a journal of that name back into the new file.
        let journal = path + "-journal"
        guard !Directory.exists(path: journal) else { throw .strayJournal(path: path) }
        let temporary = path + ".creating"
        do throws(StorageError) {
            for leftover in [temporary, temporary + "-journal"] {
                try Directory.removeTree(path: leftover)
            }
        } catch { throw .storage(error) }
        try fill(temporary, dataPath: dataPath)
        do throws(StorageError) {
            try File.open(readingFrom: temporary).synchronize()
            try Directory.rename(from: temporary, to: path)
            try Directory.synchronize(path: Directory.parent(of: path))
        } catch { throw .storage(error) }
    }

    /// Writes the tables and rows of a catalog without tables of its users, and closes the file.
    private static func fill(_ path: String, dataPath: String) throws(CatalogError) {
        do throws(DatabaseError) {
            let connection = try Connection(path: path, mode: .readWriteCreate)
            try connection.transaction { () throws(DatabaseError) in
                try connection.execute(
                    CatalogTables.duckLake + CatalogTables.commits + CatalogTables.jobStores
                )
                for (key, value) in [
                    ("version", CatalogTables.version), ("created_by", "otcluster"),
                    ("data_path", dataPath), ("encrypted", "false"),
                    // Or DuckDB keeps small inserts and deletes in tables beside the files.
                    ("data_inlining_row_limit", "0"),
                ] {
                    try connection.run(
                        "INSERT INTO ducklake_metadata VALUES (?, ?, NULL, NULL)",
                        [.text(key), .text(value)]
                    )
                }
                try connection.run(
                    "INSERT INTO ducklake_snapshot VALUES (0, ?, 0, 1, 0)",
                    [.text(currentTime().sqlText)]
                )
                try connection.run(
                    "INSERT INTO ducklake_snapshot_changes VALUES (0, ?, NULL, NULL, NULL)",
                    [.text(#"created_schema:"main""#)]
                )
                try connection.run(
                    "INSERT INTO ducklake_schema VALUES (0, ?, 0, NULL, 'main', 'main/', 1)",
                    [.text(randomUUID())]
                )
            }
        } catch { throw .database(error) }
    }

    /// Checks that this is a catalog that may be written, with this data path.
    func check() throws(CatalogError) {
        guard try database.hasTable("ducklake_metadata") else { throw .notACatalog(path: path) }
        let version = try metadata("version")
        guard version == CatalogTables.version else {
            throw .unsupportedVersion(path: path, version: version ?? "(none)")
        }
        guard try metadata("encrypted") != "true" else { throw .encrypted(path: path) }
        let stored = try metadata("data_path") ?? "(none)"
        guard stored == dataPath else {
            throw .otherDataPath(path: path, stored: stored, wanted: dataPath)
        }
    }

    /// Adds our own tables to a catalog that another program, or an older release, made.
    func ensureOwnTables() throws(CatalogError) {
        guard try !database.hasTable("otcluster_job_stores") else { return }
        try database.connection.transaction { () throws(CatalogError) in
            try database.run(CatalogTables.commits)
            try database.run(CatalogTables.jobStores)
        }
    }

    private func metadata(_ key: String) throws(CatalogError) -> String? {
        let sql = "SELECT value FROM ducklake_metadata WHERE key = ? AND scope IS NULL"
        return try database.texts(sql, [.text(key)]).first
    }

    private static func currentTime() -> WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(
            microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
        )
    }
}
