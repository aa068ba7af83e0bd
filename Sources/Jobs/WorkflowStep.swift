import Base

/// One step as a workflow's file declares it: the same thing done for several tables or datasets.
package struct WorkflowStep: Sendable, Equatable {
    package enum Work: Sendable, Equatable {
        /// Load the tables of these jobs.
        case load([String])
        /// Bring these datasets into the raw store.
        case ingest([String])
        /// Publish these of the shipped views.
        case views([String])
        /// Make the quality report of the tables of these jobs.
        case quality([String])
    }

    package let name: String
    package let work: Work
    /// Where each of the names stands, for the error that one does not exist.
    let locations: [SourceLocation]
    /// Steps that must have ended before.
    let needs: [String]
    let rules: WorkflowRules
}

/// How a step of a workflow begins and is tried again, as declared.
package struct WorkflowRules: Sendable, Equatable {
    /// Indexes of the jobs, among those that were resolved with this one, that must have ended before.
    package var needs: [Int] = []
    /// Whether it is skipped where nothing has changed since the last time.
    package var onlyIfChanged = false
    package var retries = 0
    package var retryDelay = Duration.seconds(30)
    package var timeout: StepTimeout?
}

/// How long a step may take, by the size of its (compressed) input.
package struct StepTimeout: Sendable, Equatable {
    /// Inputs of less than `mediumSizeBytes`, of less than `largeSizeBytes`, and others.
    var small: Duration
    var medium: Duration
    var large: Duration

    static let mediumSizeBytes: Int64 = 100 << 20
    static let largeSizeBytes: Int64 = 1 << 30

    /// The time for an input; the longest where its size is not known.
    package func duration(sizeBytes: Int64?) -> Duration {
        guard let sizeBytes else { return large }
        return sizeBytes < Self.mediumSizeBytes
            ? small : sizeBytes < Self.largeSizeBytes ? medium : large
    }
}

extension WorkflowStep {
    private static let keys = [
        "step", "load", "ingest", "views", "quality", "needs", "when", "retries", "retry_delay",
        "timeout",
    ]
    private static let kinds = ["load", "ingest", "views", "quality"]
    private static let retries = 0...100
    private static let times: ClosedRange<Duration> = .milliseconds(1) ... .seconds(7 * 86_400)

    init(_ node: YAMLNode) throws(ConfigurationError) {
        let mapping = try YAMLMapping(node, "a step", keys: Self.keys)
        name = try mapping.required("step").name("step")
        let kinds = Self.kinds.filter { mapping[$0] != nil }
        guard kinds.count == 1, let kind = kinds.first else {
            throw mapping.location.error(
                "the step '\(name)' must have one of 'load', 'ingest', 'views' and 'quality'"
            )
        }
        let elements = try mapping.required(kind).elements(kind)
        let names = try Self.names(elements, kind)
        guard !names.isEmpty else {
            throw try mapping.required(kind).error("'\(kind)' must list at least one name")
        }
        work =
            switch kind {
            case "load": .load(names)
            case "views": .views(names)
            case "quality": .quality(names)
            default: .ingest(names)
            }
        locations = elements.map(\.location)
        needs = try Self.names(try mapping["needs"]?.elements("needs") ?? [], "needs")
        rules = try Self.rules(mapping, kind)
    }

    static func names(
        _ elements: [YAMLNode],
        _ key: String
    ) throws(ConfigurationError) -> [String] {
        var names: [String] = []
        for element in elements {
            let name = try element.name(key)
            guard !names.contains(name) else { throw element.error("'\(name)' is listed twice") }
            guard name != SelftestDeclaration.name else {
                throw element.error("'\(name)' loads no table and cannot be part of a workflow")
            }
            names.append(name)
        }
        return names
    }

    private static func rules(
        _ mapping: YAMLMapping,
        _ kind: String
    ) throws(ConfigurationError) -> WorkflowRules {
        var rules = WorkflowRules()
        if let when = mapping["when"] {
            switch try when.text("when") {
            case "always": break
            case "changed" where kind != "ingest": rules.onlyIfChanged = true
            case "changed":
                throw when.error("an ingest finds out itself what has changed; leave 'when' out")
            case let other: throw when.error("'when' must be always or changed, not '\(other)'")
            }
        }
        for key in ["retries", "retry_delay"] {
            guard kind == "load", let location = mapping.keyLocation(key) else { continue }
            throw location.error(
                "a load has no '\(key)': its tasks are tried again as scheduler.max_attempts says"
            )
        }
        rules.retries = try mapping.integer("retries", in: retries) ?? 0
        rules.retryDelay = try mapping.duration(
            "retry_delay",
            default: rules.retryDelay,
            in: times
        )
        rules.timeout = try mapping["timeout"].map { node throws(ConfigurationError) in
            try timeout(node)
        }
        return rules
    }

    /// One time for all inputs, or one for each class of sizes.
    private static func timeout(_ node: YAMLNode) throws(ConfigurationError) -> StepTimeout {
        guard case .mapping = node.content else {
            let whole = YAMLMapping(
                entries: [YAMLEntry(key: "timeout", location: node.location, value: node)],
                location: node.location
            )
            let time = try whole.duration("timeout", default: .zero, in: times)
            return StepTimeout(small: time, medium: time, large: time)
        }
        let mapping = try YAMLMapping(node, "'timeout'", keys: ["small", "medium", "large"])
        func time(_ key: String) throws(ConfigurationError) -> Duration {
            _ = try mapping.required(key)
            return try mapping.duration(key, default: .zero, in: times)
        }
        return StepTimeout(
            small: try time("small"),
            medium: try time("medium"),
            large: try time("large")
        )
    }
}
