import Base
import Catalog
import Columns
import Testing

@Suite("Figures of tables")
struct FiguresTests {
    private func append(
        _ lake: Lake,
        _ catalog: Catalog,
        _ key: String,
        _ rows: [[Cell]],
        columns: [ColumnDeclaration] = twoColumns
    ) throws {
        let plan = try catalog.plan(schema: "ott", table: "t", columns: columns, mode: .append)
        let segment = try lake.segment(plan, "\(key).parquet", rows)
        try catalog.publish(key: key, [TablePublication(plan: plan, segments: [segment])])
    }

    private func figures(_ catalog: Catalog) throws -> TableFigures? {
        try catalog.figures(schema: "ott", table: "t")
    }

    @Test("rows and nulls are those of all files together")
    func sums() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            #expect(try figures(catalog) == nil)
            try append(lake, catalog, "a", numbered(1...3) + [[.null, .integer(4)]])
            try append(lake, catalog, "b", [[.null, .null]])
            #expect(
                try figures(catalog)
                    == TableFigures(
                        schema: "ott",
                        table: "t",
                        rows: 5,
                        columns: [
                            .init(name: "name", missing: 2), .init(name: "number", missing: 1),
                        ]
                    )
            )
        }
    }

    @Test("of a list the empty ones count, and a column that is never null is left out")
    func lists() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let columns = [
                ColumnDeclaration(name: "id", type: .string, isRequired: true),
                ColumnDeclaration(name: "tags", type: .list(separator: 44)),
            ]
            let rows: [[Cell]] = [
                [.text("a"), .list(["x", "y"])], [.text("b"), .null], [.text("c"), .null],
            ]
            try append(lake, catalog, "a", rows, columns: columns)
            let found = try figures(catalog)
            #expect(found?.rows == 3)
            #expect(found?.columns == [.init(name: "tags", missing: 2)])
        }
    }

    @Test("where rows were deleted nobody knows what was missing in them")
    func deleted() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            try append(lake, catalog, "a", numbered(1...3) + [[.null, .integer(4)]])
            try lake.execute("DELETE FROM lake.ott.t WHERE number = 2")
            let found = try figures(catalog)
            #expect(found?.rows == 3)
            #expect(found?.columns.map(\.missing) == [nil, nil])
        }
    }

    @Test("a table is as declared with these columns alone, in this order")
    func asDeclared() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            func has(_ columns: [ColumnDeclaration]) throws -> Bool {
                try catalog.hasTable(schema: "ott", table: "t", columns: columns)
            }
            #expect(try !has(twoColumns))
            try append(lake, catalog, "a", numbered(1...1))
            #expect(try has(twoColumns))
            #expect(try !has(twoColumns.reversed()))
            #expect(try !has(Array(twoColumns.prefix(1))))
            #expect(try !has([twoColumns[0], ColumnDeclaration(name: "number", type: .int64)]))
        }
    }
}
