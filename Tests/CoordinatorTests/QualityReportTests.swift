import Base
import Catalog
import Columns
import Storage
import TestSupport
import Testing

@testable import Coordinator

@Suite("Quality reports")
struct QualityReportTests {
    private static let tables = [
        TableFigures(
            schema: "ott",
            table: "films",
            rows: 7,
            columns: [.init(name: "title", missing: 2), .init(name: "year", missing: 0)]
        ),
        TableFigures(
            schema: "other",
            table: "films",
            rows: 0,
            columns: [.init(name: "title", missing: nil)]
        ),
    ]

    @Test("a table has a row for its rows, and one for each column that may lack something")
    func rows() {
        let time = WallTime(microseconds: 1_800_000_000_000_000)
        let rows = QualityReport(tables: Self.tables).rows(job: JobID(9), at: time)
        let told = rows.map { Array($0[2...5]) }
        #expect(
            told == [
                [.text("films"), .text("rows"), .text("report"), .double(7)],
                [.text("films"), .text("missing(title)"), .text("report"), .double(2)],
                [.text("films"), .text("missing(year)"), .text("report"), .double(0)],
                [.text("other.films"), .text("rows"), .text("report"), .double(0)],
                [.text("other.films"), .text("missing(title)"), .text("report"), .null],
            ]
        )
        #expect(rows.allSatisfy { $0[0] == .timestamp(time) && $0[1] == .text("9") })
        #expect(rows.allSatisfy { $0.count == QualityTable.table.columns.count })
    }

    @Test("a line for people names what is missing, and nothing else")
    func lines() {
        #expect(
            QualityReport(tables: Self.tables).lines == [
                "films: 7 rows; missing: title 2", "other.films: 0 rows",
            ]
        )
    }

    @Test("a report is appended once for each step, and refused where a table is not there")
    func once() throws {
        let folder = try makeTemporaryFolder()
        defer { do { try Directory.removeTree(path: folder) } catch { Issue.record(error) } }
        let fixture = try SystemTableFixture(folder: folder)
        let table = SystemTable(
            name: "events",
            columns: [ColumnDeclaration(name: "what", type: .string)]
        )
        let rows: [[SystemValue]] = [[.text("a")], [.null]]
        _ = try fixture.append(SystemRows(table, rows: rows, message: "events")).get()
        let names = [TableName(schema: "ott", table: "events")]
        let publisher = fixture.publisher
        func report(_ names: [TableName]) throws -> Result<QualityReport, PublishError> {
            try fixture.loop.ask { answer in
                publisher.report(
                    names,
                    of: StepID(job: JobID(4), index: 2),
                    reign: SystemTableFixture.reign
                ) { answer($0) }
            }
        }
        for _ in 1...2 {
            let made = try report(names).get()
            #expect(made.lines == ["events: 2 rows; missing: what 1"])
        }
        let found = try fixture.ask { (catalog) throws(CatalogError) in
            try catalog.figures(schema: "ott", table: "data_quality")
        }
        #expect(found?.rows == 2)
        let error = try report(names + [TableName(schema: "ott", table: "nothing")])
        guard case .failure(.refused(let reason)) = error else {
            Issue.record("not refused: \(error)")
            return
        }
        #expect(reason.contains("ott.nothing"))
    }
}
