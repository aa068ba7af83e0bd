package import Columns
import Base

/// Turns batches of columns into the bytes of one row group after another.
///
/// One worker slot owns it and uses it again and again: its buffers stay. Not thread-safe. The text
/// that batches refer to must have `Limits.textSlackBytes` readable bytes behind its end: strings are
/// read and copied 16 bytes at a time.
package final class RowGroupEncoder {
    private let columns: [ColumnDeclaration]
    private let encoders: [any ColumnEncoding]
    private var sortChecker: SortChecker
    private let hasSortOrder: Bool
    /// Stands for a text without bytes, so that empty strings have somewhere to begin.
    private let emptyText: UnsafeMutableRawBufferPointer
    /// The text of the open row group.
    private var text: UnsafeRawPointer?

    /// Rows appended since the last row group ended.
    package private(set) var rowCount = 0

    /// Makes an encoder for rows of `columns`.
    ///
    /// It notes for each row group whether its rows are sorted by `sortColumns` (indexes into
    /// `columns`, most significant first): ascending, nulls last, strings bytewise. None, or a list
    /// among them, means that a row group is never called sorted.
    package init(columns: [ColumnDeclaration], sortColumns: [Int], compressionLevel: Int32 = 1) {
        let compressor = PageCompressor(level: compressionLevel)
        self.columns = columns
        encoders = columns.map { makeColumnEncoder($0, compressor) }
        hasSortOrder =
            !sortColumns.isEmpty
            && !sortColumns.contains { columns[$0].type.storage == .stringList }
        sortChecker = SortChecker(columns: hasSortOrder ? sortColumns : [])
        emptyText = .allocate(byteCount: Limits.textSlackBytes, alignment: 8)
        emptyText.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { emptyText.deallocate() }

    /// Adds the rows of one batch per column.
    ///
    /// `text` is what the batches' ranges refer to; it stays where it is, unchanged, until `finish`,
    /// and is the same for all batches of a row group. After an error only `reset` helps.
    package func append(
        _ batches: [ColumnBatch],
        text: UnsafeRawBufferPointer
    ) throws(ParquetError) {
        precondition(batches.count == columns.count, "one batch per column")
        let rows = batches.first?.rowCount ?? 0
        guard rows > 0 else { return }
        precondition(rowCount + rows <= Limits.rowGroupRows, "a row group of too many rows")
        for (batch, column) in zip(batches, columns) {
            precondition(batch.storage == column.type.storage, "a batch of another column")
            precondition(batch.rowCount == rows, "batches of different lengths")
        }
        let base = text.baseAddress ?? UnsafeRawPointer(emptyText.baseAddress) ?? nil
        guard let base else { preconditionFailure("memory without an address") }
        precondition(self.text == nil || self.text == base, "one text per row group")
        self.text = base
        let whole = UnsafeRawBufferPointer(start: base, count: text.count)
        sortChecker.check(batches, text: base)
        for (encoder, batch) in zip(encoders, batches) { try encoder.append(batch, text: whole) }
        rowCount += rows
    }

    /// Ends the row group: appends its pages, column after column, to `payload`.
    ///
    /// Offsets in the metadata count from where `payload` ended before. A row group without rows has
    /// no pages. The encoder is ready for the next row group afterwards, with another text.
    package func finish(into payload: inout ByteBuffer) throws(ParquetError) -> RowGroupMetadata {
        let origin = payload.count
        let edges = hasSortOrder ? text.flatMap { sortChecker.edges($0) } : nil
        var chunks: [ColumnChunkMetadata] = []
        for encoder in encoders {
            chunks.append(try encoder.finish(into: &payload, origin: origin))
        }
        let metadata = RowGroupMetadata(
            rowCount: Int64(rowCount),
            payloadSizeBytes: Int64(payload.count - origin),
            isSorted: hasSortOrder && sortChecker.isSorted,
            columns: chunks,
            edges: edges
        )
        reset()
        return metadata
    }

    /// Drops the rows of the open row group, as after an error.
    package func reset() {
        for encoder in encoders { encoder.reset() }
        sortChecker.reset()
        rowCount = 0
        text = nil
    }
}

/// The encoder for a column's storage; the only place where storages become types.
private func makeColumnEncoder(
    _ declaration: ColumnDeclaration,
    _ compressor: PageCompressor
) -> any ColumnEncoding {
    switch declaration.type.storage {
    case .string, .stringList:
        return ColumnEncoder(declaration, StringValues(), compressor)
    case .int32, .date:
        let values = NumberValues<Int32>(source: \.int32Values) { .integer(Int64($0)) }
        return ColumnEncoder(declaration, values, compressor)
    case .int64, .timestamp:
        let values = NumberValues<Int64>(source: \.int64Values) { .integer($0) }
        return ColumnEncoder(declaration, values, compressor)
    case .float64:
        let values = NumberValues<Double>(source: \.doubleValues) { .double($0) }
        return ColumnEncoder(declaration, values, compressor)
    case .boolean:
        return ColumnEncoder(declaration, BooleanValues(), compressor)
    }
}
