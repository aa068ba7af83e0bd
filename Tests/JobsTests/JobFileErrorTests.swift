import Jobs
import Testing

@Suite("a wrong job file")
struct JobFileErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let place: (line: Int, column: Int)
        let message: String
        var testDescription: String { message }

        init(_ text: String, _ line: Int, _ column: Int, _ message: String) {
            self.text = text
            place = (line, column)
            self.message = message
        }
    }

    private static func check(_ wrong: Case) {
        let error = jobError(wrong.text)
        #expect(error?.file == "job.yaml")
        #expect(error?.line == wrong.place.line)
        #expect(error?.column == wrong.place.column)
        #expect(error?.message.contains(wrong.message) == true, "\(error?.message ?? "accepted")")
    }

    @Test(
        "is refused with line, column and reason: its keys",
        arguments: [
            Case("- job", 1, 1, "must be a mapping that begins with 'job:', not a list"),
            Case("jop: a", 1, 1, "'job' is missing"),
            Case(jobText("tabel: x"), 8, 1, "unknown key 'tabel'; did you mean 'table'?"),
            Case(jobText("partition_by: [nobody]"), 8, 16, "no column is named 'nobody'"),
            Case(jobText("partition_by: week(id)"), 8, 15, "'week(id)' is no partition"),
            Case(jobText("partition_by: bucket(0, id)"), 8, 15, "1 to 4096 buckets"),
            Case(jobText("partition_by: bucket(id)"), 8, 15, "'bucket(id)' is no partition"),
            Case(jobText("partition_by: year(id)"), 8, 15, "'id' is no date or timestamp"),
            Case(jobText("partition_by: [id, id]"), 8, 20, "'id' is listed twice"),
            Case(jobText("sort: true"), 8, 1, "'sort' needs 'cluster_by'"),
            Case("job: a\ninput: b", 1, 1, "'table' is missing here"),
            Case(jobText("job: selftest"), 1, 6, "built in"),
            Case(jobText("job: Sales"), 1, 6, "only a-z, 0-9 and _"),
            Case(jobText("job: [a]"), 1, 6, "must be a single value, not a list"),
            Case(jobText("table: sales_rejects"), 3, 8, "rejects of another table"),
            Case(
                jobText("table: " + String(repeating: "x", count: 56)),
                3,
                8,
                "may have 55 bytes"
            ),
            Case(jobText("table:"), 3, 7, "'table' has no value"),
            Case(jobText("schema: 'a.b'"), 8, 9, "'schema' must begin"),
            Case(jobText("write: upsert"), 8, 8, "replace or append, not 'upsert'"),
            Case(jobText("allow_empty: yes"), 8, 14, "true or false, not 'yes'"),
        ]
    )
    func keys(wrong: Case) { Self.check(wrong) }

    @Test(
        "is refused with line, column and reason: input and parameters",
        arguments: [
            Case(jobText("input: https://x/y.gz"), 2, 8, "with 'otjob ingest'"),
            Case(jobText("input: ''"), 2, 8, "1 to 4095 bytes"),
            Case(jobText(#"input: "a\nb""#), 2, 8, "without control characters"),
            Case(jobText("input: a/../b"), 2, 8, "must not hold '..'"),
            Case(jobText("input: a-${day"), 2, 8, "'${' without its '}'"),
            Case(jobText("input: a-${day}"), 2, 8, "which 'parameters' does not declare"),
            Case(
                jobText("input: ${dya}", "parameters: {day: x}"),
                2,
                8,
                "did you mean 'day'?"
            ),
            Case(jobText("parameters: {day: x}"), 2, 8, "parameter 'day' is declared, but"),
            Case(jobText("parameters: {Day: x}"), 8, 14, "a parameter's name must begin"),
            Case(jobText("parameters: [day]"), 8, 13, "must be a mapping {name: default, …}"),
            Case(jobText("parameters: {day: }"), 8, 19, "'day' has no value"),
        ]
    )
    func input(wrong: Case) { Self.check(wrong) }

    @Test(
        "is refused with line, column and reason: format and rejects",
        arguments: [
            Case(jobText("format: tsv"), 8, 9, "'format' must be a mapping"),
            Case(jobText("format: {kind: csv}"), 8, 16, "'kind' must be tsv, not 'csv'"),
            Case(jobText("format: {quote: x}"), 8, 10, "unknown key 'quote'"),
            Case(jobText(#"format: {null: "\t"}"#), 8, 16, "cannot hold a tab"),
            Case(
                jobText("format: {null: \(String(repeating: "x", count: 65))}"),
                8,
                16,
                "'null' is 65 bytes, at most 64"
            ),
            Case(jobText("format: {header: 1}"), 8, 18, "true or false, not '1'"),
            Case(jobText("format: {line_end: cr}"), 8, 20, "lf or crlf, not 'cr'"),
            Case(
                jobText("format: {allow_empty: true}", "allow_empty: true"),
                8,
                10,
                "given twice"
            ),
            Case(jobText("rejects: {max_rows: -1}"), 8, 21, "a whole number from 0"),
            Case(jobText("rejects: {max_rows: 1e3}"), 8, 21, "not '1e3'"),
            Case(jobText("rejects: {max_share: 1.1}"), 8, 22, "a share from 0 to 1"),
            Case(jobText("rejects: {max_share: nan}"), 8, 22, "not 'nan'"),
            Case(jobText("rejects: {rows: 1}"), 8, 11, "unknown key 'rows'"),
        ]
    )
    func format(wrong: Case) { Self.check(wrong) }

    @Test(
        "is refused with line, column and reason: columns",
        arguments: [
            Case("job: a\ninput: b\ntable: c\ncolumns: []", 4, 10, "a table has from 1 to 1024"),
            Case("job: a\ninput: b\ntable: c\ncolumns: {a: b}", 4, 10, "must be a list"),
            Case(jobText(columns: "name: a"), 5, 5, "'type' is missing here"),
            Case(jobText(columns: "name: a, type: int"), 5, 21, "'type' must be string, int32"),
            Case(jobText(columns: "name: '', type: date"), 5, 12, "from 1 to 128 bytes"),
            Case(
                jobText(columns: "name: \(String(repeating: "é", count: 65)), type: date"),
                5,
                12,
                "from 1 to 128 bytes"
            ),
            Case(jobText(columns: #"name: "\x7f", type: date"#), 5, 12, "control characters"),
            Case(
                jobText(columns: "name: a, type: date", "name: A, type: date"),
                6,
                12,
                "two columns are named 'A'; upper and lower case count as one"
            ),
            Case(jobText(columns: "name: a, type: list<string>"), 5, 21, "needs 'separator'"),
            Case(
                jobText(columns: "name: a, type: list<string>, separator: ab"),
                5,
                46,
                "one byte"
            ),
            Case(
                jobText(columns: #"name: a, type: list<string>, separator: "\xff""#),
                5,
                46,
                "one byte"
            ),
            Case(
                jobText(columns: #"name: a, type: list<string>, separator: "\t""#),
                5,
                46,
                "no tab"
            ),
            Case(
                jobText(columns: "name: a, type: list<string>, format: xml"),
                5,
                43,
                "'format' must be json"
            ),
            Case(
                jobText(columns: "name: a, type: list<string>, format: json, separator: x"),
                5,
                49,
                "needs no 'separator'"
            ),
            Case(
                jobText(columns: "name: a, type: list<string>, format: json, required: true"),
                5,
                59,
                "a list is never null"
            ),
            Case(
                jobText(columns: "name: a, type: string, separator: x"),
                5,
                29,
                "'separator' belongs to columns of type list<string> only"
            ),
            Case(jobText(columns: "name: a, type: string, nulls: x"), 5, 29, "unknown key 'nulls'"),
        ]
    )
    func columns(wrong: Case) { Self.check(wrong) }

    @Test(
        "is refused with line, column and reason: names of columns elsewhere",
        arguments: [
            Case(jobText("cluster_by: id"), 8, 13, "must be a list"),
            Case(jobText("cluster_by: [ID]"), 8, 14, "no column is named 'ID'"),
            Case(jobText("cluster_by: [nota]"), 8, 14, "did you mean 'note'?"),
            Case(jobText("cluster_by: [id, id]"), 8, 18, "'id' is listed twice"),
            Case(jobText("cluster_by: [tags]"), 8, 14, "'tags' is a list"),
            Case(jobText("checks: {unique: [x]}"), 8, 19, "columns are id, tags, note"),
            Case(jobText("checks: {uniqe: [id]}"), 8, 10, "did you mean 'unique'?"),
            Case(jobText("checks: {not_null: [tags]}"), 8, 21, "'tags' is a list"),
            Case(jobText("checks: [{unique: [id], severity: bad}]"), 8, 35, "error or warn"),
            Case(jobText("checks: {range: {column: id, min: a}}"), 8, 35, "must be a number"),
            Case(jobText("checks: {pattern: {column: id}}"), 8, 19, "type string"),
            Case(jobText("checks: {pattern: {column: note}}"), 8, 19, "'matches'"),
            Case(jobText("checks: {row_count: {}}"), 8, 21, "needs 'min'"),
            Case(jobText("checks: {allowed: {column: id, values: []}}"), 8, 19, "what is allowed"),
            Case(jobText("checks: {references: {column: id, table: T, key: k}}"), 8, 42, "'table'"),
        ]
    )
    func keyColumns(wrong: Case) { Self.check(wrong) }

    @Test(
        "is refused with line, column and reason: views",
        arguments: [
            Case(jobText("views: {a: b}"), 8, 8, "must be a list"),
            Case(jobText("views: [{name: v}]"), 8, 9, "a view needs 'unnest', or 'sql'"),
            Case(jobText("views: [{unnest: tags}]"), 8, 9, "'name' is missing here"),
            Case(jobText("views: [{name: V, unnest: tags, as: t}]"), 8, 16, "'name' must begin"),
            Case(jobText("views: [{name: v, unnest: tag, as: t}]"), 8, 27, "mean 'tags'?"),
            Case(jobText("views: [{name: v, unnest: note, as: t}]"), 8, 27, "is no list"),
            Case(jobText("views: [{name: v, unnest: tags}]"), 8, 9, "'as' is missing here"),
            Case(
                jobText("views: [{name: v, unnest: tags, as: t, keep: [x]}]"),
                8,
                47,
                "no column is named 'x'"
            ),
            Case(
                jobText("views: [{name: v, unnest: tags, as: ID, keep: [id]}]"),
                8,
                48,
                "two columns 'id'"
            ),
            Case(
                jobText("views: [{name: sales, unnest: tags, as: t}]"),
                8,
                16,
                "already the name of a table"
            ),
            Case(
                jobText("views: [{name: sales_rejects, sql: SELECT 1}]"),
                8,
                16,
                "already the name of a table"
            ),
            Case(
                jobText("views: [{name: v, sql: SELECT 1}, {name: v, sql: SELECT 2}]"),
                8,
                35,
                "two views are named 'v'"
            ),
            Case(
                jobText("views: [{name: v, sql: SELECT 1, as: t}]"),
                8,
                34,
                "either 'sql' or 'unnest'"
            ),
            Case(jobText("views: [{name: v, sql: DROP TABLE x}]"), 8, 24, "SELECT or WITH"),
            Case(jobText("views: [{name: v, sql: SELECT 1; DROP}]"), 8, 24, "without ';'"),
        ]
    )
    func views(wrong: Case) { Self.check(wrong) }

    @Test(
        "is refused with line, column and reason: workflows and selftests",
        arguments: [
            Case("workflow: w", 1, 1, "'steps' is missing here"),
            Case("workflow: w\njobs: [a]\nsteps: []", 3, 1, "not both"),
            Case("workflow: w\njobs: []", 2, 7, "at least one job"),
            Case("workflow: w\njobs: [a, a]", 2, 11, "'a' is listed twice"),
            Case("workflow: w\njobs: [selftest]", 2, 8, "loads no table"),
            Case("workflow: w\njob: a", 2, 1, "unknown key 'job'"),
            Case("workflow: W\njobs: [a]", 1, 11, "'workflow' must begin"),
            Case("selftest: {tasks: 0}", 1, 19, "from 1 to 1000000"),
            Case("selftest: {sleep: 2h}", 1, 19, "'sleep' is 2h; it must be from 0s to 1h"),
            Case("selftest: {sleep: 5}", 1, 19, "a time with its unit"),
            Case("selftest: {tasks: 5, fail_at: 5}", 1, 31, "from 0 to 4"),
            Case("selftest: {tasks: 5, crash_at: -1}", 1, 32, "from 0 to 4"),
            Case("selftest: {task: 5}", 1, 12, "did you mean 'tasks'?"),
        ]
    )
    func workflows(wrong: Case) { Self.check(wrong) }
}
