import Base
import Columns
import Parquet
import TSV
import Wire

/// Encodes rejected lines as rows of `<table>_rejects`; see `rejectColumns`.
final class RejectEncoder {
    private let encoder = RowGroupEncoder(columns: rejectColumns, sortColumns: [])
    private let batches = rejectColumns.map { ColumnBatch(storage: $0.type.storage) }

    /// Encodes the lines, in row groups of their own, into `builder`.
    func encode(
        _ rejects: [RejectedLine],
        text: UnsafeRawBufferPointer,
        lease: TransformLease,
        into builder: inout ResultBuilder
    ) throws(ParquetError) {
        for start in stride(from: 0, to: rejects.count, by: ColumnBatch.rowCapacity) {
            let slice = rejects[start..<min(start + ColumnBatch.rowCapacity, rejects.count)]
            let arena = fill(slice, text: text, lease: lease)
            do {
                let outcome = arena.withUnsafeBytes { bytes in
                    Result { () throws(ParquetError) in
                        let text = bytes.dropLast(Limits.textSlackBytes)
                        try encoder.append(batches, text: UnsafeRawBufferPointer(rebasing: text))
                        try builder.finish(encoder, as: .rejects)
                    }
                }
                try outcome.get()
            }
        }
    }

    /// Fills the batches and returns the text that they refer to, with the slack behind it.
    private func fill(
        _ rejects: ArraySlice<RejectedLine>,
        text: UnsafeRawBufferPointer,
        lease: TransformLease
    ) -> [UInt8] {
        var arena = Array(lease.source.utf8)
        let source = TextRange(start: 0, length: UInt32(arena.count))
        let job = append(Array("\(lease.step.job)".utf8), to: &arena)
        let (lines, raws, hexes, reasons) = (batches[1], batches[2], batches[3], batches[4])
        for (row, reject) in rejects.enumerated() {
            let start = Int(reject.range.start)
            let raw = Array(text[start..<start + Int(reject.range.length)])
            batches[0].ranges[row] = source
            lines.int64Values[row] = reject.line
            lines.validity[row] = 1
            raws.ranges[row] = reject.isUTF8 ? append(raw, to: &arena) : .null
            hexes.ranges[row] =
                reject.isUTF8 ? .null : append(Array(hexadecimal(raw).utf8), to: &arena)
            reasons.ranges[row] = append(Array(reject.reason.utf8), to: &arena)
            batches[5].ranges[row] = job
        }
        for batch in batches { batch.rowCount = rejects.count }
        raws.nullCount = rejects.count { !$0.isUTF8 }
        hexes.nullCount = rejects.count - raws.nullCount
        arena += [UInt8](repeating: 0, count: Limits.textSlackBytes)
        return arena
    }

    private func append(_ bytes: [UInt8], to arena: inout [UInt8]) -> TextRange {
        let range = TextRange(start: UInt32(arena.count), length: UInt32(bytes.count))
        arena += bytes
        return range
    }
}
