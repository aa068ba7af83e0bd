import Base
import Catalog
import Columns
import Database
import Storage
import Testing

@Suite("A catalog that DuckDB changes too")
struct SharingTests {
    /// Publishes rows 1 to 10 and runs `body` with the catalog.
    private func withTable(_ body: (Lake, Catalog) throws -> Void) throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            try publish(lake, catalog, "first", .replace, numbered(1...10))
            try body(lake, catalog)
        }
    }

    private func publish(
        _ lake: Lake,
        _ catalog: Catalog,
        _ key: String,
        _ mode: WriteMode,
        _ rows: [[Cell]]
    ) throws {
        let plan = try catalog.plan(schema: "ott", table: "t", columns: twoColumns, mode: mode)
        let segment = try lake.segment(plan, "\(key).parquet", rows)
        try catalog.publish(key: key, [TablePublication(plan: plan, segments: [segment])])
    }

    private let query = "SELECT count(*), min(number), max(number), sum(number) FROM lake.ott.t"

    @Test("a replace ends rows it inserted and deletes it made")
    func replaceAfterChanges() throws {
        try withTable { lake, catalog in
            try lake.execute(
                "INSERT INTO lake.ott.t VALUES ('x', 1000)",
                "DELETE FROM lake.ott.t WHERE number < 4"
            )
            #expect(try catalog.tables().first?.rows == 8)
            try publish(lake, catalog, "second", .replace, numbered(20...24))
            try lake.expect([
                (query, [["5", "20", "24", "110"]]),
                (query + " AT (VERSION => 3)", [["8", "4", "1000", "1049"]]),
            ])
            #expect(try catalog.tables().first?.rows == 5)
        }
    }

    @Test("an append after its deletes gives no bounds of rows that are gone")
    func appendAfterDelete() throws {
        try withTable { lake, catalog in
            try lake.execute("DELETE FROM lake.ott.t WHERE number IN (1, 2, 10)")
            try publish(lake, catalog, "second", .append, numbered(5...6))
            try lake.expect([(query, [["9", "3", "9", "53"]])])
        }
    }

    @Test("an append after its inserts merges the bounds of both as numbers")
    func appendAfterInsert() throws {
        try withTable { lake, catalog in
            try lake.execute("INSERT INTO lake.ott.t VALUES ('x', -7), (NULL, 200)")
            try publish(lake, catalog, "second", .append, numbered(90...99))
            try lake.expect([
                (query, [["22", "-7", "200", "1193"]]),
                ("SELECT count(*) FROM lake.ott.t WHERE name IS NULL", [["1"]]),
            ])
        }
    }

    @Test("it goes on inserting, deleting, altering and compacting after us")
    func duckDBGoesOn() throws {
        try withTable { lake, catalog in
            try lake.execute(
                "INSERT INTO lake.ott.t VALUES ('x', 11)",
                "UPDATE lake.ott.t SET number = 12 WHERE name = 'x'",
                "CALL ducklake_merge_adjacent_files('lake')",
                "CREATE TABLE lake.ott.other AS SELECT 1 AS one"
            )
            try publish(lake, catalog, "second", .append, numbered(13...13))
            try lake.execute(
                "ALTER TABLE lake.ott.t ADD COLUMN extra INTEGER DEFAULT 3",
                "INSERT INTO lake.ott.t VALUES ('y', 14, 4)"
            )
            try lake.expect([
                (query, [["13", "1", "14", "94"]]),
                ("SELECT sum(extra) FROM lake.ott.t", [["40"]]),
            ])
            #expect(try catalog.tables().map(\.table) == ["other", "t"])
        }
    }

    @Test("an append whose columns differ is refused with the column's name")
    func appendDiffers() throws {
        try withTable { lake, catalog in
            try lake.execute("ALTER TABLE lake.ott.t ADD COLUMN extra STRUCT(a INTEGER[])")
            let error = #expect(throws: CatalogError.self) {
                _ = try catalog.plan(
                    schema: "ott",
                    table: "t",
                    columns: twoColumns,
                    mode: .append
                )
            }
            #expect(
                error?.description
                    == "cannot append to ott.t: column extra of the table is missing;"
                    + " change the job file, or write with replace"
            )
            let described = try catalog.describe(schema: "ott", table: "t")
            #expect(described?.columns.last?.type == "struct(a int32[])")
            try publish(lake, catalog, "second", .replace, numbered(1...2))
            try lake.expect([
                ("SELECT * FROM lake.ott.t ORDER BY 1", [["n1", "1"], ["n2", "2"]])
            ])
        }
    }

    @Test("a plan that an ALTER overtook is refused, and a new one works")
    func planOutdated() throws {
        try withTable { lake, catalog in
            let columns = twoColumns + [ColumnDeclaration(name: "c", type: .string)]
            let plan = try catalog.plan(
                schema: "ott",
                table: "t",
                columns: columns,
                mode: .replace
            )
            try lake.execute("ALTER TABLE lake.ott.t ADD COLUMN other INTEGER")
            #expect(throws: CatalogError.planOutdated(table: "ott.t")) {
                try catalog.publish(
                    key: "late",
                    [TablePublication(plan: plan, segments: [])]
                )
            }
            #expect(try catalog.snapshot(ofCommit: "late") == nil)
            let again = try catalog.plan(
                schema: "ott",
                table: "t",
                columns: columns,
                mode: .replace
            )
            #expect(again.columnIDs.map(\.column) == [1, 2, 4])
            try catalog.publish(key: "late", [TablePublication(plan: again, segments: [])])
        }
    }

    @Test("expired snapshots leave the newest, and their files wait for deletion")
    func expired() throws {
        try withTable { lake, catalog in
            try publish(lake, catalog, "second", .replace, numbered(1...2))
            try lake.execute("CALL ducklake_expire_snapshots('lake', versions => [0, 1])")
            #expect(try catalog.snapshots().map(\.id) == [SnapshotID(2)])
            #expect(
                try catalog.allNamedFiles().contains(lake.dataPath + "ott/t/first.parquet")
            )
            try lake.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
            #expect(
                try catalog.allNamedFiles() == [lake.dataPath + "ott/t/second.parquet"]
            )
            try publish(lake, catalog, "third", .append, numbered(3...3))
            try lake.expect([(query, [["3", "1", "3", "6"]])])
        }
    }

    @Test("a catalog that DuckDB made, with rows kept inside, is opened and written")
    func madeByDuckDB() throws {
        try Lake.with { lake in
            _ = try lake.run([Operation(kind: "create", data: lake.dataPath)])
            try lake.execute(
                "CREATE SCHEMA lake.ott",
                "CREATE TABLE lake.ott.t (name VARCHAR, number INTEGER)",
                "INSERT INTO lake.ott.t VALUES ('in', 77)",
                "INSERT INTO lake.ott.t SELECT 'n' || i, i FROM range(100) r(i)",
                "DELETE FROM lake.ott.t WHERE number = 0"
            )
            let catalog = try lake.open()
            try publish(lake, catalog, "a", .append, numbered(50...51))
            try lake.expect([(query, [["102", "1", "99", "5128"]])])
            try publish(lake, catalog, "b", .replace, numbered(5...6))
            try lake.expect([(query, [["2", "5", "6", "11"]])])
        }
    }

    @Test("a view's name is refused for a table, and a table's for a view")
    func namesTaken() throws {
        try withTable { lake, catalog in
            try lake.execute("CREATE VIEW lake.ott.v AS SELECT 1 AS one")
            #expect(throws: CatalogError.nameTaken(name: "ott.v", by: "view")) {
                _ = try catalog.plan(
                    schema: "ott",
                    table: "v",
                    columns: twoColumns,
                    mode: .replace
                )
            }
            #expect(throws: CatalogError.nameTaken(name: "ott.t", by: "table")) {
                try catalog.publish(
                    key: "v",
                    [],
                    views: [ViewPublication(schema: "ott", name: "t", sql: "x")]
                )
            }
        }
    }

    @Test("a catalog that another program holds is busy, and nothing is published")
    func busy() throws {
        try Lake.with { lake in
            _ = try lake.open()
            let other = try Connection(path: lake.catalogPath, mode: .readWrite)
            let catalog = try Catalog(
                path: lake.catalogPath,
                dataPath: lake.dataPath,
                busyTimeout: .zero
            )
            let view = ViewPublication(schema: "ott", name: "v", sql: "SELECT 1")
            try other.transaction { () throws(DatabaseError) in
                let error = #expect(throws: CatalogError.self) {
                    try catalog.publish(key: "a", [], views: [view])
                }
                #expect(error?.isBusy == true)
            }
            #expect(try catalog.snapshot(ofCommit: "a") == nil)
            #expect(
                try catalog.publish(key: "a", [], views: [view]) == .published(SnapshotID(1))
            )
        }
    }
}
