import Columns

// The footer in Thrift: `struct FileMetaData` of parquet.thrift; field numbers are from there.

extension SegmentLayout {
    func fileMetadata() -> [UInt8] {
        var writer = ThriftWriter()
        writer.field(1, i32: 2)  // version
        writeSchema(to: &writer)
        writer.field(3, i64: rowCount)
        writer.list(field: 4, of: .structure, count: rowGroups.count)
        for rowGroup in rowGroups { write(rowGroup, to: &writer) }
        if !keyValues.isEmpty {
            writer.list(field: 5, of: .structure, count: keyValues.count)
            for (key, value) in keyValues {
                writer.beginElement()
                writer.field(1, text: key)
                writer.field(2, text: value)
                writer.endStruct()
            }
        }
        writer.field(6, text: Self.createdBy)
        // Without an order for each column readers must not trust min_value and max_value.
        writer.list(field: 7, of: .structure, count: columns.count)
        for _ in columns {
            writer.beginElement()
            writer.emptyStruct(field: 1)  // TypeDefinedOrder
            writer.endStruct()
        }
        return writer.finish()
    }

    // MARK: Schema

    private func writeSchema(to writer: inout ThriftWriter) {
        let nodeCount = columns.reduce(1) { $0 + ($1.type.storage == .stringList ? 3 : 1) }
        writer.list(field: 2, of: .structure, count: nodeCount)
        writer.beginElement()
        writer.field(4, text: "schema")
        writer.field(5, i32: Int32(columns.count))
        writer.endStruct()
        for (column, ids) in zip(columns, fieldIDs) {
            if let element = ids.element {
                writeList(column.name, ids.column, element, to: &writer)
            } else {
                SchemaLeaf(column.name, column.type.storage, .optional, ids.column).write(
                    to: &writer
                )
            }
        }
    }

    /// The three levels of a list; neither it nor its elements are ever null, so both are required and
    /// a level takes one bit.
    private func writeList(
        _ name: String,
        _ id: Int32,
        _ element: Int32,
        to writer: inout ThriftWriter
    ) {
        writer.beginElement()
        writer.field(3, i32: Repetition.required.rawValue)
        writer.field(4, text: name)
        writer.field(5, i32: 1)
        writer.field(6, i32: 3)  // ConvertedType LIST
        writer.field(9, i32: id)
        writer.beginStruct(field: 10)
        writer.emptyStruct(field: 3)  // LogicalType LIST
        writer.endStruct()
        writer.endStruct()
        writer.beginElement()
        writer.field(3, i32: Repetition.repeated.rawValue)
        writer.field(4, text: "list")
        writer.field(5, i32: 1)
        writer.endStruct()
        SchemaLeaf("element", .string, .required, element).write(to: &writer)
    }

    // MARK: Row groups

    private func write(_ rowGroup: PlacedRowGroup, to writer: inout ThriftWriter) {
        let metadata = rowGroup.metadata
        writer.beginElement()
        writer.list(field: 1, of: .structure, count: columns.count)
        for (column, chunk) in zip(columns, metadata.columns) {
            writer.beginElement()
            writer.field(2, i64: 0)  // file_offset: deprecated, and must be 0
            write(chunk, of: column, at: rowGroup.offset, to: &writer)
            writer.endStruct()
        }
        writer.field(2, i64: metadata.columns.reduce(0) { $0 + $1.uncompressedSizeBytes })
        writer.field(3, i64: metadata.rowCount)
        if metadata.isSorted, !sortColumns.isEmpty {
            writer.list(field: 4, of: .structure, count: sortColumns.count)
            for column in sortColumns {
                writer.beginElement()
                writer.field(1, i32: Int32(column))  // every column has one leaf
                writer.field(2, bool: false)  // descending
                writer.field(3, bool: false)  // nulls_first
                writer.endStruct()
            }
        }
        writer.field(5, i64: rowGroup.offset)
        writer.field(6, i64: metadata.payloadSizeBytes)
        writer.endStruct()
    }

    /// `struct ColumnMetaData`, as field 3 of a column chunk.
    private func write(
        _ chunk: ColumnChunkMetadata,
        of column: ColumnDeclaration,
        at offset: Int64,
        to writer: inout ThriftWriter
    ) {
        let storage = column.type.storage
        let path = storage == .stringList ? [column.name, "list", "element"] : [column.name]
        writer.beginStruct(field: 3)
        writer.field(1, i32: Int32(storage.physicalType.rawValue))
        writer.list(field: 2, of: .i32, count: chunk.encodings.count)
        for encoding in chunk.encodings { writer.element(i32: Int32(encoding.rawValue)) }
        writer.list(field: 3, of: .binary, count: path.count)
        for name in path { writer.element(binary: Array(name.utf8)) }
        writer.field(4, i32: zstdCodec)
        writer.field(5, i64: chunk.levelCount)
        writer.field(6, i64: chunk.uncompressedSizeBytes)
        writer.field(7, i64: chunk.compressedSizeBytes)
        writer.field(9, i64: offset + chunk.dataPageOffset)
        if let dictionary = chunk.dictionaryPageOffset {
            writer.field(11, i64: offset + dictionary)
        }
        writer.beginStruct(field: 12)
        write(chunk.statistics, storage, to: &writer)
        writer.endStruct()
        writer.endStruct()
    }

    /// `struct Statistics`; the deprecated min and max (fields 1 and 2) are left out.
    private func write(
        _ statistics: ColumnStatistics,
        _ storage: ColumnStorage,
        to writer: inout ThriftWriter
    ) {
        writer.field(3, i64: statistics.nullCount)
        let maximum = statistics.maximum.map { $0.parquetBytes(storage, zero: 0.0) }
        let minimum = statistics.minimum.map { $0.parquetBytes(storage, zero: -0.0) }
        if let maximum { writer.field(5, binary: maximum) }
        if let minimum { writer.field(6, binary: minimum) }
        if maximum != nil { writer.field(7, bool: true) }  // is_max_value_exact
        if minimum != nil { writer.field(8, bool: true) }  // is_min_value_exact
    }
}

/// `enum FieldRepetitionType`.
private enum Repetition: Int32 {
    case required = 0
    case optional = 1
    case repeated = 2
}

/// A schema element that has values.
private struct SchemaLeaf {
    private let name: String
    private let storage: ColumnStorage
    private let repetition: Repetition
    private let fieldID: Int32

    init(_ name: String, _ storage: ColumnStorage, _ repetition: Repetition, _ fieldID: Int32) {
        self.name = name
        self.storage = storage
        self.repetition = repetition
        self.fieldID = fieldID
    }

    func write(to writer: inout ThriftWriter) {
        writer.beginElement()
        writer.field(1, i32: Int32(storage.physicalType.rawValue))
        writer.field(3, i32: repetition.rawValue)
        writer.field(4, text: name)
        switch storage {
        case .string, .stringList: writer.field(6, i32: 0)  // ConvertedType UTF8
        case .date: writer.field(6, i32: 6)  // ConvertedType DATE
        // TIMESTAMP_MICROS would mean UTC: the logical type stands alone.
        case .timestamp, .int32, .int64, .float64, .boolean: break
        }
        writer.field(9, i32: fieldID)
        writeLogicalType(to: &writer)
        writer.endStruct()
    }

    /// Field 10, a union of structs.
    private func writeLogicalType(to writer: inout ThriftWriter) {
        switch storage {
        case .string, .stringList: writeLogicalType(1, to: &writer)
        case .date: writeLogicalType(6, to: &writer)
        case .timestamp:
            writer.beginStruct(field: 10)
            writer.beginStruct(field: 8)
            writer.field(1, bool: false)  // isAdjustedToUTC
            writer.beginStruct(field: 2)
            writer.emptyStruct(field: 2)  // MICROS
            writer.endStruct()
            writer.endStruct()
            writer.endStruct()
        case .int32, .int64, .float64, .boolean: break
        }
    }

    private func writeLogicalType(_ number: Int16, to writer: inout ThriftWriter) {
        writer.beginStruct(field: 10)
        writer.emptyStruct(field: number)
        writer.endStruct()
    }
}

extension ColumnBound {
    /// PLAIN without a length, as statistics hold it.
    ///
    /// A floating-point zero is written as `zero`: -0.0 as a minimum and +0.0 as a maximum, because
    /// the order of the two is not defined (parquet.thrift, `ColumnOrder`).
    fileprivate func parquetBytes(_ storage: ColumnStorage, zero: Double) -> [UInt8] {
        switch self {
        case .integer(let value) where storage.physicalType == .int32:
            littleEndianBytes(Int32(truncatingIfNeeded: value))
        case .integer(let value): littleEndianBytes(value)
        case .double(let value): littleEndianBytes((value == 0 ? zero : value).bitPattern)
        case .boolean(let value): [value ? 1 : 0]
        case .text(let bytes): bytes
        }
    }
}
