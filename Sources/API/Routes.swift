/// The paths of the project's own API, for the server's router and for clients.
package enum Routes {
    package static let health = "/healthz"
    package static let metrics = "/metrics"
    package static let version = "/api/version"
    package static let jobs = "/api/jobs"
    package static let explain = "/api/explain"
    package static let workers = "/api/workers"
    package static let pools = "/api/pools"
    package static let tables = "/api/tables"
    package static let views = "/api/views"
    package static let dropViews = views + "/drop"
    package static let snapshots = "/api/snapshots"
    package static let store = "/api/store"
    package static let expire = store + "/expire"
    package static let vacuum = store + "/vacuum"
    package static let compact = store + "/compact"
    package static let schedules = "/api/schedules"
    package static let shutdown = "/api/shutdown"
    package static let tokens = "/api/tokens"
    package static let revoke = "/api/revoke"
    /// Open to whoever shows a join token.
    package static let join = "/api/join"

    package static func job(_ id: String) -> String { "\(jobs)/\(id)" }
    package static func jobEvents(_ id: String) -> String { "\(jobs)/\(id)/events" }
    package static func removeSchedule(_ id: String) -> String { "\(schedules)/\(id)/remove" }
    package static func retryJob(_ id: String) -> String { "\(jobs)/\(id)/retry" }
    package static func cancelJob(_ id: String) -> String { "\(jobs)/\(id)/cancel" }
    package static func jobLogs(_ id: String) -> String { "\(jobs)/\(id)/logs" }
    package static func jobAttempts(_ id: String) -> String { "\(jobs)/\(id)/attempts" }
    package static func drainWorker(_ id: String) -> String { "\(workers)/\(id)/drain" }
    package static func removeToken(_ id: String) -> String { "\(tokens)/\(id)/remove" }
    package static func scalePool(_ name: String) -> String { "\(pools)/\(name)/scale" }
    package static func table(_ schema: String, _ table: String) -> String {
        "\(tables)/\(schema)/\(table)"
    }
    package static func restoreTable(_ schema: String, _ name: String) -> String {
        table(schema, name) + "/restore"
    }
    package static func dropTable(_ schema: String, _ name: String) -> String {
        table(schema, name) + "/drop"
    }
}
