/// The built-in job that loads nothing: tasks that sleep, fail or crash as told.
///
/// For checking a new cluster, measuring the scheduler, and the tests of clients.
package struct SelftestDeclaration: Sendable, Equatable {
    package var tasks = 100
    /// How long each task sleeps.
    package var sleep: Duration = .zero
    /// The task, counted from 0, that fails in each attempt.
    package var failAt: Int?
    /// The task, counted from 0, that takes its worker's process down in each attempt.
    package var crashAt: Int?

    package init() {}

    /// Under this name it is submitted.
    package static let name = "selftest"
    static let keys = ["tasks", "sleep", "fail_at", "crash_at"]

    /// A job file that declares the same.
    package var text: String {
        var values = ["tasks: \(tasks)", "sleep: \(Units.text(sleep))"]
        if let failAt { values.append("fail_at: \(failAt)") }
        if let crashAt { values.append("crash_at: \(crashAt)") }
        return "selftest: {\(values.joined(separator: ", "))}\n"
    }
}

extension SelftestDeclaration {
    /// Tasks of one selftest: 50 times the largest load, a bound on memory.
    private static let taskRange = 1...1_000_000
    private static let sleepRange: ClosedRange<Duration> = .zero ... .seconds(3600)

    init(_ node: YAMLNode) throws(ConfigurationError) {
        let root = try YAMLMapping(node, "a selftest", keys: [Self.name])
        let settings = try root.required(Self.name)
        self.init()
        try apply(try YAMLMapping(settings, "'\(Self.name)'", keys: Self.keys))
    }

    /// Takes over the values that `settings` has.
    mutating func apply(_ settings: YAMLMapping) throws(ConfigurationError) {
        tasks = try settings.integer("tasks", in: Self.taskRange) ?? tasks
        sleep = try settings.duration("sleep", default: sleep, in: Self.sleepRange)
        failAt = try settings.integer("fail_at", in: 0...(tasks - 1)) ?? failAt
        crashAt = try settings.integer("crash_at", in: 0...(tasks - 1)) ?? crashAt
        // A smaller `tasks` may leave an earlier number behind.
        for (key, index) in [("fail_at", failAt), ("crash_at", crashAt)] {
            guard let index, index >= tasks else { continue }
            throw settings.location.error(
                "'\(key)' is \(index), but tasks count from 0 to \(tasks - 1)"
            )
        }
    }
}
