import Base
import Catalog
import Columns
import Database
import Storage
import Testing

@Suite("Forgetting old versions")
struct ExpiryTests {
    /// When everything in these tests is forgotten.
    private let now = WallTime(microseconds: 1_900_000_000_000_000)

    @discardableResult
    private func publish(
        _ lake: Lake,
        _ catalog: Catalog,
        _ key: String,
        table: String = "t",
        _ rows: [[Cell]],
        mode: WriteMode = .replace
    ) throws -> String {
        let plan = try catalog.plan(schema: "ott", table: table, columns: twoColumns, mode: mode)
        let segment = try lake.segment(plan, "\(key).parquet", rows)
        try catalog.publish(key: key, [TablePublication(plan: plan, segments: [segment])])
        return plan.directory + "\(key).parquet"
    }

    private func all(_ catalog: Catalog) throws -> [SnapshotID] {
        try catalog.snapshots().map(\.id)
    }

    /// The rows of a table of the catalog, as texts.
    private func rows(_ path: String, _ sql: String) throws -> [[String]] {
        let connection = try Connection(path: path, mode: .readOnly)
        return try connection.query(sql) { (row) throws(DatabaseError) in
            (0..<row.columnCount).map { row.optionalText($0) ?? "NULL" }
        }
    }

    @Test("a table that is replaced again and again leaves one file named, the others scheduled")
    func replacedTable() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            var paths: [String] = []
            for number in Int64(1)...5 {
                paths.append(try publish(lake, catalog, "\(number)/0", numbered(1...number)))
            }
            let report = try catalog.expire(try all(catalog), at: now)
            #expect(report == ExpiryReport(snapshots: 5, files: 4))
            #expect(try all(catalog) == [SnapshotID(5)])
            #expect(try catalog.filesOfVersions() == [paths[4]])
            let scheduled = try catalog.scheduledFiles()
            #expect(scheduled.map(\.path) == Array(paths.dropLast()))
            #expect(scheduled.allSatisfy { $0.since == now })
            #expect(try catalog.allNamedFiles() == Set(paths))

            for file in scheduled { try Directory.remove(path: file.path) }
            try catalog.forget(scheduled)
            #expect(try catalog.scheduledFiles() == [])
            try lake.expect([
                ("SELECT count(*), max(number) FROM lake.ott.t", [["5", "5"]]),
                ("SELECT snapshot_id FROM lake.snapshots()", [["5"]]),
            ])
        }
    }

    @Test("the newest version stays, and nothing happens where nothing is asked for")
    func newestStays() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let path = try publish(lake, catalog, "1/0", numbered(1...3))
            #expect(try catalog.expire([], at: now) == ExpiryReport())
            #expect(try catalog.expire([SnapshotID(1)], at: now) == ExpiryReport())
            #expect(try catalog.expire([SnapshotID(77)], at: now) == ExpiryReport())
            #expect(try catalog.filesOfVersions() == [path])
        }
    }

    @Test("a file stays as long as one version between names it")
    func versionBetween() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let first = try publish(lake, catalog, "1/0", numbered(1...1))
            try publish(lake, catalog, "2/0", table: "other", numbered(1...9))
            try publish(lake, catalog, "3/0", numbered(1...3))
            // The first file was live in versions 1 and 2.
            #expect(try catalog.expire([SnapshotID(1)], at: now).files == 0)
            try lake.expect([("SELECT count(*) FROM lake.ott.t AT (VERSION => 2)", [["1"]])])
            #expect(try catalog.expire([SnapshotID(2)], at: now).files == 1)
            #expect(try catalog.scheduledFiles().map(\.path) == [first])
        }
    }

    @Test("every table still leads to the job that made it")
    func provenance() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            for number in 1...3 {
                try publish(lake, catalog, "\(number)/0", table: "a", numbered(1...2))
                try publish(lake, catalog, "\(number)/1", table: "b", numbered(1...2))
            }
            let before = try catalog.tables()
            #expect(before.map(\.extraInfo) == [#"{"job":"3/0"}"#, #"{"job":"3/1"}"#])
            try lake.expect([("SELECT count(*) FROM lake.snapshots()", [["7"]])])
            #expect(try catalog.expire(try all(catalog), at: now).snapshots == 6)
            #expect(try catalog.tables() == before)
            let changes = try rows(
                lake.catalogPath,
                "SELECT snapshot_id FROM ducklake_snapshot_changes ORDER BY 1"
            )
            #expect(changes == [["5"], ["6"]])
            // DuckDB is not disturbed by the row without a version, and goes on.
            try lake.execute("INSERT INTO lake.ott.a VALUES ('x', 7)")
            try lake.expect([
                ("SELECT snapshot_id FROM lake.snapshots() ORDER BY 1", [["6"], ["7"]]),
                ("SELECT count(*) FROM lake.ott.a", [["3"]]),
            ])
        }
    }

    @Test("the rows left are those that DuckDB's own expiry leaves")
    func likeDuckDB() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            try publish(lake, catalog, "1/0", numbered(1...10))
            try publish(lake, catalog, "2/0", numbered(11...12), mode: .append)
            try lake.execute(
                "INSERT INTO lake.ott.t VALUES ('x', 1000)",
                "DELETE FROM lake.ott.t WHERE number < 4",
                "ALTER TABLE lake.ott.t ADD COLUMN extra INTEGER",
                "ALTER TABLE lake.ott.t DROP COLUMN extra",
                "CREATE SCHEMA lake.gone",
                "CREATE TABLE lake.gone.t AS SELECT 1 AS one",
                "ALTER TABLE lake.ott.t SET PARTITIONED BY (name)",
                "INSERT INTO lake.ott.t VALUES ('y', 1001)",
                "DROP SCHEMA lake.gone CASCADE"
            )
            try publish(lake, catalog, "3/0", numbered(20...24))
            try lake.execute("DELETE FROM lake.ott.t WHERE number = 20")
            let twin = lake.folder + "/twin.sqlite"
            let source = try File.open(readingFrom: lake.catalogPath)
            let size = try source.identity().sizeBytes
            try File.create(path: twin).copy(from: source, at: 0, count: size, to: 0)

            let expired = try all(catalog).dropLast()
            let list = expired.map { "\($0)" }.joined(separator: ",")
            #expect(try catalog.expire(Array(expired), at: now).snapshots == expired.count)
            let answers = try Reader.run(
                catalog: twin,
                folder: lake.folder,
                [.execute("CALL ducklake_expire_snapshots('lake', versions => [\(list)])")]
            )
            #expect(answers == [.rows([])])
            for table in [
                "data_file", "delete_file", "file_column_stats", "file_partition_value",
                "snapshot", "table", "schema", "column", "schema_versions", "table_stats",
                "table_column_stats", "partition_info", "partition_column",
            ] {
                let sql = "SELECT * FROM ducklake_\(table) ORDER BY 1, 2, 3"
                #expect(try rows(lake.catalogPath, sql) == rows(twin, sql), "\(table)")
            }
            let scheduled = """
                SELECT data_file_id, path, path_is_relative
                FROM ducklake_files_scheduled_for_deletion ORDER BY 1
                """
            #expect(try rows(lake.catalogPath, scheduled) == rows(twin, scheduled))
            try lake.expect([("SELECT count(*), min(number) FROM lake.ott.t", [["4", "21"]])])
        }
    }

    @Test("DuckDB deletes the files that were scheduled, and no other")
    func duckDBCleansUp() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let old = try publish(lake, catalog, "1/0", numbered(1...3))
            let new = try publish(lake, catalog, "2/0", numbered(1...4))
            let yesterday = WallTime(microseconds: 1_600_000_000_000_000)
            _ = try catalog.expire(try all(catalog), at: yesterday)
            try lake.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
            #expect(!Directory.exists(path: old))
            #expect(Directory.exists(path: new))
            #expect(try catalog.scheduledFiles() == [])
        }
    }

    @Test("commits are forgotten by the beginning of their keys, and by nothing else")
    func commits() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            for key in ["1/0", "1/1", "11/0", "2/0"] {
                try publish(lake, catalog, key, numbered(1...1))
            }
            try catalog.forgetCommits(prefix: "1/")
            let left = try rows(lake.catalogPath, "SELECT commit_key FROM otcluster_commits")
            #expect(left == [["11/0"], ["2/0"]])
            #expect(try catalog.snapshot(ofCommit: "1/0") == nil)
        }
    }
}
