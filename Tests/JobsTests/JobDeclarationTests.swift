import Base
import Columns
import Jobs
import Testing

@Suite("a job file")
struct JobDeclarationTests {
    @Test("with the required keys only takes every default")
    func defaults() throws {
        let job = try declaration(jobText())
        #expect(job.name == "sales")
        #expect(job.input == "sales.tsv.gz")
        #expect(job.table == "sales")
        #expect(job.rejectsTable == "sales_rejects")
        #expect(job.schema == "ott")
        #expect(job.hasHeader)
        #expect(!job.allowEmpty)
        #expect(job.write == .replace)
        #expect(job.rejectLimits == RejectLimits(maxRows: 1000, maxShare: 0.001))
        #expect(job.checks.isEmpty)
        #expect(job.views.isEmpty)
        #expect(job.parameters.isEmpty)
        #expect(job.source == "job.yaml")
        #expect(job.text == jobText())
        let columns = [
            ColumnDeclaration(name: "id", type: .int64, isRequired: true),
            ColumnDeclaration(name: "tags", type: .list(separator: UInt8(ascii: ","))),
            ColumnDeclaration(name: "note", type: .string),
        ]
        #expect(job.transform == TransformDeclaration(columns: columns))
    }

    @Test("takes over every key")
    func everyKey() throws {
        let job = try declaration(
            jobText(
                "input: in/${day}-*.gz",
                "parameters: {day: '2026-01-01'}",
                "format: {kind: tsv, null: '', header: false, line_end: crlf, allow_empty: true}",
                "schema: shop",
                "write: append",
                "cluster_by: [note, id]",
                "checks: {unique: [id]}",
                "rejects: {max_rows: 0, max_share: 1}"
            )
        )
        #expect(job.input == "in/${day}-*.gz")
        #expect(job.parameters == ["day": "2026-01-01"])
        #expect(job.transform.nullMarker.isEmpty)
        #expect(job.transform.stripsCarriageReturn)
        #expect(job.transform.clusterBy == [2, 0])
        #expect(!job.hasHeader)
        #expect(job.allowEmpty)
        #expect(job.schema == "shop")
        #expect(job.write == .append)
        #expect(job.checks.map(\.name) == ["unique(id)"])
        #expect(job.rejectLimits == RejectLimits(maxRows: 0, maxShare: 1))
    }

    @Test("takes allow_empty beside format as well as in it, and line_end lf")
    func allowEmpty() throws {
        #expect(try declaration(jobText("allow_empty: true")).allowEmpty)
        let job = try declaration(jobText("allow_empty: true", "format: {line_end: lf}"))
        #expect(job.allowEmpty)
        #expect(!job.transform.stripsCarriageReturn)
    }

    @Test(
        "knows every type of column",
        arguments: [
            ("string", ColumnType.string), ("int32", .int32), ("int64", .int64),
            ("float64", .float64), ("boolean", .boolean), ("date", .date),
            ("timestamp", .timestamp),
            (#"list<string>, separator: "\x02""#, .list(separator: 2)),
            ("list<string>, separator: ;", .list(separator: UInt8(ascii: ";"))),
            ("list<string>, format: json", .jsonList),
        ]
    )
    func types(text: String, type: ColumnType) throws {
        let job = try declaration(jobText(columns: "name: \"Ünï kode\", type: \(text)"))
        #expect(job.transform.columns == [ColumnDeclaration(name: "Ünï kode", type: type)])
    }

    @Test("unfolds a list with identifiers quoted and quotes doubled")
    func unnestView() throws {
        let text =
            jobText(
                columns: #"name: 'a"b', type: string"#,
                "name: L, type: list<string>, format: json"
            )
            + "views:\n  - {name: v, unnest: L, as: el, keep: ['a\"b']}\n"
            + "  - {name: w, unnest: L, as: L}\n"
        #expect(
            try declaration(text).views == [
                ViewDeclaration(
                    name: "v",
                    sql: #"SELECT "a""b", unnest("L") AS "el" FROM "ott"."sales""#
                ),
                ViewDeclaration(name: "w", sql: #"SELECT unnest("L") AS "L" FROM "ott"."sales""#),
            ]
        )
    }

    @Test("takes a view's SELECT as it stands")
    func freeView() throws {
        let job = try declaration(jobText("views: [{name: v, sql: with x as (select 1) from x}]"))
        #expect(job.views == [ViewDeclaration(name: "v", sql: "with x as (select 1) from x")])
    }

    @Test("of 1,024 columns is read, of 1,025 refused with the limit")
    func columnLimit() throws {
        let names = (0..<1025).map { "name: column_\($0), type: string" }
        func text(_ count: Int) -> String {
            jobText(columns: names.prefix(count).joined(separator: "}\n  - {"))
        }
        #expect(try declaration(text(1024)).transform.columns.count == 1024)
        #expect(jobError(text(1025))?.message.contains("from 1 to 1024") == true)
    }

    @Test("may hold a workflow or a selftest instead")
    func otherKinds() throws {
        let workflow = try JobFile.parse(text: "workflow: all\njobs: [a, b]\n", file: "w.yaml")
        guard case .workflow(let declared) = workflow else {
            Issue.record("not a workflow: \(workflow)")
            return
        }
        #expect(declared.name == "all")
        #expect(declared.steps.map(\.work) == [.load(["a", "b"])])

        var selftest = SelftestDeclaration()
        selftest.tasks = 5
        selftest.sleep = .milliseconds(1500)
        selftest.failAt = 4
        selftest.crashAt = 0
        let text = "selftest: {tasks: 5, sleep: 1.5s, fail_at: 4, crash_at: 0}"
        #expect(try JobFile.parse(text: text, file: "s.yaml") == .selftest(selftest))
        #expect(try JobFile.parse(text: selftest.text, file: "s.yaml") == .selftest(selftest))
    }
}
