import Base
import Columns

/// Reads the `partition_by` of a job file: `id`, `year(day)`, `bucket(8, id)`, one or a list of them.
struct PartitionReader {
    let columns: [ColumnDeclaration]

    private static let forms = "column, year(column), month(column), day(column), bucket(N, column)"

    func fields(_ node: YAMLNode?) throws(ConfigurationError) -> [PartitionField] {
        guard let node else { return [] }
        let nodes = if case .sequence(let elements) = node.content { elements } else { [node] }
        guard nodes.count <= Limits.partitionFields else {
            throw node.error(
                "'partition_by' lists \(nodes.count), at most \(Limits.partitionFields)"
            )
        }
        var fields: [PartitionField] = []
        for node in nodes {
            let field = try field(node)
            guard !fields.contains(field) else {
                throw node.error("'\(try node.text("partition_by"))' is listed twice")
            }
            fields.append(field)
        }
        return fields
    }

    private func field(_ node: YAMLNode) throws(ConfigurationError) -> PartitionField {
        let text = try node.text("an element of 'partition_by'", quoted: false)
        let (transform, name) = try parse(text, at: node)
        let index = try ColumnReader.index(of: name, in: columns, at: node)
        guard PartitionField.takes(columns[index].type.storage, transform) else {
            throw node.error(Self.complaint(about: transform, column: name))
        }
        return PartitionField(transform, column: index)
    }

    /// The transform and the name of its column; a column may be named like a call of one.
    private func parse(
        _ text: String,
        at node: YAMLNode
    ) throws(ConfigurationError) -> (PartitionField.Transform, String) {
        let isColumn = columns.contains { $0.name == text }
        guard !isColumn, text.hasSuffix(")"), let open = text.firstIndex(of: "(") else {
            return (.identity, text)
        }
        let arguments = text[text.index(after: open)...].dropLast()
        switch text[..<open] {
        case "year": return (.year, Self.trimmed(arguments))
        case "month": return (.month, Self.trimmed(arguments))
        case "day": return (.day, Self.trimmed(arguments))
        case "bucket":
            guard let comma = arguments.firstIndex(of: ","),
                let count = Int(Self.trimmed(arguments[..<comma]))
            else { break }
            guard (1...Limits.partitions).contains(count) else {
                throw node.error("'\(text)' must have 1 to \(Limits.partitions) buckets")
            }
            return (.bucket(count), Self.trimmed(arguments[arguments.index(after: comma)...]))
        default: break
        }
        throw node.error("'\(text)' is no partition; write one of \(Self.forms)")
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    private static func complaint(
        about transform: PartitionField.Transform,
        column: String
    ) -> String {
        switch transform {
        case .identity:
            "'\(column)' is a list or a float64; 'partition_by' takes columns of other types"
        case .year, .month, .day:
            "'\(column)' is no date or timestamp; year, month and day take one"
        case .bucket:
            "'\(column)' cannot be hashed; bucket takes strings, integers, dates and timestamps"
        }
    }
}
