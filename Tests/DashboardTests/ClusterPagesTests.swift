import API
import Dashboard
import Testing

@Suite("Pages of workers, pools and tables")
struct ClusterPagesTests {
    private func worker(_ state: WorkerState) -> WorkerSummary {
        WorkerSummary(
            id: "3",
            pool: hostile,
            host: hostile,
            pid: 5,
            state: state,
            slots: 2,
            running: 3,
            done: 1234,
            joined: "2026-11-24T14:00:00.000000Z",
            name: hostile,
            reason: hostile
        )
    }

    private let history = HistoryPart(
        events: [
            WorkerEvent(
                at: "2026-11-24T14:00:00.000000Z",
                kind: .lost,
                pool: hostile,
                worker: "3",
                host: hostile,
                cause: hostile
            )
        ],
        window: ListWindow(total: 120, page: 1, size: HistoryPart.size),
        path: "/workers"
    )

    @Test("a worker tells what it used, and one that is there can be drained")
    func workers() {
        let use = WorkerUse(busySeconds: 30, livedSeconds: 60, peakMemoryBytes: 64 << 20)
        func html(_ state: WorkerState) -> String {
            WorkersPage(
                entries: [.init(worker(state), use)],
                window: ListWindow(total: 1, page: 1, size: WorkersPage.size),
                history: history
            ).page(frame).html
        }
        #expect(holdsAsText(html(.ready)))
        #expect(html(.ready).contains("30.0 s, 25 %"))
        #expect(html(.ready).contains("64.0 MiB"))
        #expect(html(.ready).contains("2 of 2"))
        #expect(html(.ready).contains("1–50 of 120 events"))
        #expect(html(.ready).contains(#"action="/actions/drain""#))
        #expect(!html(.lost).contains(#"action="/actions/drain""#))
    }

    @Test("a pool whose workers the coordinator starts can be scaled, within its bounds")
    func pools() {
        func html(_ provider: String) -> String {
            let pool = PoolSummary(
                name: hostile,
                provider: provider,
                state: .ready,
                workers: 2,
                wanted: 2,
                minWorkers: 1,
                maxWorkers: 8,
                reason: hostile
            )
            return PoolsPage(pools: [pool], history: history).page(frame).html
        }
        #expect(holdsAsText(html("process")))
        #expect(html("process").contains(#"value="2" min="0" max="8" required"#))
        #expect(!html("static").contains("/actions/scale"))
    }

    @Test("names of tables and columns, values and SQL are text, and their links lead to them")
    func tables() {
        let view = ViewSummary(schema: hostile, view: hostile, snapshot: 3, sql: hostile)
        let table = TableSummary(
            schema: "a/b",
            table: "\"?#",
            rows: 1,
            files: 1,
            bytes: 1,
            snapshot: 3,
            job: hostile
        )
        let html = TablesPage(tables: [table], views: [view]).page(frame).html
        #expect(holdsAsText(html))
        #expect(html.contains(#"href="/tables/a%2Fb/%22%3F%23""#))
    }

    @Test("a table tells of its columns, versions and files, and which part of them it shows")
    func table() {
        let version = TableVersion(
            snapshot: 9,
            time: nil,
            rows: 1000,
            files: 2,
            bytes: 10,
            job: "7",
            message: hostile
        )
        let column = TableColumn(
            name: hostile,
            type: hostile,
            nullable: true,
            nulls: 12,
            minimum: hostile,
            maximum: String(repeating: "z", count: 100)
        )
        let html = TablePage(
            TableInspection(
                schema: hostile,
                table: hostile,
                columns: [column],
                versions: [version],
                versionCount: 2000,
                files: [TableFile(path: hostile, rows: 1, bytes: 1, snapshot: 9)],
                fileCount: 1
            )
        ).page(frame).html
        #expect(holdsAsText(html))
        #expect(html.contains("the first 1 of 2,000"))
        #expect(html.contains(#"<a href="/jobs/7">job 7</a>"#))
        #expect(!html.contains(String(repeating: "z", count: 41)))
    }

    @Test("rows are text, and null is not the word")
    func rows() {
        let html = RowsPage(
            title: hostile,
            back: ("/tables", "back"),
            columns: [hostile, "b"],
            rows: [[hostile, nil]]
        ).page(frame).html
        #expect(holdsAsText(html))
        #expect(html.contains(#"<span class="muted">null</span>"#))
    }
}
