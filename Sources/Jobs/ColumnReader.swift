import Base
import Columns

/// Reads the `columns` of a job file.
struct ColumnReader {
    private static let types: [String: ColumnType] = [
        "string": .string, "int32": .int32, "int64": .int64, "float64": .float64,
        "boolean": .boolean, "date": .date, "timestamp": .timestamp,
    ]
    private static let listType = "list<string>"
    private static let typeNames =
        "string, int32, int64, float64, boolean, date, timestamp or list<string>"

    /// Bytes of a column's name: 128, as other table stores allow.
    private static let nameBytes = 128

    /// The columns in the order of the file, which is the order of the input's fields.
    func columns(_ node: YAMLNode) throws(ConfigurationError) -> [ColumnDeclaration] {
        let elements = try node.elements("columns")
        guard (1...Limits.columns).contains(elements.count) else {
            throw node.error(
                "'columns' lists \(elements.count); a table has from 1 to \(Limits.columns)"
            )
        }
        var columns: [ColumnDeclaration] = []
        // DuckDB's identifiers are case-insensitive, so two such columns could not be told apart.
        var seen: Set<String> = []
        for element in elements {
            let mapping = try YAMLMapping(
                element,
                "a column",
                keys: ["name", "type", "required", "separator", "format"]
            )
            let column = try column(mapping)
            guard seen.insert(column.name.lowercased()).inserted else {
                throw try mapping.required("name").error(
                    "two columns are named '\(column.name)'; upper and lower case count as one"
                )
            }
            columns.append(column)
        }
        return columns
    }

    /// The index of a column that another key names.
    static func index(
        of name: String,
        in columns: [ColumnDeclaration],
        at node: YAMLNode
    ) throws(ConfigurationError) -> Int {
        guard let index = columns.firstIndex(where: { $0.name == name }) else {
            throw node.error(
                "no column is named '\(name)'; "
                    + Spelling.suggestion(for: name, in: columns.map(\.name))
                    + "columns are \(columns.map(\.name).joined(separator: ", "))"
            )
        }
        return index
    }

    /// The name of a column: any text that a header can hold, but not an unreadable one.
    static func name(_ node: YAMLNode, _ key: String) throws(ConfigurationError) -> String {
        let name = try node.text(key)
        guard (1...nameBytes).contains(name.utf8.count) else {
            throw node.error("'\(key)' must have from 1 to \(nameBytes) bytes")
        }
        guard !name.unicodeScalars.contains(where: \.isControl) else {
            throw node.error("'\(key)' cannot hold control characters")
        }
        return name
    }

    private func column(_ mapping: YAMLMapping) throws(ConfigurationError) -> ColumnDeclaration {
        let name = try Self.name(try mapping.required("name"), "name")
        let typeNode = try mapping.required("type")
        let typeName = try typeNode.text("type")
        let isRequired = try mapping.boolean("required", default: false)
        if typeName == Self.listType {
            if isRequired, let node = mapping["required"] {
                throw node.error("a list is never null, so 'required' says nothing; leave it out")
            }
            return ColumnDeclaration(name: name, type: try listType(mapping, typeNode))
        }
        guard let type = Self.types[typeName] else {
            throw typeNode.error("'type' must be \(Self.typeNames), not '\(typeName)'")
        }
        for key in ["separator", "format"] {
            if let location = mapping.keyLocation(key) {
                throw location.error("'\(key)' belongs to columns of type \(Self.listType) only")
            }
        }
        return ColumnDeclaration(name: name, type: type, isRequired: isRequired)
    }

    /// How the text of a list is taken apart: by a separator or as JSON.
    private func listType(
        _ mapping: YAMLMapping,
        _ typeNode: YAMLNode
    ) throws(ConfigurationError) -> ColumnType {
        if let format = mapping["format"] {
            guard try format.text("format") == "json" else {
                throw format.error("'format' must be json, not '\(try format.text("format"))'")
            }
            if let location = mapping.keyLocation("separator") {
                throw location.error("a JSON array needs no 'separator'; leave it out")
            }
            return .jsonList
        }
        guard let node = mapping["separator"] else {
            throw typeNode.error(
                "a list needs 'separator', one byte such as \",\", or 'format: json'"
            )
        }
        let bytes = Array(try node.text("separator").utf8)
        guard bytes.count == 1, !"\t\n\r\0".utf8.contains(bytes[0]) else {
            throw node.error(
                "'separator' must be one byte, such as \",\" or \"\\x02\", and no tab, LF, CR or NUL"
            )
        }
        return .list(separator: bytes[0])
    }
}
