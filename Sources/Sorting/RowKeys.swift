import Base
import Columns

/// The sort keys of many rows: partition first, then the `cluster_by` columns.
///
/// Filled batch by batch, column after column, into one run of bytes: no row allocates anything.
/// Not thread-safe.
final class RowKeys {
    /// What one value of a key is made of.
    private struct Part {
        let column: Int
        let transform: PartitionField.Transform
        /// Numbers of the batch that is being added.
        let numbers: UnsafeMutablePointer<Int64>
    }

    private let parts: [Part]
    private let partitionParts: Int
    /// Bytes of each key of the batch, then where the next value of each goes.
    private let cursors: UnsafeMutablePointer<Int>
    private var bytes: UnsafeMutableRawPointer
    private var capacity = RowKeys.firstCapacity
    private var usedBytes = 0
    /// Where the key of each row ends.
    private var ends: [Int] = []
    /// Bytes of each key that tell its partition.
    private var partitionSizes: [Int] = []

    private static let firstCapacity = 1 << 20

    init(_ declaration: TransformDeclaration) {
        let fields =
            declaration.partitionBy
            + declaration.clusterBy.map { PartitionField(.identity, column: $0) }
        parts = fields.map { field in
            Part(
                column: field.column,
                transform: field.transform,
                numbers: .allocate(capacity: ColumnBatch.rowCapacity)
            )
        }
        partitionParts = declaration.partitionBy.count
        cursors = .allocate(capacity: ColumnBatch.rowCapacity)
        bytes = .allocate(byteCount: Self.firstCapacity, alignment: 16)
    }

    deinit {
        for part in parts { part.numbers.deallocate() }
        cursors.deallocate()
        bytes.deallocate()
    }

    var count: Int { ends.count }

    /// Bytes of all keys but for their partitions.
    var orderBytes: Int { partitionSizes.reduce(usedBytes, -) }

    func removeAll() {
        usedBytes = 0
        ends.removeAll(keepingCapacity: true)
        partitionSizes.removeAll(keepingCapacity: true)
    }

    /// The keys as they lie in memory, for loops over rows.
    struct View {
        fileprivate let base: UnsafeRawPointer
        fileprivate let ends: UnsafeBufferPointer<Int>
        fileprivate let partitionSizes: UnsafeBufferPointer<Int>

        /// The whole key of a row.
        @inline(__always)
        func key(_ row: Int) -> UnsafeRawBufferPointer {
            let start = row == 0 ? 0 : ends[row - 1]
            return UnsafeRawBufferPointer(start: base + start, count: ends[row] - start)
        }

        /// The part of the key that tells the partition.
        @inline(__always)
        func partition(_ row: Int) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: key(row)[..<partitionSizes[row]])
        }

        /// The part of the key that orders the rows of a partition.
        @inline(__always)
        func order(_ row: Int) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: key(row)[partitionSizes[row]...])
        }
    }

    func withView<Value>(_ body: (View) -> Value) -> Value {
        ends.withUnsafeBufferPointer { ends in
            partitionSizes.withUnsafeBufferPointer { sizes in
                body(View(base: UnsafeRawPointer(bytes), ends: ends, partitionSizes: sizes))
            }
        }
    }

    // MARK: Batches

    func append(_ batches: [ColumnBatch], text: UnsafeRawBufferPointer, rowCount: Int) {
        guard rowCount > 0, let base = text.baseAddress else { return }
        cursors.initialize(repeating: 0, count: rowCount)
        for (index, part) in parts.enumerated() {
            if index == partitionParts { notePartitionSizes(rowCount) }
            measure(part, batches[part.column], base, rowCount)
        }
        if parts.count == partitionParts { notePartitionSizes(rowCount) }
        placeKeys(rowCount)
        for part in parts { write(part, batches[part.column], base, rowCount) }
    }

    private func notePartitionSizes(_ rowCount: Int) {
        partitionSizes.append(contentsOf: UnsafeBufferPointer(start: cursors, count: rowCount))
    }

    /// Turns sizes into places, and makes room for the keys.
    private func placeKeys(_ rowCount: Int) {
        var end = usedBytes
        let cursors = cursors
        for row in 0..<rowCount {
            let size = cursors[row]
            cursors[row] = end
            end += size
            ends.append(end)
        }
        usedBytes = end
        guard end > capacity else { return }
        let filled = cursors[0]
        capacity = max(end, capacity * 2)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: bytes, byteCount: filled)
        bytes.deallocate()
        bytes = larger
    }

    /// Adds what a value takes to the size of each key.
    private func measure(
        _ part: Part,
        _ batch: ColumnBatch,
        _ text: UnsafeRawPointer,
        _ rowCount: Int
    ) {
        let cursors = cursors
        switch Self.form(of: part, batch) {
        case .text:
            let ranges = batch.ranges
            for row in 0..<rowCount {
                let range = ranges[row]
                cursors[row] += range.isNull ? 1 : KeyCoding.size(Self.bytes(range, text))
            }
        case .double:
            for row in 0..<rowCount {
                cursors[row] += Self.isNull(batch, row) ? 1 : KeyCoding.doubleSize
            }
        case .number:
            fillNumbers(part, batch, text, rowCount)
            let numbers = part.numbers
            for row in 0..<rowCount {
                cursors[row] += Self.isNull(batch, row) ? 1 : KeyCoding.size(numbers[row])
            }
        }
    }

    private func write(
        _ part: Part,
        _ batch: ColumnBatch,
        _ text: UnsafeRawPointer,
        _ rowCount: Int
    ) {
        let base = bytes
        let cursors = cursors
        switch Self.form(of: part, batch) {
        case .text:
            let ranges = batch.ranges
            for row in 0..<rowCount {
                let (place, range) = (base + cursors[row], ranges[row])
                let end =
                    range.isNull
                    ? KeyCoding.writeNull(to: place)
                    : KeyCoding.write(Self.bytes(range, text), to: place)
                cursors[row] = end - base
            }
        case .double:
            let values = batch.doubleValues
            for row in 0..<rowCount {
                let place = base + cursors[row]
                let end =
                    Self.isNull(batch, row)
                    ? KeyCoding.writeNull(to: place) : KeyCoding.write(values[row], to: place)
                cursors[row] = end - base
            }
        case .number:
            let numbers = part.numbers
            for row in 0..<rowCount {
                let place = base + cursors[row]
                let end =
                    Self.isNull(batch, row)
                    ? KeyCoding.writeNull(to: place) : KeyCoding.write(numbers[row], to: place)
                cursors[row] = end - base
            }
        }
    }

    // MARK: Values

    private enum Form { case text, double, number }

    private static func form(of part: Part, _ batch: ColumnBatch) -> Form {
        switch (part.transform, batch.storage) {
        case (.identity, .string): .text
        case (.identity, .float64): .double
        default: .number
        }
    }

    @inline(__always)
    private static func isNull(_ batch: ColumnBatch, _ row: Int) -> Bool {
        guard batch.nullCount > 0 else { return false }
        return batch.storage == .string ? batch.ranges[row].isNull : batch.validity[row] == 0
    }

    @inline(__always)
    private static func bytes(
        _ range: TextRange,
        _ text: UnsafeRawPointer
    ) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text + Int(range.start), count: Int(range.length))
    }

    /// Fills in the numbers that stand in the keys; those of nulls are of no account.
    private func fillNumbers(
        _ part: Part,
        _ batch: ColumnBatch,
        _ text: UnsafeRawPointer,
        _ rowCount: Int
    ) {
        let numbers = part.numbers
        switch batch.storage {
        case .int32, .date:
            let values = batch.int32Values
            for row in 0..<rowCount { numbers[row] = Int64(values[row]) }
        case .int64, .timestamp: numbers.update(from: batch.int64Values, count: rowCount)
        case .boolean:
            let values = batch.byteValues
            for row in 0..<rowCount { numbers[row] = Int64(values[row]) }
        case .string:
            guard case .bucket(let count) = part.transform else { return }
            for row in 0..<rowCount where !batch.ranges[row].isNull {
                let hash = Murmur3.hash(Self.bytes(batch.ranges[row], text))
                numbers[row] = Murmur3.bucket(hash, of: count)
            }
            return
        case .float64, .stringList:
            preconditionFailure("\(batch.storage) has no partitions")
        }
        Self.transform(numbers, rowCount, part.transform, isDate: batch.storage == .date)
    }

    private static func transform(
        _ numbers: UnsafeMutablePointer<Int64>,
        _ rowCount: Int,
        _ transform: PartitionField.Transform,
        isDate: Bool
    ) {
        func parts(_ value: Int64) -> CalendarParts {
            isDate
                ? CalendarParts(daysSince1970: value) : CalendarParts(microsecondsSince1970: value)
        }
        switch transform {
        case .identity: break
        case .year: for row in 0..<rowCount { numbers[row] = parts(numbers[row]).year }
        case .month: for row in 0..<rowCount { numbers[row] = parts(numbers[row]).month }
        case .day: for row in 0..<rowCount { numbers[row] = parts(numbers[row]).day }
        case .bucket(let count):
            for row in 0..<rowCount {
                numbers[row] = Murmur3.bucket(Murmur3.hash(numbers[row]), of: count)
            }
        }
    }
}
