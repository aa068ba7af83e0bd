import Base
import Columns

/// Notes whether rows are sorted by the `cluster_by` columns, row group by row group.
///
/// Lexicographic, ascending, nulls last, strings bytewise; equal rows are in order. A list has no
/// order of its own here: a list among the columns means "not sorted".
struct SortChecker: ~Copyable {
    private let columns: [Int]
    private(set) var isSorted = true
    /// Whether also no two rows are equal in these columns.
    private(set) var isStrict = true
    /// The first row, one value a sort column.
    private var first: [SortValue] = []
    /// The last row of the batch before, one value a sort column; empty in front of the first.
    private var previous: [SortValue] = []
    /// For each row whether it is still equal to the one before it in all columns so far.
    private let undecided: UnsafeMutablePointer<UInt8>

    private enum SortValue {
        case null
        case text(TextRange)
        case integer(Int64)
        case double(Double)
    }

    init(columns: [Int]) {
        self.columns = columns
        undecided = .allocate(capacity: ColumnBatch.rowCapacity)
    }

    deinit { undecided.deallocate() }

    mutating func reset() {
        isSorted = true
        isStrict = true
        first.removeAll(keepingCapacity: true)
        previous.removeAll(keepingCapacity: true)
    }

    /// The first and the last row of a row group without two rows that are equal; `text` is that of
    /// its batches.
    func edges(_ text: UnsafeRawPointer) -> RowGroupEdges? {
        guard isSorted, isStrict, !first.isEmpty else { return nil }
        let bounds = [first, previous].map { row in row.map { Self.bound(of: $0, text) } }
        let sizes = bounds.joined().map { bound in
            if case .text(let bytes)? = bound { bytes.count } else { 0 }
        }
        guard sizes.allSatisfy({ $0 <= PageLimits.textBoundBytes }) else { return nil }
        return RowGroupEdges(columns: columns, first: bounds[0], last: bounds[1])
    }

    private static func bound(of value: SortValue, _ text: UnsafeRawPointer) -> ColumnBound? {
        switch value {
        case .null: nil
        case .integer(let number): .integer(number)
        case .double(let number): .double(number)
        case .text(let range):
            .text(
                Array(
                    UnsafeRawBufferPointer(
                        start: text + Int(range.start),
                        count: Int(range.length)
                    )
                )
            )
        }
    }

    mutating func check(_ batches: [ColumnBatch], text: UnsafeRawPointer) {
        guard isSorted, !columns.isEmpty, let rows = batches.first?.rowCount, rows > 0 else {
            return
        }
        isSorted = firstRowFollows(batches, text) && rowsFollowEachOther(batches, rows, text)
        if first.isEmpty { first = columns.map { Self.value(of: batches[$0], at: 0) } }
        previous = columns.map { Self.value(of: batches[$0], at: rows - 1) }
    }

    private mutating func firstRowFollows(
        _ batches: [ColumnBatch],
        _ text: UnsafeRawPointer
    ) -> Bool {
        guard previous.count == columns.count else { return true }
        for (before, column) in zip(previous, columns) {
            let order = Self.compare(before, Self.value(of: batches[column], at: 0), text)
            if order != 0 { return order < 0 }
        }
        isStrict = false
        return true
    }

    private mutating func rowsFollowEachOther(
        _ batches: [ColumnBatch],
        _ rows: Int,
        _ text: UnsafeRawPointer
    ) -> Bool {
        undecided.initialize(repeating: 1, count: rows)
        for column in columns where !refine(batches[column], rows, text) { return false }
        if isStrict {
            var equalRows: UInt8 = 0
            for row in 1..<max(1, rows) { equalRows |= undecided[row] }
            isStrict = equalRows == 0
        }
        return true
    }

    /// Whether no undecided row sorts in front of the one before it in this column; rows that sort
    /// behind it are decided.
    ///
    /// One loop a type: the usual sort columns are a string and a number without nulls.
    private func refine(_ batch: ColumnBatch, _ rows: Int, _ text: UnsafeRawPointer) -> Bool {
        switch batch.storage {
        case .string: refineStrings(batch.ranges, rows, text)
        case _ where batch.nullCount > 0: refineValues(batch, rows, text)
        case .int32, .date: refineNumbers(batch.int32Values, rows)
        case .int64, .timestamp: refineNumbers(batch.int64Values, rows)
        case .float64, .boolean, .stringList: refineValues(batch, rows, text)
        }
    }

    private func refineStrings(
        _ ranges: UnsafePointer<TextRange>,
        _ rows: Int,
        _ text: UnsafeRawPointer
    ) -> Bool {
        let undecided = undecided
        var before = ranges[0]
        var beforeKey = key(before, text)
        for row in 1..<max(1, rows) {
            let (last, lastKey) = (before, beforeKey)
            before = ranges[row]
            beforeKey = key(before, text)
            guard undecided[row] == 1 else { continue }
            // Equal keys of short strings: the usual case within a cluster. Null is not short.
            if lastKey.high == beforeKey.high, lastKey.low == beforeKey.low,
                last.length == before.length, last.length <= UInt32(TextKey.sizeBytes)
            {
                continue
            }
            let order = Self.compare(last, lastKey, before, beforeKey, text)
            if order > 0 { return false }
            undecided[row] = order == 0 ? 1 : 0
        }
        return true
    }

    @inline(__always)
    private func key(_ range: TextRange, _ text: UnsafeRawPointer) -> TextKey {
        TextKey(text + Int(range.start), Int(range.length))
    }

    /// Order of two strings or nulls of which the keys are known.
    @inline(__always)
    private static func compare(
        _ left: TextRange,
        _ leftKey: TextKey,
        _ right: TextRange,
        _ rightKey: TextKey,
        _ text: UnsafeRawPointer
    ) -> Int {
        if left.isAbsent || right.isAbsent {
            return (left.isAbsent ? 1 : 0) - (right.isAbsent ? 1 : 0)
        }
        if leftKey.high != rightKey.high { return leftKey.high < rightKey.high ? -1 : 1 }
        if leftKey.low != rightKey.low { return leftKey.low < rightKey.low ? -1 : 1 }
        return compareText(left, right, in: text)
    }

    /// Integers that are all there, without a branch: this runs in vectors.
    private func refineNumbers<Value: FixedWidthInteger>(
        _ values: UnsafePointer<Value>,
        _ rows: Int
    ) -> Bool {
        let undecided = undecided
        var isUnsorted: UInt8 = 0
        for row in 1..<max(1, rows) {
            let (before, now) = (values[row &- 1], values[row])
            isUnsorted |= undecided[row] & (before > now ? 1 : 0)
            undecided[row] &= before == now ? 1 : 0
        }
        return isUnsorted == 0
    }

    private func refineValues(
        _ batch: ColumnBatch,
        _ rows: Int,
        _ text: UnsafeRawPointer
    ) -> Bool {
        for row in 1..<max(1, rows) where undecided[row] == 1 {
            let (before, now) = (Self.value(of: batch, at: row - 1), Self.value(of: batch, at: row))
            let order = Self.compare(before, now, text)
            if order > 0 { return false }
            undecided[row] = order == 0 ? 1 : 0
        }
        return true
    }

    private static func value(of batch: ColumnBatch, at row: Int) -> SortValue {
        if case .string = batch.storage {
            return batch.ranges[row].isAbsent ? .null : .text(batch.ranges[row])
        }
        if batch.nullCount > 0, batch.validity[row] == 0 { return .null }
        switch batch.storage {
        case .int32, .date: return .integer(Int64(batch.int32Values[row]))
        case .int64, .timestamp: return .integer(batch.int64Values[row])
        case .float64: return .double(batch.doubleValues[row])
        case .boolean: return .integer(Int64(batch.byteValues[row]))
        case .string, .stringList: preconditionFailure("a list is no sort column")
        }
    }

    private static func compare(
        _ left: SortValue,
        _ right: SortValue,
        _ text: UnsafeRawPointer
    ) -> Int {
        switch (left, right) {
        case (.null, .null): 0
        case (.null, _): 1
        case (_, .null): -1
        case (.text(let one), .text(let other)): compareText(one, other, in: text)
        case (.integer(let one), .integer(let other)): one < other ? -1 : one == other ? 0 : 1
        case (.double(let one), .double(let other)): one < other ? -1 : one == other ? 0 : 1
        default: preconditionFailure("values of different columns compared")
        }
    }
}
