import Base
import Columns

/// How the shared vocabulary is spelled on the wire.
extension FieldWriter {
    mutating func step(_ step: StepID) {
        integer(step.job.rawValue)
        integer(UInt32(step.index))
    }

    mutating func declaration(_ declaration: TransformDeclaration) {
        list(declaration.columns) { fields, column in
            fields.text(column.name)
            let (code, separator) = column.type.wireCode
            fields.integer(code)
            fields.integer(separator)
            fields.flag(column.isRequired)
        }
        bytes(declaration.nullMarker)
        flag(declaration.stripsCarriageReturn)
        list(declaration.clusterBy) { $0.integer(UInt32($1)) }
        list(declaration.partitionBy) { fields, field in
            let (code, buckets) = field.transform.wireCode
            fields.integer(code)
            fields.integer(buckets)
            fields.integer(UInt32(field.column))
        }
        flag(declaration.sortsRows)
    }
}

extension FieldReader {
    mutating func step() throws(WireError) -> StepID {
        StepID(job: JobID(try integer()), index: Int(try integer(UInt32.self)))
    }

    mutating func declaration() throws(WireError) -> TransformDeclaration {
        let columns = try list(minimumSizeBytes: 7) { fields throws(WireError) in
            let name = try fields.text()
            let code = try fields.integer(UInt8.self)
            let separator = try fields.integer(UInt8.self)
            guard let type = ColumnType(wireCode: code, separator: separator) else {
                throw .malformed(message: "declare")
            }
            return ColumnDeclaration(name: name, type: type, isRequired: try fields.flag())
        }
        let nullMarker = try bytes()
        let stripsCarriageReturn = try flag()
        let clusterBy = try list(minimumSizeBytes: 4) { fields throws(WireError) in
            Int(try fields.integer(UInt32.self))
        }
        let partitionBy = try list(minimumSizeBytes: 9) { fields throws(WireError) in
            let code = try fields.integer(UInt8.self)
            let buckets = try fields.integer(UInt32.self)
            guard let transform = PartitionField.Transform(wireCode: code, buckets: buckets) else {
                throw .malformed(message: "declare")
            }
            return PartitionField(transform, column: Int(try fields.integer(UInt32.self)))
        }
        let sortsRows = try flag()
        guard (1...Limits.columns).contains(columns.count),
            (clusterBy + partitionBy.map(\.column)).allSatisfy(columns.indices.contains),
            partitionBy.count <= Limits.partitionFields,
            partitionBy.allSatisfy({ field in
                PartitionField.takes(columns[field.column].type.storage, field.transform)
            }),
            sortsRows || partitionBy.isEmpty,
            !sortsRows || !clusterBy.contains(where: { columns[$0].type.storage == .stringList })
        else { throw .malformed(message: "declare") }
        return TransformDeclaration(
            columns: columns,
            nullMarker: nullMarker,
            stripsCarriageReturn: stripsCarriageReturn,
            clusterBy: clusterBy,
            partitionBy: partitionBy,
            sortsRows: sortsRows
        )
    }
}

extension ColumnType {
    /// The type's number on the wire, and the separator of a list (0 for others).
    fileprivate var wireCode: (code: UInt8, separator: UInt8) {
        switch self {
        case .string: (0, 0)
        case .int32: (1, 0)
        case .int64: (2, 0)
        case .float64: (3, 0)
        case .boolean: (4, 0)
        case .date: (5, 0)
        case .timestamp: (6, 0)
        case .list(let separator): (7, separator)
        case .jsonList: (8, 0)
        }
    }

    fileprivate init?(wireCode: UInt8, separator: UInt8) {
        let types: [ColumnType] = [
            .string, .int32, .int64, .float64, .boolean, .date, .timestamp,
            .list(separator: separator), .jsonList,
        ]
        guard types.indices.contains(Int(wireCode)) else { return nil }
        self = types[Int(wireCode)]
    }
}

extension PartitionField.Transform {
    /// The transform's number on the wire, and its buckets (0 for others).
    fileprivate var wireCode: (code: UInt8, buckets: UInt32) {
        switch self {
        case .identity: (0, 0)
        case .year: (1, 0)
        case .month: (2, 0)
        case .day: (3, 0)
        case .bucket(let count): (4, UInt32(count))
        }
    }

    fileprivate init?(wireCode: UInt8, buckets: UInt32) {
        switch wireCode {
        case 0: self = .identity
        case 1: self = .year
        case 2: self = .month
        case 3: self = .day
        case 4 where (1...Limits.partitions).contains(Int(buckets)): self = .bucket(Int(buckets))
        default: return nil
        }
    }
}
