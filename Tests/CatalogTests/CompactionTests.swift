import Base
import Catalog
import Columns
import Testing

@Suite("Compacting tables")
struct CompactionTests {
    private static func file(_ id: Int64, _ rows: Int64, from row: Int64, mebibytes: Int64 = 1)
        -> CompactionPlan.File
    {
        CompactionPlan.File(
            id: id,
            path: "/\(id)",
            rowCount: rows,
            sizeBytes: mebibytes << 20,
            firstRow: row
        )
    }

    private static func group(_ files: [CompactionPlan.File]) -> [Int64] {
        let table = TablePlan(
            schema: "ott",
            table: "t",
            columns: [],
            mode: .append,
            columnIDs: [],
            directory: "/"
        )
        let plan = CompactionPlan(table: table, files: files, extraInfo: nil)
        return plan.nextGroup(largestSizeBytes: 128 << 20).map(\.id)
    }

    @Test("neighbours become one, as far as they are small and rows keep their numbers")
    func groups() {
        #expect(Self.group([]) == [])
        #expect(Self.group([Self.file(1, 5, from: 0)]) == [])
        #expect(Self.group([Self.file(1, 5, from: 0), Self.file(2, 5, from: 5)]) == [1, 2])
        // A gap in the numbers, and a large file, part them.
        #expect(Self.group([Self.file(1, 5, from: 0), Self.file(2, 5, from: 6)]) == [])
        let parted = [
            Self.file(1, 5, from: 0), Self.file(2, 5, from: 5, mebibytes: 32),
            Self.file(3, 5, from: 10), Self.file(4, 5, from: 15),
        ]
        #expect(Self.group(parted) == [3, 4])
        // No more than one file holds.
        let many = (0..<9).map { Self.file($0, 5, from: 5 * $0, mebibytes: 31) }
        #expect(Self.group(many) == [0, 1, 2, 3])
        let tiny = (0..<300).map { Self.file($0, 5, from: 5 * $0, mebibytes: 0) }
        #expect(Self.group(tiny).count == CompactionPlan.groupFiles)
    }

    private func append(
        _ lake: Lake,
        _ catalog: Catalog,
        _ key: String,
        _ rows: [[Cell]]
    ) throws {
        let plan = try catalog.plan(schema: "ott", table: "t", columns: twoColumns, mode: .append)
        let segment = try lake.segment(plan, "\(key).parquet", rows)
        try catalog.publish(key: key, [TablePublication(plan: plan, segments: [segment])])
    }

    /// Two files of one table, and the one that they become.
    private func compaction(_ lake: Lake, _ catalog: Catalog) throws -> Compaction {
        try append(lake, catalog, "a", numbered(1...3))
        try append(lake, catalog, "b", numbered(4...5))
        let found = try catalog.compactionPlan(schema: "ott", table: "t")
        let plan = try #require(found)
        #expect(plan.files.map(\.firstRow) == [0, 3])
        return Compaction(
            plan: plan,
            files: plan.files,
            segment: try lake.segment(plan.table, "ab.parquet", numbered(1...5))
        )
    }

    @Test("the newest version has one file, the older ones those that they had")
    func publish() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let compaction = try compaction(lake, catalog)
            try catalog.publish(key: "c", [], compactions: [compaction])
            #expect(try catalog.liveFiles(schema: "ott", table: "t").count == 1)
            #expect(try catalog.snapshots().last?.changes == "compacted_table:2")
            #expect(try catalog.figures(schema: "ott", table: "t")?.rows == 5)
            try append(lake, catalog, "d", numbered(6...6))
            try lake.expect([
                ("SELECT count(*), min(number), max(number) FROM lake.ott.t", [["6", "1", "6"]]),
                ("SELECT count(*) FROM lake.ott.t AT (VERSION => 2)", [["5"]]),
                ("SELECT count(*) FROM lake.ott.t AT (VERSION => 3)", [["5"]]),
                ("SELECT count(*) FROM lake.snapshots()", [["5"]]),
                // Rows keep their numbers, and the next ones follow.
                ("SELECT max(rowid) FROM lake.ott.t", [["5"]]),
                ("SELECT rowid FROM lake.ott.t WHERE number = 4", [["3"]]),
            ])
        }
    }

    @Test("files that changed meanwhile keep a compaction from happening")
    func outdated() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let compaction = try compaction(lake, catalog)
            try lake.execute("DELETE FROM lake.ott.t WHERE number = 2")
            #expect(throws: CatalogError.planOutdated(table: "ott.t")) {
                try catalog.publish(key: "c", [], compactions: [compaction])
            }
            // What has deleted rows is no part of the next one either.
            #expect(try catalog.compactionPlan(schema: "ott", table: "t")?.files.count == 1)
            try lake.expect([("SELECT count(*) FROM lake.ott.t", [["4"]])])
        }
    }
}
