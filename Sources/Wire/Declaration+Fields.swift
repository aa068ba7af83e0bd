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
        guard (1...Limits.columns).contains(columns.count),
            clusterBy.allSatisfy(columns.indices.contains)
        else { throw .malformed(message: "declare") }
        return TransformDeclaration(
            columns: columns,
            nullMarker: nullMarker,
            stripsCarriageReturn: stripsCarriageReturn,
            clusterBy: clusterBy
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
