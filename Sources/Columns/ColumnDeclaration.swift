import Base

/// How the text of a field becomes a value: the conversion rules of a job file.
package enum ColumnType: Hashable, Sendable {
    case string, int32, int64, float64, boolean, date, timestamp
    /// Strings split on one byte; null and the empty field are the empty list.
    case list(separator: UInt8)
    /// An RFC 8259 array of strings; null and the empty field are the empty list.
    case jsonList

    /// What a value of this type is stored as.
    package var storage: ColumnStorage {
        switch self {
        case .string: .string
        case .int32: .int32
        case .int64: .int64
        case .float64: .float64
        case .boolean: .boolean
        case .date: .date
        case .timestamp: .timestamp
        case .list, .jsonList: .stringList
        }
    }
}

/// The stored type of a column, as Parquet and the catalog see it.
///
/// `date` counts days since 1970-01-01, `timestamp` microseconds since then without a zone. A
/// `stringList` is never null and holds no nulls.
package enum ColumnStorage: Hashable, Sendable, CaseIterable {
    case string, int32, int64, float64, boolean, date, timestamp, stringList
}

/// One column of a table, in the order of the input's fields.
package struct ColumnDeclaration: Hashable, Sendable {
    package let name: String
    package let type: ColumnType
    /// Whether a null rejects the row.
    package let isRequired: Bool

    package init(name: String, type: ColumnType, isRequired: Bool = false) {
        self.name = name
        self.type = type
        self.isRequired = isRequired
    }
}

/// What turns lines of text into rows of one table: all that a worker has to know of a job file.
package struct TransformDeclaration: Hashable, Sendable {
    package let columns: [ColumnDeclaration]
    /// The text of a null field, by default `\N`.
    ///
    /// May be empty.
    package let nullMarker: [UInt8]
    /// Whether one CR before each newline is taken off (`line_end: crlf`).
    package let stripsCarriageReturn: Bool
    /// Indexes into `columns` of the `cluster_by` columns, most significant first.
    package let clusterBy: [Int]
    /// What rows are put into partitions by; empty for a table without any.
    package let partitionBy: [PartitionField]
    /// Whether rows are put in the order of partitions and `clusterBy`, whatever the input's is.
    package let sortsRows: Bool

    package init(
        columns: [ColumnDeclaration],
        nullMarker: [UInt8] = Array(#"\N"#.utf8),
        stripsCarriageReturn: Bool = false,
        clusterBy: [Int] = [],
        partitionBy: [PartitionField] = [],
        sortsRows: Bool = false
    ) {
        self.columns = columns
        self.nullMarker = nullMarker
        self.stripsCarriageReturn = stripsCarriageReturn
        self.clusterBy = clusterBy
        self.partitionBy = partitionBy
        self.sortsRows = sortsRows || !partitionBy.isEmpty
    }
}

/// The columns of every `<table>_rejects` table: product.md section 4.
package let rejectColumns: [ColumnDeclaration] = [
    ColumnDeclaration(name: "source", type: .string),
    ColumnDeclaration(name: "line", type: .int64),
    ColumnDeclaration(name: "raw", type: .string),
    ColumnDeclaration(name: "raw_hex", type: .string),
    ColumnDeclaration(name: "reason", type: .string),
    ColumnDeclaration(name: "job", type: .string),
]
