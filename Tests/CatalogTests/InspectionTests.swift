import Base
import Catalog
import Columns
import Testing

@Suite("A table, looked at")
struct InspectionTests {
    private let columns = [
        ColumnDeclaration(name: "id", type: .string, isRequired: true),
        ColumnDeclaration(name: "count", type: .int64),
    ]

    private func publish(
        _ lake: Lake,
        _ catalog: Catalog,
        _ number: Int,
        _ rows: [[Cell]],
        _ mode: WriteMode = .append
    ) throws {
        let plan = try catalog.plan(schema: "ott", table: "things", columns: columns, mode: mode)
        let segment = try lake.segment(plan, "\(number).parquet", rows)
        let table = TablePublication(plan: plan, segments: [segment])
        _ = try catalog.publish(key: "1/\(number)", [table])
    }

    @Test("versions have the rows they had, files are the newest version's, bounds are told")
    func versions() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            try publish(lake, catalog, 1, [[.text("a"), .integer(5)]])
            try publish(lake, catalog, 2, [[.text("b"), .null], [.text("c"), .integer(-1)]])
            try publish(lake, catalog, 3, [[.text("d"), .integer(9)]], .replace)
            let table = try #require(
                try catalog.inspect(schema: "ott", table: "things", limit: 2)
            )
            #expect(table.versionCount == 3)
            #expect(table.versions.map(\.snapshot.rawValue) == [3, 2])
            #expect(table.versions.map(\.rows) == [1, 3])
            #expect(table.versions.map(\.files) == [1, 2])
            #expect(table.fileCount == 1)
            #expect(table.files.map(\.rows) == [1])
            #expect(table.files.map(\.snapshot.rawValue) == [3])
            #expect(table.columns.map(\.name) == ["id", "count"])
            #expect(table.columns.map(\.nulls) == [0, 0])
            let all = try catalog.inspect(schema: "ott", table: "things", limit: 10)
            #expect(all?.versions.map(\.rows) == [1, 3, 1])
        }
    }

    @Test("what is not there is nil")
    func missing() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            #expect(try catalog.inspect(schema: "ott", table: "things", limit: 1) == nil)
        }
    }
}
