import Base
import Columns
import Dispatch
import Parquet
import Scheduling
import Sorting
import Spool
import Storage
import Transport
import Wire

/// A result as it arrived: its head, its pages, and the hash the worker took of them.
struct ArrivedResult: Sendable {
    var attempt: AttemptID
    var task: TaskID
    var chunk: ChunkSummary
    var columns: [ColumnDeclaration]
    var result: TransformResult
    var block: MemoryBlock
    var sha256: [UInt8]
}

/// Where a durable result lies in its step's spool file.
struct StoredResult: Sendable, Equatable {
    struct RowGroup: Sendable, Equatable {
        var table: RowGroupTable
        var metadata: RowGroupMetadata
        var offset: Int64
        /// CRC-32 of its pages.
        var crc32: UInt32
    }

    /// Rows of a chunk that are sorted and not merged yet.
    struct SortedRun: Sendable, Equatable {
        var index: SortedRunIndex
        var offset: Int64
    }

    var rowGroups: [RowGroup]
    var sortedRun: SortedRun?
}

/// Why a result was not stored.
enum SpoolError: Error, CustomStringConvertible {
    case storage(StorageError)
    case wrongHash
    /// Pages or metadata of a row group are not those that its worker encoded.
    case wrongChecksum
    case metadata(ParquetError)
    case sortedRun(reason: String)
    case stepEnded

    /// Whether there was no room on the disk.
    var isDiskFull: Bool {
        if case .storage(let error) = self { error.isDiskFull } else { false }
    }

    var description: String {
        switch self {
        case .storage(let error): "\(error)"
        case .wrongHash: "its SHA-256 is not the announced one: damaged on the way"
        case .wrongChecksum: "the CRC-32 of a row group is not that of its encoding"
        case .metadata(let error): "its row groups are described wrongly: \(error)"
        case .sortedRun(let reason): "its sorted rows are described wrongly: \(reason)"
        case .stepEnded: "its step has ended"
        }
    }
}

/// What is to be made durable for a step.
enum SpoolItem: Sendable {
    case result(ArrivedResult)
    /// Tasks without data that are finished.
    case finished(StepID, [SyntheticAttempt])
    case inputEnded(StepID, chunks: Int)

    var step: StepID {
        switch self {
        case .result(let arrived): arrived.task.step
        case .finished(let step, _), .inputEnded(let step, _): step
        }
    }
}

/// What became of an item.
enum SpoolAnswer: Sendable {
    case result(AttemptID, Result<StoredResult, SpoolError>)
    case finished([AttemptID], SpoolError?)

    /// The answer for an item that was not stored; none where nobody waits for one.
    init?(_ item: SpoolItem, failed error: SpoolError) {
        switch item {
        case .result(let arrived): self = .result(arrived.attempt, .failure(error))
        case .finished(_, let batch): self = .finished(batch.map(\.attempt), error)
        case .inputEnded: return nil
        }
    }
}

/// Makes what tasks bring durable: verified, appended to the spool file of their step, synced together.
///
/// Lives on the loop. While one batch is written and synced the next one gathers, so a slow disk
/// makes larger batches instead of a longer queue of syncs.
final class ResultSpool {
    private let loop: EventLoop
    private let queue = DispatchQueue(label: "result-spool")
    private let files: SpoolFiles
    private var gathered: [SpoolItem] = []
    private var isStoring = false
    private let completion: (SpoolAnswer) -> Void

    init(loop: EventLoop, directory: String, completion: @escaping (SpoolAnswer) -> Void) {
        self.loop = loop
        self.completion = completion
        files = SpoolFiles(directory: directory)
    }

    /// Tells what the step's spool file is to begin with; comes before the first item of the step.
    func begin(_ header: SpoolHeader) {
        let files = self.files
        queue.async { files.begin(header) }
    }

    func store(_ item: SpoolItem) {
        gathered.append(item)
        storeNextBatch()
    }

    /// The step's spool file, for the publisher.
    static func path(of step: StepID, in directory: String) -> String {
        "\(directory)/results-\(step.job)-\(step.index)"
    }

    /// Where DuckDB writes what does not fit into memory while it answers the step's checks.
    static func checksFolder(of path: String) -> String { path + ".checks" }

    /// Answers for what was not written yet of a step that has ended.
    func drop(_ step: StepID) {
        let unwanted = gathered.filter { $0.step == step }
        gathered.removeAll { $0.step == step }
        for item in unwanted {
            if let answer = SpoolAnswer(item, failed: .stepEnded) { completion(answer) }
        }
    }

    /// Removes the spool files of steps with which nobody will ever go on.
    ///
    /// That is known only when a table is published or the end of its job is durable: a crash before
    /// that brings the job back, and what is finished of it is not to be done again.
    func remove(_ steps: [StepID], _ completion: @escaping () -> Void = {}) {
        let done = LoopBound(completion, loop: loop)
        let (files, loop) = (self.files, self.loop)
        queue.async {
            for step in steps { files.remove(step) }
            loop.execute { done.value() }
        }
    }

    /// Forgets for good what came of a step that begins anew.
    func discard(
        _ step: StepID,
        _ completion: @escaping (Result<Void, StorageError>) -> Void
    ) {
        drop(step)
        let done = LoopBound(completion, loop: loop)
        let (files, loop) = (self.files, self.loop)
        queue.async {
            let outcome = Result { () throws(StorageError) in try files.discard(step) }
            loop.execute { done.value(outcome) }
        }
    }

    private func storeNextBatch() {
        guard !isStoring, !gathered.isEmpty else { return }
        isStoring = true
        let batch = gathered
        gathered = []
        let (files, loop) = (self.files, self.loop)
        let spool = LoopBound(self, loop: loop)
        queue.async {
            let answers = files.store(batch)
            loop.execute {
                spool.value.isStoring = false
                for answer in answers { spool.value.completion(answer) }
                spool.value.storeNextBatch()
            }
        }
    }

    // MARK: After a restart

    /// Looks what an earlier coordinator left of the steps, and goes on with their files.
    func recover(_ steps: [SpoolExpectation], _ completion: @escaping ([SpoolRecovery]) -> Void) {
        let answer = LoopBound(completion, loop: loop)
        let (files, loop) = (self.files, self.loop)
        queue.async {
            let found = steps.map { files.recover($0) }
            loop.execute { answer.value(found) }
        }
    }

    /// Removes the files of all steps that nobody began or recovered: of jobs that have ended.
    func sweep() {
        let files = self.files
        queue.async { files.sweep() }
    }
}
