import API

/// The page at `/`: pools, workers, jobs and tables as plain HTML that needs no script.
///
/// Everything shown may come from outsiders (names of jobs, hosts, reasons), so all of it goes
/// through `escaped`, and the content security policy forbids whatever is not style.
struct OverviewPage {
    /// Jobs shown; `otjob list` shows them all.
    static let jobLimit = 50

    static let headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ("X-Content-Type-Options", "nosniff"),
    ]

    var cluster: String
    var pools: [PoolSummary]
    var workers: [WorkerSummary]
    var jobs: [JobSummary]
    var tables: [TableSummary]

    var html: String {
        let shown = jobs.prefix(Self.jobLimit)
        let jobsTitle =
            shown.count < jobs.count ? "Jobs (the newest \(shown.count) of \(jobs.count))" : "Jobs"
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="refresh" content="5">
            <title>\(Self.escaped(cluster)) - otcluster</title>
            <style>
            :root { color-scheme: light dark } body { font: 15px/1.5 system-ui; margin: 2em }
            table { border-collapse: collapse } td, th { padding: .2em 1em .2em 0; text-align: left }
            th { font-weight: 600; border-bottom: 1px solid }
            </style></head><body><h1>\(Self.escaped(cluster))</h1>
            \(Self.table("Pools, in the order in which they are tried",
                ["pool", "state", "workers", "reason"],
                pools.map { [$0.name, $0.state.rawValue, "\($0.workers)", $0.reason ?? ""] }))
            \(Self.table("Workers",
                ["worker", "pool", "host", "state", "running", "done"],
                workers.map {
                    [$0.id, $0.pool, $0.host, $0.state.rawValue, "\($0.running)", "\($0.done)"]
                }))
            \(Self.table(jobsTitle,
                ["job", "name", "state", "created", "reason"],
                shown.map { [$0.id, $0.name, $0.state.rawValue, $0.created, $0.reason ?? ""] }))
            \(Self.table("Tables",
                ["table", "rows", "files", "job"],
                tables.map {
                    ["\($0.schema).\($0.table)", "\($0.rows)", "\($0.files)", $0.job ?? ""]
                }))
            </body></html>
            """
    }

    private static func table(_ title: String, _ head: [String], _ rows: [[String]]) -> String {
        func row(_ cells: [String], _ tag: String) -> String {
            "<tr>" + cells.map { "<\(tag)>\(escaped($0))</\(tag)>" }.joined() + "</tr>\n"
        }
        let body = rows.map { row($0, "td") }.joined()
        return "<h2>\(escaped(title))</h2>\n<table>\n\(row(head, "th"))\(body)</table>"
    }

    /// The text with everything that means something in HTML replaced.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }
}
