import Base
import Columns
import Gzip
import Parquet
import Sorting
import Storage
import TSV
import Transport
import Wire

/// Why a chunk could not be transformed.
enum TransformError: Error, CustomStringConvertible {
    case damagedTransfer(expected: UInt32, found: UInt32)
    /// The compressed bytes arrived whole, and are not what the split index says of them.
    case wrongIndex(reason: String)
    case parquet(ParquetError)
    case sorting(SortingError)
    /// Merged rows are not those that were sorted.
    case otherRows(expected: Int, found: Int64)

    var failure: FailureClass {
        switch self {
        case .damagedTransfer: .transient
        case .wrongIndex: .wrongIndex
        case .sorting(.tooManyPartitions): .badInput
        case .parquet, .sorting, .otherRows: .defect
        }
    }

    var description: String {
        switch self {
        case .damagedTransfer(let expected, let found):
            "the chunk arrived damaged: its CRC-32 is \(hex(found)), not \(hex(expected))"
        case .wrongIndex(let reason):
            "the split index of the file is wrong: a chunk inflates to another text (\(reason))"
        case .parquet(let error): "the rows could not be encoded: \(error)"
        case .sorting(let error): "\(error)"
        case .otherRows(let expected, let found):
            "\(found) of \(expected) sorted rows could be read again"
        }
    }

    private func hex(_ value: UInt32) -> String { String(value, radix: 16) }
}

/// A finished chunk: the message's head, and the pages it announces.
///
/// `@unchecked Sendable`: nothing changes any more once the slot has handed it out.
final class TransformOutput: @unchecked Sendable {
    let result: TransformResult
    let sha256: [UInt8]
    private let memory: ResultMemory
    private let pool: ResultMemoryPool

    /// Hashes what is in the memory.
    init(result: TransformResult, in memory: ResultMemory, of pool: ResultMemoryPool) {
        let payload = memory.buffer.bytes
        precondition(payload.count == result.payloadSizeBytes, "a run of another size than told")
        self.result = result
        sha256 = Digest.sha256(payload)
        self.memory = memory
        self.pool = pool
    }

    deinit { pool.give(memory) }

    /// The run's data, valid as long as this object: the pages of all row groups, then their metadata.
    var bytes: UnsafeRawBufferPointer { memory.buffer.bytes }
}

/// Turns chunks of text into encoded row groups: parse, convert, encode, hash.
///
/// Owned by one slot and used for chunk after chunk of a step, so that no buffer is taken anew. Where
/// rows are to be sorted, a chunk becomes a sorted run, and pieces of runs become row groups:
/// `ChunkTransform+Sorting.swift`.
final class ChunkTransform {
    let parser: ChunkParser
    private let encoder: RowGroupEncoder
    /// What sorts and merges; nil where rows keep the order of their input.
    let sorting: SortingParts?
    private let rejectEncoder = RejectEncoder()
    private let results: ResultMemoryPool
    /// Where texts are inflated to.
    let texts: MemoryPool
    /// What there is to tell of the last chunk.
    private(set) var report = AttemptReport()

    init(
        _ declaration: TransformDeclaration,
        results: ResultMemoryPool,
        texts: MemoryPool
    ) {
        self.results = results
        self.texts = texts
        parser = ChunkParser(declaration: declaration)
        encoder = RowGroupEncoder(
            columns: declaration.columns,
            sortColumns: declaration.clusterBy
        )
        sorting = declaration.sortsRows ? SortingParts(declaration) : nil
    }

    func run(_ chunk: ChunkWork) throws(TransformError) -> TransformOutput {
        report = AttemptReport()
        // Shared memory is unmapped with its last reference.
        defer { withExtendedLifetime(chunk.block) {} }
        let lease = chunk.lease
        let run = UnsafeMutableRawBufferPointer(rebasing: chunk.block.bytes[..<lease.runSizeBytes])
        let found = crc32(UnsafeRawBufferPointer(run))
        guard found == chunk.crc32 else {
            throw .damagedTransfer(expected: chunk.crc32, found: found)
        }
        if lease.isMerge { return try merge(UnsafeRawBufferPointer(run)) }
        guard let slice = lease.slice else { return try transformText(run, of: lease) }
        let block = texts.take(capacity: lease.sizeBytes + Limits.textSlackBytes)
        let text = UnsafeMutableRawBufferPointer(rebasing: block.bytes[..<lease.sizeBytes])
        try measured(.inflated) { () throws(TransformError) in
            try inflate(UnsafeRawBufferPointer(run), slice, into: text)
        }
        return try transformText(text, of: lease)
    }

    /// Inflates a chunk's text from the run that was sent instead, and verifies it.
    private func inflate(
        _ run: UnsafeRawBufferPointer,
        _ slice: LeasedSlice,
        into text: UnsafeMutableRawBufferPointer
    ) throws(TransformError) {
        let place = SlicePlace(
            bitOffset: slice.bitOffset,
            window: StoredWindow(
                bytes: Array(run[..<slice.storedWindowSizeBytes]),
                sizeBytes: slice.windowSizeBytes
            ),
            skippedBytes: slice.skippedBytes
        )
        let compressed = UnsafeRawBufferPointer(rebasing: run[slice.storedWindowSizeBytes...])
        do throws(GzipError) {
            try Gzip.inflate(compressed, at: place, into: text)
        } catch {
            throw .wrongIndex(reason: error.description)
        }
        let found = crc32(UnsafeRawBufferPointer(text))
        guard found == slice.textCRC32 else { throw .wrongIndex(reason: "another CRC-32") }
    }

    private func transformText(
        _ text: UnsafeMutableRawBufferPointer,
        of lease: TransformLease
    ) throws(TransformError) -> TransformOutput {
        let memory = results.take()
        var builder = ResultBuilder(in: memory)
        parser.begin(text, firstLine: lease.firstLine)
        let rows =
            if let sorting {
                try sort(text, with: sorting, into: &builder)
            } else {
                try encode(parser, UnsafeRawBufferPointer(text), into: &builder)
            }
        try measured(.encoded) { () throws(TransformError) in
            guard !parser.rejects.isEmpty else { return }
            do throws(ParquetError) {
                try rejectEncoder.encode(
                    parser.rejects,
                    text: UnsafeRawBufferPointer(text),
                    lease: lease,
                    into: &builder
                )
            } catch {
                throw .parquet(error)
            }
        }
        for example in parser.examples {
            report.append(AttemptReport.Example(example, in: UnsafeRawBufferPointer(text)))
        }
        let result = TransformResult(
            lines: parser.lineCount,
            rows: rows,
            rejected: Int64(parser.rejects.count),
            conversionFailures: parser.conversionFailures.map(Int64.init),
            rowGroups: builder.rowGroups
        )
        return finish(result, builder, in: memory)
    }

    /// Encodes all rows of the text that the parser has begun; how many there are.
    private func encode(
        _ parser: ChunkParser,
        _ text: UnsafeRawBufferPointer,
        into builder: inout ResultBuilder
    ) throws(TransformError) -> Int64 {
        do throws(ParquetError) {
            var rows: Int64 = 0
            while let count = measured(.converted, parser.next) {
                try measured(.encoded) { () throws(ParquetError) in
                    try encoder.append(parser.batches, text: text)
                    rows += Int64(count)
                    if encoder.rowCount + ColumnBatch.rowCapacity > Limits.rowGroupRows {
                        try builder.finish(encoder, as: .rows)
                    }
                }
            }
            try measured(.encoded) { () throws(ParquetError) in
                if encoder.rowCount > 0 { try builder.finish(encoder, as: .rows) }
            }
            return rows
        } catch {
            throw .parquet(error)
        }
    }

    /// Encodes merged rows, each of which was a row before.
    func encodeMerged(
        _ text: UnsafeMutableRawBufferPointer,
        rowCount: Int,
        _ parser: ChunkParser
    ) throws(TransformError) -> TransformOutput {
        let memory = results.take()
        var builder = ResultBuilder(in: memory)
        parser.begin(text, firstLine: 1)
        let rows = try encode(parser, UnsafeRawBufferPointer(text), into: &builder)
        guard rows == rowCount, parser.rejects.isEmpty else {
            throw .otherRows(expected: rowCount, found: rows)
        }
        // What did not convert was counted when the rows were sorted.
        let result = TransformResult(
            lines: rows,
            rows: rows,
            rejected: 0,
            conversionFailures: parser.conversionFailures.map { _ in 0 },
            rowGroups: builder.rowGroups
        )
        return finish(result, builder, in: memory)
    }

    private func finish(
        _ result: TransformResult,
        _ builder: ResultBuilder,
        in memory: ResultMemory
    ) -> TransformOutput {
        builder.finishPayload()
        return measured(.hashed) { TransformOutput(result: result, in: memory, of: results) }
    }

    /// Does a part of the work, and adds its time to the report's.
    func measured<Value, Failure: Error>(
        _ stage: AttemptReport.Stage,
        _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let start = EventLoop.now()
        defer { report.add(EventLoop.now() - start, to: stage) }
        return try body()
    }
}

extension AttemptReport.Example {
    fileprivate init(_ field: UnconvertedField, in text: UnsafeRawBufferPointer) {
        let start = Int(field.range.start)
        let end = min(start + Int(field.range.length), start + AttemptReport.exampleBytes)
        self.init(column: field.column, line: field.line, text: Array(text[start..<end]))
    }
}
