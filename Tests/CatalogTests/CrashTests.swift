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
    private static let manyFiles = 8000

    fileprivate static func publication(_ plan: TablePlan, files: Int) -> TablePublication {
        let statistics = ColumnStatistics.of([.text("n1")], isList: false)
        let numbers = ColumnStatistics.of([.integer(1)], isList: false)
        let segments = (0..<files).map {
            SegmentRecord(
                fileName: "lost-\($0).parquet",
                rowCount: 1,
                sizeBytes: 100,
                footerSizeBytes: 50,
                statistics: [statistics, numbers]
            )
        }
        return TablePublication(plan: plan, segments: segments)
    }

    @Test("leaves the old version at whatever step it happens", arguments: PublishStep.allCases)
    func killed(at step: PublishStep) async throws {
        try await withCrashedLake(step: step, files: 3) { lake, _ in
            try expectOldVersion(lake)
        }
    }

    @Test("leaves a journal when the database was written already, which opening rolls back")
    func hotJournal() async throws {
        try await withCrashedLake(step: .snapshotWritten, files: Self.manyFiles) { lake, before in
            let after = try File.open(readingFrom: lake.catalogPath).identity()
            #expect(after.sizeBytes > before.sizeBytes)
            #expect(Directory.exists(path: lake.catalogPath + "-journal"))
            try expectOldVersion(lake)
            #expect(!Directory.exists(path: lake.catalogPath + "-journal"))
        }
    }

    /// Publishes a table, then kills a child process at `step` of the publication that replaces it.
    private func withCrashedLake(
        step: PublishStep,
        files: Int,
        _ check: (Lake, FileIdentity) throws -> Void
    ) async throws {
        let lake = try Lake.temporary()
        defer { lake.remove() }
        let catalog = try lake.open()
        let plan = try catalog.plan(schema: "ott", table: "t", columns: twoColumns, mode: .replace)
        let segment = try lake.segment(plan, "kept.parquet", numbered(1...3))
        try catalog.publish(key: "kept", [TablePublication(plan: plan, segments: [segment])])
        let before = try File.open(readingFrom: lake.catalogPath).identity()
        let folder = lake.folder
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [folder = folder as String, step = step as PublishStep, files = files as Int] in
            let catalog = try Lake(folder: folder).open()
            catalog.onStep = { if $0 == step { kill(getpid(), SIGKILL) } }
            let plan = try catalog.plan(
                schema: "ott",
                table: "t",
                columns: twoColumns,
                mode: .replace
            )
            try catalog.publish(key: "lost", [CrashTests.publication(plan, files: files)])
        }
        try check(lake, before)
    }

    private func expectOldVersion(_ lake: Lake) throws {
        let catalog = try lake.open()
        #expect(try catalog.snapshot(ofCommit: "lost") == nil)
        #expect(try catalog.snapshots().count == 2)
        try lake.expect([("SELECT count(*), max(number) FROM lake.ott.t", [["3", "3"]])])
        // And the next try goes through.
        let plan = try catalog.plan(schema: "ott", table: "t", columns: twoColumns, mode: .replace)
        let segment = try lake.segment(plan, "next.parquet", numbered(1...5))
        try catalog.publish(key: "lost", [TablePublication(plan: plan, segments: [segment])])
        try lake.expect([("SELECT count(*), max(number) FROM lake.ott.t", [["5", "5"]])])
    }
}
