package import Columns

/// Where one column's pages of a row group are, and what is in them.
package struct ColumnChunkMetadata: Sendable, Equatable {
    /// Encodings that occur in the chunk, ascending; the codec is always zstd.
    package let encodings: [PageEncoding]
    /// Values and nulls; for a list its elements and empty lists.
    package let levelCount: Int64
    /// From the start of the row group's payload; nil when there is no dictionary.
    package let dictionaryPageOffset: Int64?
    /// From the start of the row group's payload.
    package let dataPageOffset: Int64
    /// Pages and their headers, the pages before compression.
    package let uncompressedSizeBytes: Int64
    package let statistics: ColumnStatistics

    package var compressedSizeBytes: Int64 { statistics.compressedSizeBytes }
    /// Where the chunk begins: with its dictionary if it has one.
    package var startOffset: Int64 { dictionaryPageOffset ?? dataPageOffset }
}

/// All that a file's footer has to know of a row group whose pages are elsewhere.
///
/// A worker sends it with the payload; the coordinator needs nothing else to put row groups of many
/// chunks into one file.
package struct RowGroupMetadata: Sendable, Equatable {
    package let rowCount: Int64
    package let payloadSizeBytes: Int64
    /// Whether the rows are in the order of the sort columns.
    package let isSorted: Bool
    package let columns: [ColumnChunkMetadata]
    /// Where it begins and ends, if its rows are sorted and no two are equal in the sort columns.
    package let edges: RowGroupEdges?
}

/// The first and the last row of a sorted row group in its sort columns.
package struct RowGroupEdges: Sendable, Hashable {
    /// Indexes of the sort columns, most significant first.
    package let columns: [Int]
    /// One value for each of `columns`; nil is null, which sorts last.
    package let first: [ColumnBound?]
    package let last: [ColumnBound?]

    package init(columns: [Int], first: [ColumnBound?], last: [ColumnBound?]) {
        self.columns = columns
        self.first = first
        self.last = last
    }

    /// Whether all rows of this row group sort in front of those of the next one.
    package func precede(_ next: RowGroupEdges) -> Bool {
        guard columns == next.columns else { return false }
        for (left, right) in zip(last, next.first) {
            switch (left, right) {
            case (nil, nil): continue
            case (nil, _): return false
            case (_, nil): return true
            case (let left?, let right?):
                if left.isLess(than: right) { return true }
                if right.isLess(than: left) { return false }
            }
        }
        return false
    }
}
