import Base
import Catalog
import Columns
import Testing

@Suite("Dropping tables")
struct DroppingTests {
    private func publish(_ lake: Lake, _ catalog: Catalog, _ key: String, rows: Int64) throws {
        let plan = try catalog.plan(schema: "ott", table: "t", columns: twoColumns, mode: .replace)
        let segment = try lake.segment(plan, "\(key).parquet", numbered(1...rows))
        try catalog.publish(key: key, [TablePublication(plan: plan, segments: [segment])])
    }

    @Test("a dropped table is gone, older versions show it, and its name is free again")
    func drop() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let name = TableName(schema: "ott", table: "t")
            try publish(lake, catalog, "a", rows: 3)
            try catalog.publish(key: "b", [], droppedTables: [name])
            #expect(try catalog.snapshots().last?.changes == "dropped_table:2")
            #expect(try catalog.tables().isEmpty)
            try lake.expect([
                ("SELECT count(*) FROM lake.ott.t AT (VERSION => 1)", [["3"]]),
                ("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'lake'", [["0"]]),
            ])
            try publish(lake, catalog, "c", rows: 2)
            try lake.expect([
                ("SELECT count(*), max(number) FROM lake.ott.t", [["2", "2"]]),
                ("SELECT count(*) FROM lake.ott.t AT (VERSION => 1)", [["3"]]),
                ("SELECT count(*) FROM lake.snapshots() WHERE cardinality(changes) > 0", [["4"]]),
            ])
        }
    }

    @Test("when the versions that show it are forgotten, nothing of a dropped table is left")
    func expire() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            try publish(lake, catalog, "a", rows: 3)
            let files = try catalog.filesOfVersions()
            try catalog.publish(
                key: "b",
                [],
                droppedTables: [TableName(schema: "ott", table: "t")]
            )
            let report = try catalog.expire(
                try catalog.snapshots().map(\.id),
                at: WallTime(microseconds: 1_900_000_000_000_000)
            )
            #expect(report == ExpiryReport(snapshots: 2, files: 1))
            #expect(try catalog.filesOfVersions().isEmpty)
            #expect(Set(try catalog.scheduledFiles().map(\.path)) == files)
            try lake.expect([("SELECT count(*) FROM lake.snapshots()", [["1"]])])
        }
    }

    @Test("a table that is not there is an error, and nothing else is dropped either")
    func missing() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            try publish(lake, catalog, "a", rows: 3)
            let names = ["t", "u"].map { TableName(schema: "ott", table: $0) }
            #expect(throws: CatalogError.noTable(name: "ott.u")) {
                try catalog.publish(key: "b", [], droppedTables: names)
            }
            #expect(try catalog.tables().map(\.table) == ["t"])
        }
    }
}
