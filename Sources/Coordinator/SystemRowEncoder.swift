import Base
import Columns
import Parquet

/// Encodes rows of a system table as one row group.
struct SystemRowEncoder {
    private let batches: [ColumnBatch]
    /// What the batches' ranges refer to.
    private var arena: [UInt8] = []

    private init(_ columns: [ColumnDeclaration]) {
        batches = columns.map { ColumnBatch(storage: $0.type.storage) }
    }

    /// Appends the pages of the rows to `payload`, and says where in it they are.
    static func encode(
        _ rows: [[SystemValue]],
        columns: [ColumnDeclaration],
        into payload: inout ByteBuffer
    ) throws(ParquetError) -> RowGroupMetadata {
        var encoder = SystemRowEncoder(columns)
        encoder.fill(rows)
        return try encoder.finish(columns, into: &payload)
    }

    private mutating func fill(_ rows: [[SystemValue]]) {
        for (column, batch) in batches.enumerated() {
            batch.rowCount = rows.count
            if batch.storage == .stringList { batch.reserveRanges(elementCount(rows, column)) }
            for (row, values) in rows.enumerated() {
                precondition(values.count == batches.count, "a value for each column")
                put(values[column], at: row, in: batch)
            }
        }
        arena += [UInt8](repeating: 0, count: Limits.textSlackBytes)
    }

    private func elementCount(_ rows: [[SystemValue]], _ column: Int) -> Int {
        rows.reduce(0) { count, row in
            if case .texts(let texts) = row[column] { count + texts.count } else { count }
        }
    }

    private mutating func put(_ value: SystemValue, at row: Int, in batch: ColumnBatch) {
        switch (batch.storage, value) {
        case (.string, .null):
            batch.ranges[row] = .null
            batch.nullCount += 1
            return
        case (.string, .text(let text)):
            batch.ranges[row] = range(of: text)
            return
        case (.stringList, .texts(let texts)):
            batch.listLengths[row] = UInt32(texts.count)
            for text in texts {
                batch.ranges[batch.elementCount] = range(of: text)
                batch.elementCount += 1
            }
            return
        case (.int32, .integer(let number)): batch.int32Values[row] = Int32(clamping: number)
        case (.int64, .integer(let number)): batch.int64Values[row] = number
        case (.float64, .double(let number)): batch.doubleValues[row] = number
        case (.boolean, .boolean(let truth)): batch.byteValues[row] = truth ? 1 : 0
        case (.timestamp, .timestamp(let time)): batch.int64Values[row] = time.microseconds
        case (.int32, .null): batch.int32Values[row] = 0
        case (.int64, .null), (.timestamp, .null): batch.int64Values[row] = 0
        case (.float64, .null): batch.doubleValues[row] = 0
        case (.boolean, .null): batch.byteValues[row] = 0
        default: preconditionFailure("\(value) in a column of \(batch.storage)")
        }
        batch.validity[row] = value == .null ? 0 : 1
        if value == .null { batch.nullCount += 1 }
    }

    private mutating func range(of text: String) -> TextRange {
        let start = arena.count
        arena += Array(text.utf8)
        return TextRange(start: UInt32(start), length: UInt32(arena.count - start))
    }

    private func finish(
        _ columns: [ColumnDeclaration],
        into payload: inout ByteBuffer
    ) throws(ParquetError) -> RowGroupMetadata {
        let encoder = RowGroupEncoder(columns: columns, sortColumns: [])
        let outcome = arena.withUnsafeBytes { bytes in
            Result { () throws(ParquetError) in
                let text = bytes.dropLast(Limits.textSlackBytes)
                try encoder.append(batches, text: UnsafeRawBufferPointer(rebasing: text))
                return try encoder.finish(into: &payload)
            }
        }
        return try outcome.get()
    }
}
