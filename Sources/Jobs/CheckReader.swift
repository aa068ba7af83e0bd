import Base
import Columns

/// Reads the `checks` of a job file.
///
/// One mapping of checks, `{unique: [id], not_null: [name]}`, or a list of such, each with a severity
/// of its own: `[{unique: [id]}, {not_null: [name], severity: warn}]`.
struct CheckReader {
    let columns: [ColumnDeclaration]

    /// Checks of one job; a guess.
    private static let checkCount = 256
    private static let keys = [
        "unique", "not_null", "range", "pattern", "allowed", "references", "row_count",
        "distribution", "severity", "max_rows",
    ]

    func checks(_ node: YAMLNode?) throws(ConfigurationError) -> [CheckDeclaration] {
        guard let node else { return [] }
        var checks: [CheckDeclaration] = []
        if case .sequence(let elements) = node.content {
            for element in elements { checks += try group(element) }
        } else {
            checks = try group(node)
        }
        guard checks.count <= Self.checkCount else {
            throw node.error("'checks' lists \(checks.count), at most \(Self.checkCount)")
        }
        return checks
    }

    private func group(_ node: YAMLNode) throws(ConfigurationError) -> [CheckDeclaration] {
        let mapping = try YAMLMapping(node, "'checks'", keys: Self.keys)
        var kinds: [CheckDeclaration.Kind] = []
        let unique = try texts(mapping, "unique")
        if !unique.isEmpty { kinds.append(.unique(unique)) }
        kinds += try texts(mapping, "not_null").map { .notNull($0) }
        if let range = mapping["range"] { kinds.append(try self.range(range)) }
        if let pattern = mapping["pattern"] { kinds.append(try self.pattern(pattern)) }
        if let allowed = mapping["allowed"] { kinds.append(try self.allowed(allowed)) }
        if let references = mapping["references"] {
            kinds.append(try self.references(references))
        }
        if let rowCount = mapping["row_count"] { kinds.append(try self.rowCount(rowCount)) }
        if let distribution = mapping["distribution"] {
            kinds.append(try self.distribution(distribution))
        }
        let severity = try severity(mapping["severity"])
        let maxRows = try mapping.integer("max_rows", in: 0...Int64.max) ?? 0
        return kinds.map { CheckDeclaration(kind: $0, severity: severity, maxRows: maxRows) }
    }

    private func severity(
        _ node: YAMLNode?
    ) throws(ConfigurationError) -> CheckDeclaration.Severity {
        guard let node else { return .error }
        let text = try node.text("severity")
        guard let severity = CheckDeclaration.Severity(rawValue: text) else {
            throw node.error("'severity' must be error or warn, not '\(text)'")
        }
        return severity
    }

    private func range(_ node: YAMLNode) throws(ConfigurationError) -> CheckDeclaration.Kind {
        let mapping = try YAMLMapping(node, "'range'", keys: ["column", "min", "max"])
        let column = try columnDeclaration(mapping)
        guard column.type.storage != .string, column.type.storage != .boolean else {
            throw node.error("'range' takes a column of numbers or times")
        }
        let bounds = try ["min", "max"].map { (key) throws(ConfigurationError) -> String? in
            guard let bound = mapping[key] else { return nil }
            let text = try bound.text(key)
            let isTime = [.date, .timestamp].contains(column.type.storage)
            guard isTime || Double(text)?.isFinite == true else {
                throw bound.error("'\(key)' must be a number, not '\(text)'")
            }
            return text
        }
        guard bounds != [nil, nil] else { throw node.error("'range' needs 'min' or 'max'") }
        return .range(column.name, minimum: bounds[0], maximum: bounds[1])
    }

    private func pattern(_ node: YAMLNode) throws(ConfigurationError) -> CheckDeclaration.Kind {
        let mapping = try YAMLMapping(node, "'pattern'", keys: ["column", "matches"])
        let column = try columnDeclaration(mapping)
        guard column.type.storage == .string else {
            throw node.error("'pattern' takes a column of type string")
        }
        return .pattern(column.name, try mapping.required("matches").text("matches"))
    }

    private func allowed(_ node: YAMLNode) throws(ConfigurationError) -> CheckDeclaration.Kind {
        let mapping = try YAMLMapping(node, "'allowed'", keys: ["column", "values"])
        let values = try mapping.texts("values").map(\.text)
        guard !values.isEmpty else { throw node.error("'values' must list what is allowed") }
        return .allowed(try columnDeclaration(mapping).name, values)
    }

    private func references(_ node: YAMLNode) throws(ConfigurationError) -> CheckDeclaration.Kind {
        let mapping = try YAMLMapping(
            node,
            "'references'",
            keys: ["column", "schema", "table", "key"]
        )
        return .references(
            try columnDeclaration(mapping).name,
            schema: try mapping["schema"]?.name("schema") ?? "ott",
            table: try mapping.required("table").name("table"),
            key: try ColumnReader.name(try mapping.required("key"), "key")
        )
    }

    private func rowCount(_ node: YAMLNode) throws(ConfigurationError) -> CheckDeclaration.Kind {
        let mapping = try YAMLMapping(node, "'row_count'", keys: ["min", "max_drop", "max_growth"])
        func optionalShare(_ key: String) throws(ConfigurationError) -> Double? {
            mapping[key] == nil ? nil : try mapping.share(key, default: 0)
        }
        let limits = CheckDeclaration.RowCountLimits(
            minimum: try mapping.integer("min", in: 0...Int64.max),
            maxDrop: try optionalShare("max_drop"),
            maxGrowth: try optionalShare("max_growth")
        )
        guard limits != CheckDeclaration.RowCountLimits() else {
            throw node.error("'row_count' needs 'min', 'max_drop' or 'max_growth'")
        }
        return .rowCount(limits)
    }

    private func distribution(
        _ node: YAMLNode
    ) throws(ConfigurationError) -> CheckDeclaration.Kind {
        let mapping = try YAMLMapping(
            node,
            "'distribution'",
            keys: ["column", "top", "max_change"]
        )
        return .distribution(
            try columnDeclaration(mapping).name,
            top: try mapping.integer("top", in: 1...1000) ?? 10,
            maxChange: try mapping.share("max_change", default: 0.1)
        )
    }

    // MARK: Columns

    /// The names of columns in a list; lists have no single values to be checked.
    private func texts(
        _ mapping: YAMLMapping,
        _ key: String
    ) throws(ConfigurationError) -> [String] {
        var names: [String] = []
        for (name, node) in try mapping.texts(key) {
            let column = try columnDeclaration(name, at: node, key)
            guard !names.contains(column.name) else {
                throw node.error("'\(name)' is listed twice")
            }
            names.append(column.name)
        }
        return names
    }

    private func columnDeclaration(
        _ mapping: YAMLMapping
    ) throws(ConfigurationError) -> ColumnDeclaration {
        let node = try mapping.required("column")
        return try columnDeclaration(try node.text("column"), at: node, "column")
    }

    private func columnDeclaration(
        _ name: String,
        at node: YAMLNode,
        _ key: String
    ) throws(ConfigurationError) -> ColumnDeclaration {
        let column = columns[try ColumnReader.index(of: name, in: columns, at: node)]
        guard column.type.storage != .stringList else {
            throw node.error("'\(name)' is a list; '\(key)' takes columns of single values")
        }
        return column
    }
}
