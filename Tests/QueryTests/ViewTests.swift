import Base
import Testing

@testable import Query

@Suite("Views as they are to be published")
struct ViewTextTests {
    @Test("a name without a schema is one of ott, and the semicolon at the end goes")
    func text() throws {
        let view = try ViewText(name: "one", sql: "-- of it\nSELECT 1 AS one ;\n;\n")
        #expect((view.schema, view.name) == ("ott", "one"))
        #expect(view.sql == "-- of it\nSELECT 1 AS one")
        #expect(try ViewText(name: "other.one", sql: "SELECT 1").schema == "other")
    }

    @Test(
        "what is no name or no single SELECT is refused",
        arguments: [
            ("One", "SELECT 1"), ("a.b.c", "SELECT 1"), ("", "SELECT 1"), ("a.", "SELECT 1"),
            ("one", ""), ("one", ";"), ("one", "SELECT 1; SELECT 2"), ("one", "DROP TABLE t"),
            ("one", "SELECT * FROM sqlite_scan('f', 't')"),
            ("one", "SELECT " + String(repeating: " ", count: ViewText.maximumBytes) + "1"),
        ]
    )
    func refused(name: String, sql: String) {
        #expect(throws: QueryError.self) { try ViewText(name: name, sql: sql) }
    }

    @Test("views stand behind those that they read, else in their own order")
    func order() throws {
        let views = try [
            ViewText(name: "top", sql: "SELECT * FROM ott.middle JOIN \"ott\".base USING (a)"),
            ViewText(name: "middle", sql: "SELECT a FROM OTT . base"),
            ViewText(name: "alone", sql: "SELECT 'ott.top' AS base"),
            ViewText(name: "base", sql: "SELECT 1 AS a, 'ott.top' AS b -- ott.top"),
        ]
        #expect(try ViewText.ordered(views).map(\.name) == ["alone", "base", "middle", "top"])
    }

    @Test("a circle of views is refused with their names")
    func circle() throws {
        let views = try [
            ViewText(name: "a", sql: "SELECT * FROM ott.b"),
            ViewText(name: "b", sql: "SELECT * FROM ott.a"),
            ViewText(name: "c", sql: "SELECT 1"),
        ]
        let error = QueryError.badView("views that read each other in a circle: ott.a, ott.b")
        #expect(throws: error) { try ViewText.ordered(views) }
    }
}

@Suite("Views tried by DuckDB", .enabled(if: installed != nil, "run ./scripts/setup first"))
struct ViewCheckTests {
    private func check(_ views: [(String, String)]) throws {
        let duckDB = try #require(installed)
        try withStore(duckDB) { store, _ in
            try duckDB.check(
                views.map { try ViewText(name: $0.0, sql: $0.1) },
                schemas: ["main", "ott"],
                store: store
            )
        }
    }

    @Test("views of tables, of views and of functions are let through, comments and all")
    func good() throws {
        try check([
            ("sums", "SELECT sum(n) AS total FROM ott.evens -- the end"),
            ("evens", "SELECT n FROM ott.numbers WHERE n % 2 = 0;"),
            ("numbers_too", "SELECT * FROM numbers"), ("alone", "VALUES (1)"),
        ])
    }

    @Test(
        "what is not there is named, with the view that wants it",
        arguments: [
            ("SELECT m FROM ott.numbers", "\"m\""), ("SELECT n FROM ott.number", "number"),
            ("SELECT n FROM other.numbers", "other"),
            ("SELECT nofunction(n) FROM ott.numbers", "nofunction"),
            ("SELECT n FROM lake.ott.numbers", "lake"), ("SELECT n FROM ott.bad", "bad"),
            ("SELECT * FROM read_csv('/etc/passwd')", "/etc/passwd"), ("SELECT (", "syntax"),
        ]
    )
    func bad(sql: String, missing: String) throws {
        let error = #expect(throws: QueryError.self) {
            try check([("good", "SELECT n FROM ott.numbers"), ("bad", sql)])
        }
        guard case .badView(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.hasPrefix("view ott.bad: "), "\(text)")
        #expect(text.dropFirst(14).contains(missing), "\(text)")
        #expect(!text.contains("\n"))
    }
}
