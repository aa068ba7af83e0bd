/// Merges pieces of sorted runs: the lines of the rows that are wanted, in order.
///
/// Sorting references to all records costs little more than a merge of runs would, as the runs are
/// sorted, and needs no memory but 16 bytes a row. Owned by one slot and used for task after task.
package final class RunMerger {
    /// A record, and the beginning of its key.
    private struct Entry {
        let prefix: UInt64
        /// Where the record begins; among equal keys the order of the rows.
        let offset: UInt32
    }

    private var entries: [Entry] = []
    /// Bytes of the lines that are kept, newlines included.
    package private(set) var textSizeBytes = 0

    package init() {}

    /// Rows that are kept.
    package var rowCount: Int { entries.count }

    /// Reads all records of an input and puts those that are wanted in order.
    package func read(_ bytes: UnsafeRawBufferPointer) throws(SortingError) {
        entries.removeAll(keepingCapacity: true)
        textSizeBytes = 0
        let (input, headEnd) = try MergeInput.decode(bytes)
        var offset = headEnd
        for piece in input.pieces {
            let end = offset + piece.sizeBytes
            try readPiece(bytes, offset..<end, piece, input)
            offset = end
        }
        entries.sort { left, right in
            if left.prefix != right.prefix { return left.prefix < right.prefix }
            let (one, other) = (Record(bytes, left.offset), Record(bytes, right.offset))
            let order = KeyCoding.compare(one.key, other.key)
            return order == 0 ? left.offset < right.offset : order < 0
        }
    }

    /// Writes the lines, of `textSizeBytes`; `bytes` is what was read.
    package func writeText(
        of bytes: UnsafeRawBufferPointer,
        to text: UnsafeMutableRawBufferPointer
    ) {
        var offset = 0
        for entry in entries {
            let line = Record(bytes, entry.offset).line
            UnsafeMutableRawBufferPointer(rebasing: text[offset..<offset + line.count])
                .copyMemory(from: line)
            offset += line.count
        }
    }

    private func readPiece(
        _ bytes: UnsafeRawBufferPointer,
        _ range: Range<Int>,
        _ piece: MergeInput.Piece,
        _ input: MergeInput
    ) throws(SortingError) {
        var offset = range.lowerBound
        // The first rows may be too small, the last too large; those in between are all kept.
        var isAboveLow = input.lowKey == nil
        while offset < range.upperBound {
            guard range.upperBound - offset >= SortedRecord.headSizeBytes,
                let record = Record(bytes, UInt32(offset), within: range.upperBound)
            else { throw .malformedRun(reason: "a record ends behind its piece") }
            if !isAboveLow, let low = input.lowKey {
                let order = low.withUnsafeBytes { KeyCoding.compare(record.key, $0) }
                isAboveLow = order > 0 || (order == 0 && piece.keepsLow)
            }
            if let high = input.highKey {
                let order = high.withUnsafeBytes { KeyCoding.compare(record.key, $0) }
                guard order < 0 || (order == 0 && piece.keepsHigh) else { return }
            }
            if isAboveLow {
                entries.append(
                    Entry(prefix: KeyCoding.prefix(record.key), offset: UInt32(offset))
                )
                textSizeBytes += record.line.count
            }
            offset = record.endOffset
        }
    }
}

/// A record within the bytes of runs.
private struct Record {
    private let bytes: UnsafeRawBufferPointer
    private let keyStart: Int
    private let lineStart: Int
    let endOffset: Int

    /// A record that was looked at before.
    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer, _ offset: UInt32) {
        let start = Int(offset)
        let keySize = UInt32(
            littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)
        )
        let lineSize = UInt32(
            littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self)
        )
        self.bytes = bytes
        keyStart = start + SortedRecord.headSizeBytes
        lineStart = keyStart + Int(keySize)
        endOffset = lineStart + Int(lineSize)
    }

    /// Nil where it ends behind `limit`, or its line has no end.
    init?(_ bytes: UnsafeRawBufferPointer, _ offset: UInt32, within limit: Int) {
        self.init(bytes, offset)
        guard endOffset <= limit, endOffset > lineStart, bytes[endOffset - 1] == UInt8(ascii: "\n")
        else { return nil }
    }

    @inline(__always)
    var key: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[keyStart..<lineStart])
    }

    @inline(__always)
    var line: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[lineStart..<endOffset])
    }
}
