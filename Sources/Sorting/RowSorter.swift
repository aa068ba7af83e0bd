import Base
package import Columns
import Gzip

/// Sorts the rows of one chunk by partition and order key, and writes them as a sorted run.
///
/// Rows stay text: the one who merges them converts and encodes them. Owned by one slot and used for
/// chunk after chunk.
package final class RowSorter {
    /// A row, and the beginning of its key: most comparisons need no more.
    private struct Entry {
        let prefix: UInt64
        let row: UInt32
    }

    /// Bytes at which a block ends.
    ///
    /// What a merge reads of a run is whole blocks, so small ones waste little; their first keys are
    /// all in the coordinator's memory, a thousandth of the rows.
    package static let blockSizeBytes = 16 << 10

    private let keys: RowKeys
    private var lines: [TextRange] = []

    package init(_ declaration: TransformDeclaration) { keys = RowKeys(declaration) }

    package func removeAll() {
        keys.removeAll()
        lines.removeAll(keepingCapacity: true)
    }

    /// Adds the rows of one batch per column; `lines` appends where in the text their lines lie.
    package func append(
        _ batches: [ColumnBatch],
        text: UnsafeRawBufferPointer,
        lines append: (inout [TextRange]) -> Void
    ) {
        keys.append(batches, text: text, rowCount: batches.first?.rowCount ?? 0)
        append(&lines)
        precondition(lines.count == keys.count, "a line for every row")
    }

    /// Bytes of the run that the rows make.
    package var runSizeBytes: Int {
        let textBytes = lines.reduce(0) { $0 + Int($1.length) + 1 }
        return textBytes + keys.orderBytes + lines.count * SortedRecord.headSizeBytes
    }

    /// Writes the run, of `runSizeBytes`; `text` is what the lines lie in, as it was when it came.
    package func write(
        _ text: UnsafeRawBufferPointer,
        to run: UnsafeMutableRawBufferPointer
    ) -> SortedRunIndex {
        keys.withView { keys in
            var entries = (0..<lines.count).map {
                Entry(prefix: KeyCoding.prefix(keys.key($0)), row: UInt32($0))
            }
            entries.sort { left, right in
                if left.prefix != right.prefix { return left.prefix < right.prefix }
                let order = KeyCoding.compare(keys.key(Int(left.row)), keys.key(Int(right.row)))
                return order == 0 ? left.row < right.row : order < 0
            }
            var writer = SortedRunWriter(run)
            for entry in entries {
                let row = Int(entry.row)
                let line = lines[row]
                writer.append(
                    partition: keys.partition(row),
                    key: keys.order(row),
                    line: UnsafeRawBufferPointer(
                        rebasing: text[Int(line.start)..<Int(line.start) + Int(line.length)]
                    )
                )
            }
            return writer.finish()
        }
    }
}

/// One row of a run: the sizes of key and line, the key, and the line with a newline behind it.
enum SortedRecord {
    static let headSizeBytes = 8
}

/// Writes records one after another, and notes where blocks and partitions begin.
private struct SortedRunWriter {
    private let run: UnsafeMutableRawBufferPointer
    private var offset = 0
    private var blockStart = 0
    private var blockRows = 0
    private var blockKey: [UInt8] = []
    private var partition: UnsafeRawBufferPointer?
    private var lastKey = UnsafeRawBufferPointer(start: nil, count: 0)
    private var blocks: [SortedRunIndex.Block] = []
    private var index = SortedRunIndex()

    init(_ run: UnsafeMutableRawBufferPointer) { self.run = run }

    /// Adds a row that sorts behind all others.
    mutating func append(
        partition: UnsafeRawBufferPointer,
        key: UnsafeRawBufferPointer,
        line: UnsafeRawBufferPointer
    ) {
        if let known = self.partition, KeyCoding.compare(known, partition) != 0 { endPartition() }
        if offset - blockStart >= RowSorter.blockSizeBytes { endBlock() }
        self.partition = partition
        if blockRows == 0 { blockKey = Array(key) }
        blockRows += 1
        lastKey = key
        write(UInt32(key.count))
        write(UInt32(line.count + 1))
        write(key)
        write(line)
        run[offset] = UInt8(ascii: "\n")
        offset += 1
    }

    mutating func finish() -> SortedRunIndex {
        endPartition()
        precondition(offset == run.count, "a run of another size than it was measured")
        return index
    }

    private mutating func write(_ value: UInt32) {
        run.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
        offset += 4
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: run[offset...]).copyMemory(from: bytes)
        offset += bytes.count
    }

    private mutating func endBlock() {
        guard blockRows > 0 else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: run[blockStart..<offset])
        blocks.append(
            SortedRunIndex.Block(
                sizeBytes: bytes.count,
                rowCount: blockRows,
                crc32: crc32(bytes),
                firstKey: blockKey
            )
        )
        blockStart = offset
        blockRows = 0
    }

    private mutating func endPartition() {
        endBlock()
        guard let partition else { return }
        index.partitions.append(
            SortedRunIndex.Partition(
                key: Array(partition),
                blocks: blocks,
                lastKey: Array(lastKey)
            )
        )
        blocks = []
        self.partition = nil
    }
}
