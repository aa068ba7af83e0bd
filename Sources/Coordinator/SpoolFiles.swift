import Base
import Columns
import Gzip
import Parquet
import Scheduling
import Sorting
import Spool
import Storage
import Wire

/// The open spool files; docs/formats/spool.md gives their bytes.
///
/// `@unchecked Sendable`: they belong to the spool's queue.
final class SpoolFiles: @unchecked Sendable {
    /// A file as far as it is written, and as far as that is synced.
    struct OpenFile {
        let file: File
        var endOffset: Int64
        var syncedOffset: Int64
    }

    let directory: String
    var open: [StepID: OpenFile] = [:]
    private(set) var headers: [StepID: SpoolHeader] = [:]

    init(directory: String) { self.directory = directory }

    func begin(_ header: SpoolHeader) { headers[header.step] = header }

    /// Stores a batch; an item counts as stored only after its file was synced.
    func store(_ batch: [SpoolItem]) -> [SpoolAnswer] {
        let steps = Set(batch.map(\.step))
        let before = open.mapValues(\.endOffset)
        var answers = batch.map { item in answer(to: item) }
        for step in steps {
            guard let error = synchronize(step) else { continue }
            // What the kernel made of these bytes is not known: they are written over, and a file
            // that was not there before is begun anew.
            if let end = before[step] { open[step]?.endOffset = end } else { open[step] = nil }
            for index in batch.indices where batch[index].step == step {
                answers[index] = SpoolAnswer(batch[index], failed: .storage(error))
            }
        }
        return answers.compactMap { $0 }
    }

    /// Forgets what is stored of a step that begins anew, so that no crash brings it back.
    func discard(_ step: StepID) throws(StorageError) {
        headers[step] = nil
        open[step] = nil
        let path = ResultSpool.path(of: step, in: directory)
        guard Directory.exists(path: path) else { return }
        try Directory.remove(path: path)
        try Directory.synchronize(path: directory)
    }

    func remove(_ step: StepID) {
        headers[step] = nil
        open[step] = nil
        // There may be one that could not be begun, too.
        let path = ResultSpool.path(of: step, in: directory)
        removeIfThere(path)
        removeTreeQuietly(ResultSpool.checksFolder(of: path))
    }

    private func answer(to item: SpoolItem) -> SpoolAnswer? {
        do throws(SpoolError) {
            switch item {
            case .result(let arrived):
                return .result(arrived.attempt, .success(try write(arrived)))
            case .finished(let step, let batch):
                _ = try append(.finished(batch.map(\.task.index)), to: step)
                return .finished(batch.map(\.attempt), nil)
            case .inputEnded(let step, let chunks):
                _ = try append(.inputEnded(chunks: chunks), to: step)
                return nil
            }
        } catch {
            if case .inputEnded = item { CoordinatorLog.write("an input's end: \(error)") }
            return SpoolAnswer(item, failed: error)
        }
    }

    private func write(_ arrived: ArrivedResult) throws(SpoolError) -> StoredResult {
        let payload = arrived.block.prefix(arrived.result.payloadSizeBytes)
        guard Digest.sha256(payload) == arrived.sha256 else { throw .wrongHash }
        guard arrived.result.hasPages(payload) else { throw .wrongChecksum }
        var stored = try StoredResult(
            metadata: Array(payload.dropFirst(arrived.result.pagesSizeBytes)),
            of: arrived.result,
            columns: arrived.columns
        )
        let record = SpoolRecord.result(
            SpooledResult(
                attempt: arrived.attempt,
                task: arrived.task.index,
                chunk: arrived.chunk,
                result: arrived.result,
                sha256: arrived.sha256
            )
        )
        stored.move(by: try append(record, followedBy: payload, to: arrived.task.step))
        return stored
    }

    /// Appends a record and its payload; where the payload begins.
    private func append(
        _ record: SpoolRecord,
        followedBy payload: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        to step: StepID
    ) throws(SpoolError) -> Int64 {
        do throws(StorageError) {
            let state = if let known = open[step] { known } else { try create(step) }
            let bytes = record.encoded(syncedOffset: state.syncedOffset)
            let payloadOffset = state.endOffset + Int64(bytes.count)
            try state.file.write(bytes, at: state.endOffset)
            try state.file.write(payload, at: payloadOffset)
            open[step]?.endOffset = payloadOffset + Int64(payload.count)
            return payloadOffset
        } catch {
            throw .storage(error)
        }
    }

    /// Makes the step's file, with a name that survives a power loss.
    private func create(_ step: StepID) throws(StorageError) -> OpenFile {
        guard let header = headers[step] else {
            preconditionFailure("something of step \(step) is stored before it was begun")
        }
        let path = ResultSpool.path(of: step, in: directory)
        let file = try File.create(path: path, exclusive: false)
        let bytes = header.encoded
        try file.write(bytes, at: 0)
        try Directory.synchronize(path: directory)
        let state = OpenFile(file: file, endOffset: Int64(bytes.count), syncedOffset: 0)
        open[step] = state
        return state
    }

    private func synchronize(_ step: StepID) -> StorageError? {
        guard let state = open[step], state.endOffset > state.syncedOffset else { return nil }
        do throws(StorageError) {
            try state.file.synchronize()
            open[step]?.syncedOffset = state.endOffset
            return nil
        } catch {
            return error
        }
    }
}

extension TransformResult {
    /// Whether `payload` begins with the pages of all row groups, by their CRC-32.
    fileprivate func hasPages(_ payload: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        return rowGroups.allSatisfy { rowGroup in
            let end = offset + rowGroup.pagesSizeBytes
            defer { offset = end }
            return crc32(UnsafeRawBufferPointer(rebasing: payload[offset..<end]))
                == rowGroup.pagesCRC32
        }
    }
}

extension StoredResult {
    /// Reads the row groups' metadata; offsets count from where the pages begin.
    init(
        metadata: [UInt8],
        of result: TransformResult,
        columns: [ColumnDeclaration]
    ) throws(SpoolError) {
        var rowGroups: [RowGroup] = []
        var offset: Int64 = 0
        var rest = metadata[...]
        for rowGroup in result.rowGroups {
            let encoded = Array(rest.prefix(rowGroup.metadataSizeBytes))
            guard encoded.withUnsafeBytes({ crc32($0) }) == rowGroup.metadataCRC32 else {
                throw .wrongChecksum
            }
            rest = rest.dropFirst(rowGroup.metadataSizeBytes)
            defer { offset += Int64(rowGroup.pagesSizeBytes) }
            guard rowGroup.table != .sortedRun else {
                let index = try Self.sortedRun(encoded, of: rowGroup, result)
                sortedRun = SortedRun(index: index, offset: offset)
                continue
            }
            let columns = rowGroup.table == .rows ? columns : rejectColumns
            do throws(ParquetError) {
                let metadata = try RowGroupMetadata(decoding: encoded, columns: columns)
                guard metadata.payloadSizeBytes == Int64(rowGroup.pagesSizeBytes) else {
                    throw .malformedMetadata(offset: 0, reason: "its size differs from its pages")
                }
                rowGroups.append(
                    RowGroup(
                        table: rowGroup.table,
                        metadata: metadata,
                        offset: offset,
                        crc32: rowGroup.pagesCRC32
                    )
                )
            } catch {
                throw .metadata(error)
            }
        }
        self.rowGroups = rowGroups
    }

    /// Reads the index of a sorted run, which has all rows of the result.
    private static func sortedRun(
        _ encoded: [UInt8],
        of part: ResultRowGroup,
        _ result: TransformResult
    ) throws(SpoolError) -> SortedRunIndex {
        do throws(WireError) {
            let index = try SortedRunIndex(decoding: encoded)
            guard index.sizeBytes == part.pagesSizeBytes, index.rowCount == Int(result.rows) else {
                throw .malformed(message: "sorted run")
            }
            return index
        } catch {
            throw .sortedRun(reason: "\(error)")
        }
    }

    /// Counts offsets from the file's start, where the pages begin at `offset`.
    mutating func move(by offset: Int64) {
        for index in rowGroups.indices { rowGroups[index].offset += offset }
        sortedRun?.offset += offset
    }
}
