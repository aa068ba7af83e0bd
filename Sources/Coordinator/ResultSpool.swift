import Base
import Columns
import Dispatch
import Parquet
import Storage
import Transport
import Wire

/// A result as it arrived: its head, its pages, and the hash the worker took of them.
struct ArrivedResult: Sendable {
    var attempt: AttemptID
    var task: TaskID
    var columns: [ColumnDeclaration]
    var result: TransformResult
    var block: MemoryBlock
    var sha256: [UInt8]
}

/// Where a durable result lies in its step's spool file.
struct StoredResult: Sendable {
    struct RowGroup: Sendable {
        var table: RowGroupTable
        var metadata: RowGroupMetadata
        var offset: Int64
    }

    var rowGroups: [RowGroup]
}

/// Why a result was not stored.
enum SpoolError: Error, CustomStringConvertible {
    case storage(StorageError)
    case wrongHash
    case metadata(ParquetError)
    case stepEnded

    var description: String {
        switch self {
        case .storage(let error): "\(error)"
        case .wrongHash: "its SHA-256 is not the announced one: damaged on the way"
        case .metadata(let error): "its row groups are described wrongly: \(error)"
        case .stepEnded: "its step has ended"
        }
    }
}

/// Makes results durable: verified, written to the spool file of their step, synced together.
///
/// Lives on the loop. While one batch is written and synced the next one gathers, so a slow disk
/// makes larger batches instead of a longer queue of syncs.
final class ResultSpool {
    typealias Completion = (AttemptID, Result<StoredResult, SpoolError>) -> Void

    private let loop: EventLoop
    private let directory: String
    private let queue = DispatchQueue(label: "result-spool")
    private let files: SpoolFiles
    private var gathered: [ArrivedResult] = []
    private var isStoring = false
    private let completion: Completion

    init(loop: EventLoop, directory: String, completion: @escaping Completion) {
        self.loop = loop
        self.directory = directory
        self.completion = completion
        files = SpoolFiles(directory: directory)
    }

    func store(_ result: ArrivedResult) {
        gathered.append(result)
        storeNextBatch()
    }

    /// The step's spool file, for the publisher.
    static func path(of step: StepID, in directory: String) -> String {
        "\(directory)/results-\(step.job)-\(step.index)"
    }

    /// Removes the step's spool file.
    ///
    /// Results that were not written yet are answered for here: written later, they would make the
    /// file anew.
    func close(_ step: StepID) {
        let files = self.files
        queue.async { files.close(step) }
        let unwanted = gathered.filter { $0.task.step == step }
        gathered.removeAll { $0.task.step == step }
        for result in unwanted { completion(result.attempt, .failure(.stepEnded)) }
    }

    private func storeNextBatch() {
        guard !isStoring, !gathered.isEmpty else { return }
        isStoring = true
        let batch = gathered
        gathered = []
        let (files, loop) = (self.files, self.loop)
        let spool = LoopBound(self, loop: loop)
        queue.async {
            let outcomes = files.store(batch)
            loop.execute {
                spool.value.isStoring = false
                for (attempt, outcome) in outcomes { spool.value.completion(attempt, outcome) }
                spool.value.storeNextBatch()
            }
        }
    }
}

/// The open spool files.
///
/// `@unchecked Sendable`: they belong to the spool's queue.
private final class SpoolFiles: @unchecked Sendable {
    private let directory: String
    private var open: [StepID: (file: File, endOffset: Int64)] = [:]

    init(directory: String) { self.directory = directory }

    /// Stores a batch; a result counts as stored only after its file was synced.
    func store(_ batch: [ArrivedResult]) -> [(AttemptID, Result<StoredResult, SpoolError>)] {
        var outcomes = batch.map { arrived in
            (arrived.attempt, Result { () throws(SpoolError) in try write(arrived) })
        }
        for step in Set(batch.map(\.task.step)) {
            guard let error = synchronize(step) else { continue }
            for index in batch.indices where batch[index].task.step == step {
                outcomes[index].1 = .failure(.storage(error))
            }
        }
        return outcomes
    }

    func close(_ step: StepID) {
        guard let file = open.removeValue(forKey: step)?.file else { return }
        removeQuietly(file.path)
    }

    private func write(_ arrived: ArrivedResult) throws(SpoolError) -> StoredResult {
        let payload = arrived.block.prefix(arrived.result.payloadSizeBytes)
        guard Digest.sha256(payload) == arrived.sha256 else { throw .wrongHash }
        var rowGroups = try decode(arrived)
        do throws(StorageError) {
            let offset = try place(payload, in: arrived.task.step)
            for index in rowGroups.indices { rowGroups[index].offset += offset }
        } catch {
            throw .storage(error)
        }
        return StoredResult(rowGroups: rowGroups)
    }

    /// Reads the row groups' descriptions, with offsets from the start of the payload.
    private func decode(_ arrived: ArrivedResult) throws(SpoolError) -> [StoredResult.RowGroup] {
        var rowGroups: [StoredResult.RowGroup] = []
        var offset: Int64 = 0
        for rowGroup in arrived.result.rowGroups {
            let columns = rowGroup.table == .rows ? arrived.columns : rejectColumns
            do throws(ParquetError) {
                let metadata = try RowGroupMetadata(decoding: rowGroup.metadata, columns: columns)
                guard metadata.payloadSizeBytes == Int64(rowGroup.payloadSizeBytes) else {
                    throw .malformedMetadata(offset: 0, reason: "its size differs from its pages")
                }
                rowGroups.append(
                    StoredResult.RowGroup(table: rowGroup.table, metadata: metadata, offset: offset)
                )
            } catch {
                throw .metadata(error)
            }
            offset += Int64(rowGroup.payloadSizeBytes)
        }
        return rowGroups
    }

    private func place(
        _ payload: UnsafeRawBufferPointer,
        in step: StepID
    ) throws(StorageError) -> Int64 {
        if open[step] == nil {
            let path = ResultSpool.path(of: step, in: directory)
            open[step] = (try File.create(path: path, exclusive: false), 0)
        }
        guard let (file, offset) = open[step] else { preconditionFailure("no spool file") }
        try file.write(payload, at: offset)
        open[step]?.endOffset = offset + Int64(payload.count)
        return offset
    }

    private func synchronize(_ step: StepID) -> StorageError? {
        do throws(StorageError) {
            try open[step]?.file.synchronize()
            return nil
        } catch {
            return error
        }
    }
}
