package import Columns

/// The field ids of one column: its own and, for a list, that of its elements.
package struct FieldIDs: Hashable, Sendable {
    package let column: Int32
    package let element: Int32?

    package init(column: Int32, element: Int32? = nil) {
        self.column = column
        self.element = element
    }
}

/// The plan of one segment: which row group lies where, and the footer that says so.
///
/// Pure: the caller writes `header` at byte 0, each payload at the offset it names, and the footer
/// behind the last one. Payloads are never looked at.
package struct SegmentLayout: Sendable {
    /// The first bytes of the file, and its last four.
    package static let header: [UInt8] = Array("PAR1".utf8)
    static let createdBy = "otcluster version 0.1 (build 0)"

    struct PlacedRowGroup: Sendable {
        let metadata: RowGroupMetadata
        let offset: Int64
    }

    let columns: [ColumnDeclaration]
    package let fieldIDs: [FieldIDs]
    let sortColumns: [Int]
    let keyValues: [(String, String)]
    private(set) var rowGroups: [PlacedRowGroup] = []

    package private(set) var rowCount: Int64 = 0
    /// Bytes of the file so far: up to the end of the last payload.
    package private(set) var sizeBytes = Int64(Self.header.count)
    /// Merged over all row groups, one leaf column each, in column order.
    package private(set) var statistics: [ColumnStatistics]

    package init(
        columns: [ColumnDeclaration],
        fieldIDs: [FieldIDs],
        sortColumns: [Int],
        keyValues: [(String, String)]
    ) {
        precondition(columns.count == fieldIDs.count, "field ids for every column")
        for (column, ids) in zip(columns, fieldIDs) {
            let isList = column.type.storage == .stringList
            precondition(isList == (ids.element != nil), "an element id for lists and only there")
        }
        self.columns = columns
        self.fieldIDs = fieldIDs
        self.sortColumns = sortColumns
        self.keyValues = keyValues
        statistics = columns.map { _ in ColumnStatistics() }
    }

    /// Registers a row group whose payload the caller writes at `offset` of the file.
    ///
    /// One without rows is left out: readers do not expect it, and it has no bytes.
    package mutating func append(_ rowGroup: RowGroupMetadata, at offset: Int64) {
        precondition(rowGroup.columns.count == columns.count, "a row group of another table")
        guard rowGroup.rowCount > 0 else { return }
        precondition(offset >= sizeBytes, "row groups overlap")
        rowGroups.append(PlacedRowGroup(metadata: rowGroup, offset: offset))
        rowCount += rowGroup.rowCount
        sizeBytes = offset + rowGroup.payloadSizeBytes
        for (index, chunk) in rowGroup.columns.enumerated() {
            statistics[index].merge(chunk.statistics)
        }
    }

    /// What stands behind the last payload: the metadata, its length in 4 bytes, the closing magic.
    package func footer() -> (bytes: [UInt8], footerSizeBytes: Int) {
        var bytes = fileMetadata()
        let size = bytes.count
        bytes.append(contentsOf: littleEndianBytes(UInt32(size)))
        bytes.append(contentsOf: Self.header)
        return (bytes, size)
    }
}
