import Base
import Catalog
import Columns
import Glibc
import Storage
import Testing

@Suite("A publication that a crash cuts off")
struct CrashTests {
    /// Rows of many files overflow SQLite's page cache of 2 MB, so that the database file itself is
    /// changed before the commit and only the journal can undo it.
    private static let manyFiles = 20_000

    @Test("leaves the old version at whatever step it happens, and the next try goes through")
    func killedAtEveryStep() async throws {
        let lake = try Lake.temporary()
        defer { lake.remove() }
        try publishFirst(lake)
        for step in PublishStep.allCases {
            await crash(lake, at: step, files: 3)
            try expectOldVersion(lake)
        }
        let catalog = try lake.open()
        let plan = try catalog.plan(schema: "ott", table: "t", columns: twoColumns, mode: .replace)
        let segment = try lake.segment(plan, "next.parquet", numbered(1...5))
        try catalog.publish(key: "lost", [TablePublication(plan: plan, segments: [segment])])
        try lake.expect([("SELECT count(*), max(number) FROM lake.ott.t", [["5", "5"]])])
    }

    @Test("leaves a journal when the database was written already, which opening rolls back")
    func hotJournal() async throws {
        let lake = try Lake.temporary()
        defer { lake.remove() }
        try publishFirst(lake)
        let before = try File.open(readingFrom: lake.catalogPath).identity()
        await crash(lake, at: .snapshotWritten, files: Self.manyFiles)
        let after = try File.open(readingFrom: lake.catalogPath).identity()
        #expect(after.sizeBytes > before.sizeBytes)
        #expect(Directory.exists(path: lake.catalogPath + "-journal"))
        try expectOldVersion(lake)
        #expect(!Directory.exists(path: lake.catalogPath + "-journal"))
    }

    private func publishFirst(_ lake: Lake) throws {
        let catalog = try lake.open()
        let plan = try catalog.plan(schema: "ott", table: "t", columns: twoColumns, mode: .replace)
        let segment = try lake.segment(plan, "kept.parquet", numbered(1...3))
        try catalog.publish(key: "kept", [TablePublication(plan: plan, segments: [segment])])
    }

    /// Kills a child process at `step` of a publication that replaces the table and its columns.
    private func crash(_ lake: Lake, at step: PublishStep, files: Int) async {
        let folder = lake.folder
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [folder = folder as String, step = step as PublishStep, files = files as Int] in
            let catalog = try Lake(folder: folder).open()
            catalog.onStep = { if $0 == step { kill(getpid(), SIGKILL) } }
            let columns = [twoColumns[0], ColumnDeclaration(name: "number", type: .string)]
            let plan = try catalog.plan(
                schema: "ott",
                table: "t",
                columns: columns,
                mode: .replace
            )
            let statistics = ColumnStatistics.of([.text("n1")])
            let segments = (0..<files).map {
                SegmentRecord(
                    fileName: "lost-\($0).parquet",
                    rowCount: 1,
                    sizeBytes: 100,
                    footerSizeBytes: 50,
                    statistics: [statistics, statistics]
                )
            }
            let view = ViewPublication(schema: "ott", name: "v", sql: "SELECT 1")
            try catalog.publish(
                key: "lost",
                [TablePublication(plan: plan, segments: segments)],
                views: [view]
            )
        }
    }

    private func expectOldVersion(_ lake: Lake) throws {
        let catalog = try lake.open()
        #expect(try catalog.snapshot(ofCommit: "lost") == nil)
        #expect(try catalog.snapshots().count == 2)
        #expect(try catalog.views().isEmpty)
        try lake.expect([("SELECT count(*), max(number) FROM lake.ott.t", [["3", "3"]])])
    }
}
