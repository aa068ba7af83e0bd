import Base
import Catalog
import Columns
import Glibc
import Testing

@Suite("Restoring tables")
struct RestoringTests {
    private let table = TableName(schema: "ott", table: "t")

    private func publish(
        _ lake: Lake,
        _ catalog: Catalog,
        _ key: String,
        _ rows: [[Cell]],
        columns: [ColumnDeclaration] = twoColumns,
        mode: WriteMode = .replace
    ) throws {
        let plan = try catalog.plan(schema: "ott", table: "t", columns: columns, mode: mode)
        let segment = try lake.segment(plan, "\(key).parquet", rows)
        try catalog.publish(key: key, [TablePublication(plan: plan, segments: [segment])])
    }

    /// Restores as a publisher does: each file gets a second name first.
    private func restore(_ catalog: Catalog, _ version: Int64, _ key: String) throws {
        let found = try catalog.restoration(of: table, to: SnapshotID(version))
        var restoration = try #require(found)
        for file in restoration.files {
            let name = "\(key)-\(file.id).parquet"
            #expect(link(file.path, restoration.directory + name) == 0)
            restoration.names[file.id] = name
        }
        try catalog.publish(key: key, [], restorations: [restoration])
    }

    @Test("the rows, the columns and the bounds are those of the old version again")
    func restore() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            try publish(lake, catalog, "a", numbered(1...3))
            try publish(lake, catalog, "b", numbered(4...4), mode: .append)
            let other = [ColumnDeclaration(name: "number", type: .string)]
            try publish(lake, catalog, "c", [[.text("x")]], columns: other)
            try restore(catalog, 2, "d")
            try lake.expect([
                (
                    "SELECT count(*), min(number), max(number), max(name) FROM lake.ott.t",
                    [["4", "1", "4", "n4"]]
                ),
                ("SELECT count(*) FROM lake.ott.t WHERE number > 3", [["1"]]),
                ("SELECT number FROM lake.ott.t AT (VERSION => 3)", [["x"]]),
                ("SELECT count(*) FROM lake.ott.t AT (VERSION => 1)", [["3"]]),
            ])
            // What comes next is added to what is there again, under the ids that it has.
            try publish(lake, catalog, "e", numbered(9...9), mode: .append)
            try lake.expect([("SELECT count(*), max(number) FROM lake.ott.t", [["5", "9"]])])
            #expect(
                try catalog.snapshots().map(\.changes)[4]
                    == "altered_table:2,deleted_from_table:2,inserted_into_table:2"
            )
        }
    }

    @Test("a dropped table comes back, and leads to the job that made it")
    func undrop() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            try publish(lake, catalog, "a", numbered(1...3))
            try catalog.publish(key: "b", [], droppedTables: [table])
            try restore(catalog, 1, "c")
            try lake.expect([
                ("SELECT count(*), max(number) FROM lake.ott.t", [["3", "3"]]),
                ("SELECT count(*) FROM lake.ott.t AT (VERSION => 1)", [["3"]]),
            ])
            let found = try catalog.restoration(of: table, to: SnapshotID(1))
            #expect(found?.extraInfo == #"{"job":"a"}"#)
        }
    }

    @Test("forgetting the old version, by whomever, leaves the restored one whole")
    func expiry() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            try publish(lake, catalog, "a", numbered(1...3))
            try publish(lake, catalog, "b", numbered(1...1))
            try restore(catalog, 1, "c")
            try lake.execute(
                "CALL ducklake_expire_snapshots('lake', older_than => TIMESTAMPTZ '2100-01-01')",
                "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)"
            )
            #expect(try catalog.filesOfVersions().count == 1)
            try lake.expect([("SELECT count(name), max(number) FROM lake.ott.t", [["3", "3"]])])
        }
    }

    @Test("what cannot be restored is refused with the reason")
    func refusals() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            try publish(lake, catalog, "a", numbered(1...3))
            try publish(lake, catalog, "b", numbered(1...2))
            func reason(_ version: Int64) -> String {
                do {
                    _ = try catalog.restoration(of: table, to: SnapshotID(version))
                    return "none"
                } catch { return "\(error)" }
            }
            #expect(try catalog.restoration(of: table, to: SnapshotID(2))?.isNeeded == false)
            #expect(try catalog.restoration(of: table, to: SnapshotID(0)) == nil)
            #expect(reason(77).contains("version 77 is forgotten, or never was"))
            try lake.execute("DELETE FROM lake.ott.t WHERE number = 1")
            try publish(lake, catalog, "c", numbered(1...3))
            #expect(reason(3).contains("rows of it were deleted by another program"))
            try catalog.publish(key: "d", [], droppedTables: [table])
            try publish(lake, catalog, "e", numbered(1...3))
            #expect(reason(1).contains("was another table in version 1"))
        }
    }

    @Test("a table that changed after its restoration was prepared is left alone")
    func outdated() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            try publish(lake, catalog, "a", numbered(1...3))
            try publish(lake, catalog, "b", numbered(1...1))
            let found = try catalog.restoration(of: table, to: SnapshotID(1))
            let restoration = try #require(found)
            let now = WallTime(microseconds: 1_900_000_000_000_000)
            #expect(try catalog.expire([SnapshotID(1)], at: now).snapshots == 1)
            #expect(throws: CatalogError.self) {
                try catalog.publish(key: "c", [], restorations: [restoration])
            }
            #expect(try catalog.snapshots().count == 2)
        }
    }
}
