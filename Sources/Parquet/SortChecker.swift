import Base
import Columns

/// Notes whether rows are sorted by the `cluster_by` columns, row group by row group.
///
/// Lexicographic, ascending, nulls last, strings bytewise; equal rows are in order. A list has no
/// order of its own here: a list among the columns means "not sorted".
struct SortChecker: ~Copyable {
    private let columns: [Int]
    private(set) var isSorted = true
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
        previous.removeAll(keepingCapacity: true)
    }

    mutating func check(_ batches: [ColumnBatch], text: UnsafeRawPointer) {
        guard isSorted, !columns.isEmpty, let rows = batches.first?.rowCount, rows > 0 else {
            return
        }
        isSorted = firstRowFollows(batches, text) && rowsFollowEachOther(batches, rows, text)
        previous = columns.map { Self.value(of: batches[$0], at: rows - 1) }
    }

    private func firstRowFollows(_ batches: [ColumnBatch], _ text: UnsafeRawPointer) -> Bool {
        guard previous.count == columns.count else { return true }
        for (before, column) in zip(previous, columns) {
            let order = Self.compare(before, Self.value(of: batches[column], at: 0), text)
            if order != 0 { return order < 0 }
        }
        return true
    }

    private func rowsFollowEachOther(
        _ batches: [ColumnBatch],
        _ rows: Int,
        _ text: UnsafeRawPointer
    ) -> Bool {
        undecided.initialize(repeating: 1, count: rows)
        for column in columns {
            let batch = batches[column]
            let isInOrder =
                batch.storage == .string
                ? refine(batch.ranges, rows, text) : refineOthers(batch, rows, text)
            guard isInOrder else { return false }
        }
        return true
    }

    /// Strings apart from the others: they are the usual sort column, and deserve a tight loop.
    private func refine(
        _ ranges: UnsafePointer<TextRange>,
        _ rows: Int,
        _ text: UnsafeRawPointer
    ) -> Bool {
        let undecided = undecided
        for row in 1..<max(1, rows) where undecided[row] == 1 {
            let (before, now) = (ranges[row &- 1], ranges[row])
            if before.isAbsent || now.isAbsent {
                if before.isAbsent && !now.isAbsent { return false }
                undecided[row] = before.isAbsent ? 1 : 0
                continue
            }
            let (one, other) = (key(before, text), key(now, text))
            if one.high < other.high || (one.high == other.high && one.low < other.low) {
                undecided[row] = 0
                continue
            }
            // Equal keys of short strings: the usual case within a cluster.
            if one.high == other.high, one.low == other.low, before.length == now.length,
                now.length <= UInt32(TextKey.sizeBytes)
            {
                continue
            }
            let order = compareText(before, now, in: text)
            if order > 0 { return false }
            undecided[row] = order == 0 ? 1 : 0
        }
        return true
    }

    @inline(__always)
    private func key(_ range: TextRange, _ text: UnsafeRawPointer) -> TextKey {
        TextKey(text + Int(range.start), Int(range.length))
    }

    private func refineOthers(
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
        if batch.storage == .string {
            return batch.ranges[row].isAbsent ? .null : .text(batch.ranges[row])
        }
        if batch.storage != .stringList, batch.nullCount > 0, batch.validity[row] == 0 {
            return .null
        }
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
