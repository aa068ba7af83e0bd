import Base
import Columns

/// Reads the `views` of a job file and writes their SQL.
///
/// Tables are named as `schema.table` without a catalog, so that a view works under any name that a
/// reader attaches the store as (ducklake-contract.md, section 5).
struct ViewReader {
    let schema: String
    let table: String
    let columns: [ColumnDeclaration]

    /// Views of one table; a guess.
    private static let viewCount = 64
    /// Bytes of one free SELECT; it is stored with every version of the schema.
    private static let sqlBytes = 16 << 10

    func views(_ node: YAMLNode?) throws(ConfigurationError) -> [ViewDeclaration] {
        guard let node else { return [] }
        let elements = try node.elements("views")
        guard elements.count <= Self.viewCount else {
            throw node.error("'views' lists \(elements.count), at most \(Self.viewCount)")
        }
        var views: [ViewDeclaration] = []
        for element in elements {
            let view = try view(element)
            guard !views.contains(where: { $0.name == view.name }) else {
                throw element.error("two views are named '\(view.name)'")
            }
            views.append(view)
        }
        return views
    }

    private func view(_ node: YAMLNode) throws(ConfigurationError) -> ViewDeclaration {
        let mapping = try YAMLMapping(
            node,
            "a view",
            keys: ["name", "unnest", "as", "keep", "sql"]
        )
        let nameNode = try mapping.required("name")
        let name = try nameNode.name("name")
        guard name != table, name != table + JobDeclaration.rejectsSuffix else {
            throw nameNode.error("'\(name)' is already the name of a table of this job")
        }
        guard let sql = mapping["sql"] else {
            return ViewDeclaration(name: name, sql: try unnestSQL(mapping))
        }
        for key in ["unnest", "as", "keep"] {
            if let location = mapping.keyLocation(key) {
                throw location.error("a view has either 'sql' or 'unnest'; leave '\(key)' out")
            }
        }
        return ViewDeclaration(name: name, sql: try freeSQL(sql))
    }

    /// One row for each element of a list, beside the columns to keep.
    private func unnestSQL(_ mapping: YAMLMapping) throws(ConfigurationError) -> String {
        guard let node = mapping["unnest"] else {
            throw mapping.location.error("a view needs 'unnest', or 'sql' with a SELECT")
        }
        let list = try node.text("unnest")
        let index = try ColumnReader.index(of: list, in: columns, at: node)
        guard columns[index].type.storage == .stringList else {
            throw node.error("'\(list)' is no list; 'unnest' takes a column of type list<string>")
        }
        let alias = try ColumnReader.name(try mapping.required("as"), "as")
        var kept: [String] = []
        for (name, node) in try mapping.texts("keep") {
            let index = try ColumnReader.index(of: name, in: columns, at: node)
            let isTaken = kept.contains(name) || name.lowercased() == alias.lowercased()
            guard !isTaken else { throw node.error("the view would have two columns '\(name)'") }
            kept.append(columns[index].name)
        }
        let selected = kept.map(quoted) + ["unnest(\(quoted(list))) AS \(quoted(alias))"]
        return "SELECT \(selected.joined(separator: ", ")) FROM \(quoted(schema)).\(quoted(table))"
    }

    /// A SELECT of the user's own; only its shape is checked, as only DuckDB can check the rest.
    private func freeSQL(_ node: YAMLNode) throws(ConfigurationError) -> String {
        let sql = try node.text("sql")
        guard sql.utf8.count <= Self.sqlBytes else {
            throw node.error("'sql' is \(sql.utf8.count) bytes, at most \(Self.sqlBytes)")
        }
        let words = sql.split(whereSeparator: \.isWhitespace)
        guard let first = words.first?.uppercased(), ["SELECT", "WITH"].contains(first) else {
            throw node.error("'sql' must begin with SELECT or WITH")
        }
        guard !sql.contains(";"), !sql.contains("\0") else {
            throw node.error("'sql' must be one statement without ';'")
        }
        return sql
    }

    /// An identifier of SQL: `"` around it, those within doubled.
    private func quoted(_ name: String) -> String {
        "\""
            + name.split(separator: "\"", omittingEmptySubsequences: false).joined(
                separator: "\"\""
            )
            + "\""
    }
}
