import Base
import Columns

/// Turns the nodes of a job file into a `JobDeclaration`, checking every value.
///
/// Columns come first, because `cluster_by`, `checks` and `views` name them.
struct JobReader {
    let file: String
    /// Kept in the declaration, which is stored as this text.
    let text: String

    private static let keys = [
        "job", "input", "format", "table", "schema", "columns", "write", "cluster_by",
        "partition_by", "sort", "checks", "views", "rejects", "allow_empty", "parameters",
    ]

    /// What the `format` part of a file says.
    private struct Format {
        var nullMarker = Array(#"\N"#.utf8)
        var hasHeader = true
        var stripsCarriageReturn = false
    }

    func read(_ node: YAMLNode) throws(ConfigurationError) -> JobDeclaration {
        let root = try YAMLMapping(node, "a job", keys: Self.keys)
        let name = try root.required("job")
        guard try name.name("job") != SelftestDeclaration.name else {
            throw name.error("'\(SelftestDeclaration.name)' is built in; choose another name")
        }
        let parameters = try parameters(root["parameters"])
        let format = try format(root["format"])
        let table = try tableName(try root.required("table"))
        let schema = try root["schema"]?.name("schema") ?? "ott"
        let columns = try ColumnReader().columns(try root.required("columns"))
        let views = ViewReader(schema: schema, table: table, columns: columns)
        let clusterBy = try keyColumns(root, "cluster_by", of: columns)
        return JobDeclaration(
            name: try name.name("job"),
            input: try input(try root.required("input"), parameters),
            table: table,
            schema: schema,
            transform: TransformDeclaration(
                columns: columns,
                nullMarker: format.nullMarker,
                stripsCarriageReturn: format.stripsCarriageReturn,
                clusterBy: clusterBy,
                partitionBy: try PartitionReader(columns: columns).fields(root["partition_by"]),
                sortsRows: try sortsRows(root, clusterBy)
            ),
            hasHeader: format.hasHeader,
            allowEmpty: try allowEmpty(root),
            write: try write(root["write"]),
            rejectLimits: try rejectLimits(root["rejects"]),
            checks: try CheckReader(columns: columns).checks(root["checks"]),
            views: try views.views(root["views"]),
            parameters: parameters,
            source: file,
            text: text
        )
    }

    /// The input as written, tried with the parameters' defaults.
    ///
    /// A parameter that `input` does not use would make `--set` a switch without effect.
    private func input(
        _ node: YAMLNode,
        _ parameters: [String: String]
    ) throws(ConfigurationError) -> String {
        let used = try node.reading("input") { text throws(ValueProblem) in
            let template = try InputTemplate(text)
            _ = try template.filled(parameters)
            return template.parameters
        }
        for name in parameters.keys.sorted() where !used.contains(name) {
            throw node.error("parameter '\(name)' is declared, but ${\(name)} is not in 'input'")
        }
        return try node.text("input")
    }

    /// Names with their defaults; there are no parameters without one.
    private func parameters(_ node: YAMLNode?) throws(ConfigurationError) -> [String: String] {
        guard let node else { return [:] }
        guard case .mapping(let entries) = node.content else {
            throw node.error("'parameters' must be a mapping {name: default, …}, not \(node.kind)")
        }
        var parameters: [String: String] = [:]
        for entry in entries {
            guard Names.isValid(entry.key) else {
                throw entry.location.error(
                    "a parameter's name must begin with a letter a-z and hold only a-z, 0-9 and "
                        + "_, not '\(entry.key)'"
                )
            }
            parameters[entry.key] = try entry.value.text(entry.key)
        }
        return parameters
    }

    private func format(_ node: YAMLNode?) throws(ConfigurationError) -> Format {
        var format = Format()
        guard let node else { return format }
        let mapping = try YAMLMapping(
            node,
            "'format'",
            keys: ["kind", "null", "header", "line_end", "allow_empty"]
        )
        if let kind = mapping["kind"], try kind.text("kind") != "tsv" {
            throw kind.error("'kind' must be tsv, not '\(try kind.text("kind"))'")
        }
        if let null = mapping["null"] { format.nullMarker = try nullMarker(null) }
        format.hasHeader = try mapping.boolean("header", default: format.hasHeader)
        if let lineEnd = mapping["line_end"] {
            switch try lineEnd.text("line_end") {
            case "lf": format.stripsCarriageReturn = false
            case "crlf": format.stripsCarriageReturn = true
            case let other: throw lineEnd.error("'line_end' must be lf or crlf, not '\(other)'")
            }
        }
        return format
    }

    /// Bytes of a null marker: a guess; it is compared with every field.
    private static let nullMarkerBytes = 64

    private func nullMarker(_ node: YAMLNode) throws(ConfigurationError) -> [UInt8] {
        let marker = Array(try node.text("null").utf8)
        guard marker.count <= Self.nullMarkerBytes else {
            throw node.error("'null' is \(marker.count) bytes, at most \(Self.nullMarkerBytes)")
        }
        guard !marker.contains(where: { "\t\n\r".utf8.contains($0) }) else {
            throw node.error("'null' cannot hold a tab, LF or CR: no field does")
        }
        return marker
    }

    /// Stands beside `format` or in it, as both read well; not in both.
    private func allowEmpty(_ root: YAMLMapping) throws(ConfigurationError) -> Bool {
        guard let format = root["format"], case .mapping(let entries) = format.content else {
            return try root.boolean("allow_empty", default: false)
        }
        let inner = YAMLMapping(entries: entries, location: format.location)
        if let again = inner.keyLocation("allow_empty"), root["allow_empty"] != nil {
            throw again.error("'allow_empty' is given twice, here and beside 'format'")
        }
        let value = try inner.boolean("allow_empty", default: false)
        return try root.boolean("allow_empty", default: value)
    }

    /// A name that leaves room for `<table>_rejects` and is none of these itself.
    private func tableName(_ node: YAMLNode) throws(ConfigurationError) -> String {
        let name = try node.name("table")
        let suffix = JobDeclaration.rejectsSuffix
        guard !name.hasSuffix(suffix) else {
            throw node.error("'\(name)' would be the rejects of another table; choose another name")
        }
        guard Names.isValid(name + suffix) else {
            throw node.error(
                "'table' may have \(63 - suffix.utf8.count) bytes, as \(name)\(suffix) "
                    + "has to fit into 63"
            )
        }
        return name
    }

    private func write(_ node: YAMLNode?) throws(ConfigurationError) -> WriteMode {
        guard let node else { return .replace }
        switch try node.text("write") {
        case "replace": return .replace
        case "append": return .append
        case let other: throw node.error("'write' must be replace or append, not '\(other)'")
        }
    }

    private func rejectLimits(_ node: YAMLNode?) throws(ConfigurationError) -> RejectLimits {
        let defaults = RejectLimits()
        guard let node else { return defaults }
        let mapping = try YAMLMapping(node, "'rejects'", keys: ["max_rows", "max_share"])
        return RejectLimits(
            maxRows: try mapping.integer("max_rows", in: 0...Int64.max) ?? defaults.maxRows,
            maxShare: try mapping.share("max_share", default: defaults.maxShare)
        )
    }

    /// Whether rows are to be sorted that are not put into partitions.
    private func sortsRows(
        _ root: YAMLMapping,
        _ clusterBy: [Int]
    ) throws(ConfigurationError) -> Bool {
        let sorts = try root.boolean("sort", default: false)
        guard !sorts || !clusterBy.isEmpty else {
            throw (root.keyLocation("sort") ?? root.location)
                .error("'sort' needs 'cluster_by', the columns that rows are sorted by")
        }
        return sorts
    }

    /// The indexes of columns that rows are ordered or told apart by; lists are neither.
    private func keyColumns(
        _ mapping: YAMLMapping,
        _ key: String,
        of columns: [ColumnDeclaration]
    ) throws(ConfigurationError) -> [Int] {
        var indexes: [Int] = []
        for (name, node) in try mapping.texts(key) {
            let index = try ColumnReader.index(of: name, in: columns, at: node)
            guard columns[index].type.storage != .stringList else {
                throw node.error("'\(name)' is a list; '\(key)' takes columns of single values")
            }
            guard !indexes.contains(index) else {
                throw node.error("'\(name)' is listed twice")
            }
            indexes.append(index)
        }
        return indexes
    }
}
