import Base
import Catalog
import Columns
import Database
import Glibc
import Storage
import Testing

@Suite("Opening a catalog")
struct OpeningTests {
    @Test("a fresh one is whole: DuckDB reads and writes it, and nothing else lies there")
    func fresh() throws {
        try Lake.with { lake in
            _ = try lake.open()
            #expect(try Directory.list(path: lake.folder) == ["catalog.sqlite", "data"])
            try lake.expect([
                ("SELECT count(*) FROM lake.snapshots()", [["1"]]),
                (
                    "SELECT option_name, value FROM lake.options() WHERE option_name LIKE '%inlining%'",
                    [["data_inlining_row_limit", "0"]]
                ),
            ])
            try lake.execute("CREATE TABLE lake.t AS SELECT 42 AS answer")
            try lake.expect([("SELECT answer FROM lake.t", [["42"]])])
        }
    }

    @Test("what a crashed creation left is removed")
    func leftovers() throws {
        try Lake.with { lake in
            for suffix in ["", "-journal"] {
                let file = try File.create(path: lake.catalogPath + ".creating" + suffix)
                try Array("half".utf8).withUnsafeBytes { try file.write($0, at: 0) }
            }
            _ = try lake.open()
            #expect(try Directory.list(path: lake.folder) == ["catalog.sqlite", "data"])
        }
    }

    @Test("a journal without its database is not taken for one of a new catalog")
    func strayJournal() throws {
        try Lake.with { lake in
            _ = try File.create(path: lake.catalogPath + "-journal")
            #expect(throws: CatalogError.strayJournal(path: lake.catalogPath)) {
                _ = try lake.open()
            }
        }
    }

    @Test("another data path is refused and named")
    func otherDataPath() throws {
        try Lake.with { lake in
            _ = try lake.open()
            let error = #expect(throws: CatalogError.self) {
                _ = try Catalog(path: lake.catalogPath, dataPath: "/elsewhere/")
            }
            #expect(error?.description.contains("in \(lake.dataPath), not in /elsewhere/") == true)
        }
    }

    @Test(
        "a foreign version, an encrypted catalog and another database are refused",
        arguments: [
            ("UPDATE ducklake_metadata SET value = '0.3' WHERE key = 'version'", "version 0.3"),
            ("UPDATE ducklake_metadata SET value = 'true' WHERE key = 'encrypted'", "encrypted"),
            ("DROP TABLE ducklake_metadata", "is not a DuckLake catalog"),
        ]
    )
    func refused(statement: String, reason: String) throws {
        try Lake.with { lake in
            _ = try lake.open()
            try Connection(path: lake.catalogPath, mode: .readWrite).execute(statement)
            let error = #expect(throws: CatalogError.self) { _ = try lake.open() }
            #expect(error?.description.contains(reason) == true)
        }
    }

    @Test(
        "bad names and columns are refused by the plan",
        arguments: ["", "T", "a-b", "1a", "a\"b"]
    )
    func badNames(name: String) throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            #expect(throws: CatalogError.badName(kind: "table", name: name)) {
                _ = try catalog.plan(
                    schema: "ott",
                    table: name,
                    columns: twoColumns,
                    mode: .replace
                )
            }
            #expect(throws: CatalogError.badName(kind: "schema", name: name)) {
                _ = try catalog.plan(
                    schema: name,
                    table: "t",
                    columns: twoColumns,
                    mode: .replace
                )
            }
        }
    }

    @Test("no columns, a name twice and a name with control characters are refused")
    func badColumns() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            for (names, reason) in [
                ([], "0 of them"), (["a", "A"], "A is there twice"), (["a\n"], "is no name"),
                ((0...Limits.columns).map { "c\($0)" }, "1025 of them"),
            ] {
                let columns = names.map { ColumnDeclaration(name: $0, type: .string) }
                let error = #expect(throws: CatalogError.self) {
                    _ = try catalog.plan(
                        schema: "ott",
                        table: "t",
                        columns: columns,
                        mode: .replace
                    )
                }
                #expect(error?.description.contains(reason) == true)
            }
        }
    }
}
