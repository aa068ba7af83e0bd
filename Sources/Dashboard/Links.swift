import Base

/// The paths of the dashboard, for its pages and for the coordinator's router.
package enum Links {
    package static let overview = "/"
    package static let jobs = "/jobs"
    package static let workers = "/workers"
    package static let pools = "/pools"
    package static let tables = "/tables"
    package static let style = "/style.css"
    package static let script = "/dashboard.js"
    package static let events = "/events"
    /// Below it forms are taken in; nothing else is.
    package static let actions = "/actions/"
    package static let login = actions + "login"
    package static let logout = actions + "logout"
    package static let cancel = actions + "cancel"
    package static let drain = actions + "drain"
    package static let scale = actions + "scale"

    /// Whether a path is one of the dashboard's, there or not; all others are the API's.
    package static func owns(_ path: String) -> Bool {
        if path == overview { return true }
        let first = path.dropFirst().prefix { $0 != "/" }
        return [jobs, workers, pools, tables, style, script, events, "/actions"]
            .contains("/\(first)")
    }

    package static func job(_ id: String) -> String { "\(jobs)/\(segment(id))" }

    package static func jobLog(_ id: String) -> String { job(id) + "/log" }

    package static func task(_ job: String, step: Int, chunk: Int) -> String {
        task(job, "\(step)", "\(chunk)")
    }

    /// For patterns, too.
    package static func task(_ job: String, _ step: String, _ chunk: String) -> String {
        "\(Self.job(job))/tasks/\(segment(step))/\(segment(chunk))"
    }

    package static func table(_ schema: String, _ table: String) -> String {
        "\(tables)/\(segment(schema))/\(segment(table))"
    }

    /// Ten rows of a table, of its newest version or of another.
    package static func rows(_ schema: String, _ table: String, version: Int64? = nil) -> String {
        Self.table(schema, table) + "/rows" + (version.map { "?version=\($0)" } ?? "")
    }

    /// What checks of a table came to.
    package static func quality(_ schema: String, _ table: String) -> String {
        Self.table(schema, table) + "/quality"
    }

    /// A part of a path, with braces left for the patterns of the router.
    static func segment(_ text: String) -> String { PercentCoding.encode(text, keeping: "{}") }
}
