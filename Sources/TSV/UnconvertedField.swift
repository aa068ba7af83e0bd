package import Columns

/// A field that did not convert: an example for people, as the counts tell how many there were.
package struct UnconvertedField: Sendable, Equatable {
    /// Index of the declared column.
    package let column: Int
    /// Number of the field's line in its file, from 1.
    package let line: Int64
    /// In the chunk's text; a list may have been decoded in place, as far as that went.
    package let range: TextRange

    /// Examples of one column of a chunk.
    package static let limitPerColumn = 2
    /// Examples of a chunk.
    package static let limit = 8
}

extension FieldTable {
    /// The rows whose field of a column did not convert, and where the fields are; at most `limit`.
    ///
    /// Looked for only where there are some, so that the loops over all fields need not note them.
    func unconverted(
        _ batch: ColumnBatch,
        _ column: Int,
        _ null: some NullTest,
        limit: Int
    ) -> [(row: Int, range: TextRange)] {
        var found: [(row: Int, range: TextRange)] = []
        var bound = bounds + column
        for row in 0..<rowCount where found.count < limit {
            let start = bound[0] &+ 1
            let length = bound[1] &- start
            bound += stride
            let field = UnsafeRawBufferPointer(start: text + Int(start), count: Int(length))
            guard !null.matches(text + Int(start), field.count) else { continue }
            let isConverted =
                batch.storage == .stringList
                ? batch.listLengths[row] > 0 || field.isEmptyList : batch.validity[row] == 1
            if !isConverted { found.append((row, TextRange(start: start, length: length))) }
        }
        return found
    }
}

extension UnsafeRawBufferPointer {
    /// Whether this is the empty field, or a JSON array without elements.
    fileprivate var isEmptyList: Bool {
        let space: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        return isEmpty || filter { !space.contains($0) } == Array("[]".utf8)
    }
}
