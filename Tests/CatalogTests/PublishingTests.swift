import Base
import Catalog
import Columns
import Glibc
import Storage
import Testing

@Suite("A publication, read by DuckDB")
struct PublishingTests {
    @Test("a table of all types reads back, and its statistics answer as its rows do")
    func allTypes() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let plan = try catalog.plan(
                schema: "ott",
                table: "things",
                columns: allColumns,
                mode: .replace
            )
            #expect(plan.columnIDs.last == ColumnIDs(column: 8, element: 9))
            let first: [[Cell]] = [
                [
                    .text("a"), .integer(-5), .integer(1 << 40), .double(0.1), .boolean(true),
                    .integer(19_000), .integer(1_700_000_000_123_400), .list(["Drama", "Comedy"]),
                ],
                [
                    .text("ü\"'"), .null, .integer(-9), .double(1e300), .boolean(true),
                    .integer(-1),
                    .integer(-1), .list([]),
                ],
            ]
            let second: [[Cell]] = [
                [
                    .text("z"), .integer(100), .integer(20), .double(-2.5), .boolean(false), .null,
                    .null, .list(["Western"]),
                ]
            ]
            let segments = [
                try lake.segment(plan, "1.parquet", first),
                try lake.segment(plan, "2.parquet", second),
            ]
            let outcome = try catalog.publish(
                key: "1/0",
                [TablePublication(plan: plan, segments: segments)]
            )
            #expect(outcome == .published(SnapshotID(1)))
            try lake.expect([
                (
                    "SELECT * FROM lake.ott.things ORDER BY id",
                    [
                        [
                            "a", "-5", "1099511627776", "0.1", "True", "2022-01-08",
                            "2023-11-14 22:13:20.123400", "['Drama', 'Comedy']",
                        ],
                        ["z", "100", "20", "-2.5", "False", nil, nil, "['Western']"],
                        [
                            "ü\"'", nil, "-9", "1e+300", "True", "1969-12-31",
                            "1969-12-31 23:59:59.999999", "[]",
                        ],
                    ]
                ),
                (
                    "SELECT count(*), count(small), count(day) FROM lake.ott.things",
                    [["3", "2", "2"]]
                ),
                (
                    """
                    SELECT min(id), max(id), min(small), max(small), min(large), max(large),
                        min(ratio), max(ratio), min(isAdult), max(isAdult), min(day), max(day),
                        min(moment), max(moment) FROM lake.ott.things
                    """,
                    [
                        [
                            "a", "ü\"'", "-5", "100", "-9", "1099511627776", "-2.5", "1e+300",
                            "False", "True", "1969-12-31", "2022-01-08",
                            "1969-12-31 23:59:59.999999", "2023-11-14 22:13:20.123400",
                        ]
                    ]
                ),
                ("SELECT id FROM lake.ott.things WHERE small IS NULL", [["ü\"'"]]),
                ("SELECT id FROM lake.ott.things WHERE small > 50", [["z"]]),
                ("SELECT id FROM lake.ott.things WHERE ratio = 1e300", [["ü\"'"]]),
                ("SELECT id FROM lake.ott.things WHERE day < DATE '1970-01-01'", [["ü\"'"]]),
                (
                    "SELECT id FROM lake.ott.things WHERE list_contains(genres, 'Western')", [["z"]]
                ),
                (
                    "SELECT id FROM lake.ott.things WHERE moment > TIMESTAMP '2023-11-14 22:13:20'",
                    [["a"]]
                ),
            ])
        }
    }

    @Test("replace and append make versions, and each of them stays readable")
    func versions() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            var month: Int64 = 0
            func publish(_ key: String, _ mode: WriteMode, _ rows: ClosedRange<Int64>) throws {
                let plan = try catalog.plan(
                    schema: "ott",
                    table: "t",
                    columns: twoColumns,
                    mode: mode
                )
                let segment = try lake.segment(plan, "\(key).parquet", numbered(rows))
                month += 1
                try catalog.publish(
                    key: key,
                    [TablePublication(plan: plan, segments: [segment])],
                    seconds: 1_800_000_000 + month * 2_592_000
                )
            }
            try publish("a", .replace, 1...10)
            try publish("b", .append, 11...15)
            try publish("c", .replace, 100...102)
            try publish("d", .append, 50...51)
            let query = "SELECT count(*), min(number), max(number), sum(number) FROM lake.ott.t"
            try lake.expect([
                (query, [["5", "50", "102", "404"]]),
                (query + " AT (VERSION => 1)", [["10", "1", "10", "55"]]),
                (query + " AT (VERSION => 2)", [["15", "1", "15", "120"]]),
                (query + " AT (VERSION => 3)", [["3", "100", "102", "303"]]),
                (
                    query + " AT (TIMESTAMP => TIMESTAMPTZ '2027-04-01')",
                    [["15", "1", "15", "120"]]
                ),
            ])
            #expect(try catalog.liveFiles(schema: "ott", table: "t").count == 2)
            let old = try catalog.liveFiles(schema: "ott", table: "t", at: SnapshotID(2))
            #expect(old == ["a", "b"].map { "\(lake.dataPath)ott/t/\($0).parquet" })
            #expect(try catalog.allNamedFiles().count == 4)
        }
    }

    @Test("a filter opens only the files whose bounds may hold it")
    func pruning() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let plan = try catalog.plan(
                schema: "ott",
                table: "t",
                columns: twoColumns,
                mode: .replace
            )
            let segments = try [1...9, 10...19, 20...29].map {
                try lake.segment(plan, "\($0.lowerBound).parquet", numbered($0))
            }
            try catalog.publish(key: "a", [TablePublication(plan: plan, segments: segments)])
            // A reader that opened the file would fail.
            try Directory.remove(path: plan.directory + "10.parquet")
            try lake.expect([
                ("SELECT count(*) FROM lake.ott.t WHERE number < 10", [["9"]]),
                ("SELECT name FROM lake.ott.t WHERE number = 21", [["n21"]]),
                ("SELECT number FROM lake.ott.t WHERE name = 'n29'", [["29"]]),
                ("SELECT count(*), min(number), max(number) FROM lake.ott.t", [["29", "1", "29"]]),
            ])
        }
    }

    @Test("a replace with other columns alters the table, and old versions read as they were")
    func altered() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let first = try catalog.plan(
                schema: "ott",
                table: "t",
                columns: twoColumns,
                mode: .replace
            )
            let segment = try lake.segment(first, "1.parquet", numbered(1...2))
            try catalog.publish(key: "a", [TablePublication(plan: first, segments: [segment])])
            let columns = [
                ColumnDeclaration(name: "tags", type: .list(separator: 44)),
                ColumnDeclaration(name: "number", type: .string),
                ColumnDeclaration(name: "name", type: .string, isRequired: true),
            ]
            let second = try catalog.plan(
                schema: "ott",
                table: "t",
                columns: columns,
                mode: .replace
            )
            #expect(
                second.columnIDs == [
                    ColumnIDs(column: 3, element: 4), ColumnIDs(column: 5), ColumnIDs(column: 1),
                ]
            )
            let changed = try lake.segment(
                second,
                "2.parquet",
                [[.list(["x", "y"]), .text("two"), .text("n2")]]
            )
            try catalog.publish(key: "b", [TablePublication(plan: second, segments: [changed])])
            try lake.expect([
                ("SELECT * FROM lake.ott.t", [["['x', 'y']", "two", "n2"]]),
                ("SELECT max(number), min(name) FROM lake.ott.t", [["two", "n2"]]),
                (
                    "SELECT * FROM lake.ott.t AT (VERSION => 1) ORDER BY 1",
                    [["n1", "1"], ["n2", "2"]]
                ),
                (
                    "SELECT column_name, is_nullable FROM (DESCRIBE lake.ott.t) d(column_name, t, is_nullable, k, f, e)",
                    [["tags", "YES"], ["number", "YES"], ["name", "NO"]]
                ),
            ])
            #expect(
                try catalog.describe(schema: "ott", table: "t")?.columns.map(\.type) == [
                    "varchar[]", "varchar", "varchar",
                ]
            )
            #expect(
                try catalog.snapshots().last?.changes
                    == "altered_table:2,deleted_from_table:2,inserted_into_table:2"
            )
        }
    }

    @Test("a retyped column never gets an id back, however often it changes")
    func idsAreNotReused() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let types: [ColumnType] = [.string, .int32, .string, .int32]
            let ids = try types.enumerated().map { index, type in
                let columns = [ColumnDeclaration(name: "c", type: type)]
                let plan = try catalog.plan(
                    schema: "ott",
                    table: "t",
                    columns: columns,
                    mode: .replace
                )
                try catalog.publish(
                    key: "\(index)",
                    [TablePublication(plan: plan, segments: [])]
                )
                return plan.columnIDs[0].column
            }
            #expect(ids == [1, 2, 3, 4])
        }
    }

    @Test("a commit key publishes once")
    func once() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let plan = try catalog.plan(
                schema: "ott",
                table: "t",
                columns: twoColumns,
                mode: .append
            )
            let segment = try lake.segment(plan, "1.parquet", numbered(1...3))
            let table = TablePublication(plan: plan, segments: [segment])
            #expect(try catalog.snapshot(ofCommit: "7/0") == nil)
            #expect(try catalog.publish(key: "7/0", [table]) == .published(SnapshotID(1)))
            #expect(try lake.open().publish(key: "7/0", [table]) == .already(SnapshotID(1)))
            #expect(try catalog.snapshot(ofCommit: "7/0") == SnapshotID(1))
            try lake.expect([("SELECT count(*) FROM lake.ott.t", [["3"]])])
        }
    }

    @Test("tables, rejects and views of a load appear in one snapshot that leads to its job")
    func wholeLoad() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let plan = try catalog.plan(
                schema: "ott",
                table: "t",
                columns: twoColumns,
                mode: .replace
            )
            let rejects = try catalog.plan(
                schema: "ott",
                table: "t_rejects",
                columns: rejectColumns,
                mode: .replace
            )
            let tables = [
                TablePublication(
                    plan: plan,
                    segments: [try lake.segment(plan, "1.parquet", numbered(1...3))]
                ),
                TablePublication(plan: rejects, segments: []),
            ]
            let view = ViewPublication(
                schema: "ott",
                name: "t_names",
                sql: "SELECT name FROM ott.t"
            )
            try catalog.publish(key: "7/0", tables, views: [view])
            let words =
                #"created_schema:"ott",created_table:"ott"."t",inserted_into_table:2,"#
                + #"created_table:"ott"."t_rejects",created_view:"ott"."t_names""#
            #expect(try catalog.snapshots().map(\.changes) == [#"created_schema:"main""#, words])
            try lake.expect([
                ("SELECT * FROM lake.ott.t_names ORDER BY 1", [["n1"], ["n2"], ["n3"]]),
                ("SELECT count(*) FROM lake.ott.t_rejects", [["0"]]),
                (
                    "SELECT snapshot_id, author, commit_extra_info FROM lake.snapshots() ORDER BY 1",
                    [["0", nil, nil], ["1", "otcluster", #"{"job":"7/0"}"#]]
                ),
                ("SELECT count(*) FROM lake.snapshots() WHERE cardinality(changes) > 0", [["2"]]),
            ])
            let summary = try #require(try catalog.tables().first)
            #expect(summary.table == "t" && summary.rows == 3 && summary.files == 1)
            #expect(summary.snapshot == SnapshotID(1) && summary.extraInfo == #"{"job":"7/0"}"#)
            #expect(try catalog.snapshots().last?.time?.microseconds == 1_800_000_000_250_000)
        }
    }

    @Test("a view is replaced when its SQL changes, and left alone when it does not")
    func views() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            func publish(_ key: String, _ sql: String) throws -> PublishOutcome {
                try catalog.publish(
                    key: key,
                    [],
                    views: [ViewPublication(schema: "ott", name: "v", sql: sql)]
                )
            }
            #expect(try publish("a", "SELECT 1 AS one") == .published(SnapshotID(1)))
            #expect(try publish("b", "SELECT 1 AS one") == .published(SnapshotID(1)))
            #expect(try publish("c", "SELECT 2 AS two") == .published(SnapshotID(2)))
            #expect(try catalog.snapshots().last?.changes == "altered_view:2")
            #expect(try catalog.views().map(\.sql) == ["SELECT 2 AS two"])
            try lake.expect([
                ("SELECT two FROM lake.ott.v", [["2"]]),
                ("SELECT * FROM lake.ott.v AT (VERSION => 1)", [["1"]]),
                ("SELECT count(*) FROM lake.snapshots()", [["3"]]),
            ])
        }
    }

    @Test("a dropped view is gone from the next version on, and one that is not there is an error")
    func droppedView() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let view = ViewPublication(schema: "ott", name: "v", sql: "SELECT 1 AS one")
            let other = ViewPublication(schema: "ott", name: "w", sql: "SELECT 2 AS two")
            try catalog.publish(key: "a", [], views: [view, other])
            let name = ViewName(schema: "ott", name: "v")
            try catalog.publish(key: "b", [], dropped: [name])
            #expect(try catalog.snapshots().last?.changes == "dropped_view:2")
            #expect(try catalog.views().map(\.name) == ["w"])
            #expect(throws: CatalogError.noView(name: "ott.v")) {
                try catalog.publish(
                    key: "c",
                    [],
                    dropped: [ViewName(schema: "ott", name: "w"), name]
                )
            }
            #expect(try catalog.views().map(\.name) == ["w"])
            try lake.expect([
                ("SELECT one FROM lake.ott.v AT (VERSION => 1)", [["1"]]),
                ("SELECT view_name FROM duckdb_views() WHERE database_name = 'lake'", [["w"]]),
            ])
        }
    }

    @Test("views that were checked against other tables and views are refused")
    func checkedViews() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let view = ViewPublication(schema: "ott", name: "v", sql: "SELECT 1 AS one")
            let checked = try catalog.schemas()
            #expect(checked.names == ["main"])
            try catalog.publish(key: "a", [], views: [view])
            let other = ViewPublication(schema: "ott", name: "w", sql: "SELECT 1 AS one")
            #expect(throws: CatalogError.schemaChanged) {
                try catalog.publish(key: "b", [], views: [other], schemaVersion: checked.version)
            }
            let now = try catalog.schemas()
            #expect(now.names == ["main", "ott"])
            try catalog.publish(key: "b", [], views: [other], schemaVersion: now.version)
            #expect(try catalog.views().map(\.name) == ["v", "w"])
        }
    }
}
