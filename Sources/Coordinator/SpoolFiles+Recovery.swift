import Base
import Columns
import Scheduling
import Spool
import Storage
import Wire

/// A step that goes on after a restart, and what decides whether its results can be used.
struct SpoolExpectation: Sendable {
    var step: StepID
    var declarationHash: [UInt8]
    /// The input's files by path.
    var paths: [String]
    /// Columns of the table; none for tasks without data.
    var columns: [ColumnDeclaration]
}

/// What an earlier coordinator left of a step.
enum SpoolRecovery: Sendable {
    /// Nothing that can be used, and why where there was something.
    case nothing(reason: String?)
    case recovered(RecoveredStep)
    /// Results of an input that is not what it was.
    case inputChanged(path: String)
}

/// The durable results of a step, ready to go on with.
struct RecoveredStep: Sendable {
    var header: SpoolHeader
    /// By the task's index.
    var results: [Int: StoredResult]
    var finished: FinishedTasks
}

extension SpoolFiles {
    /// Goes on with the step's file, if it is of this declaration and of the same input.
    func recover(_ expectation: SpoolExpectation) -> SpoolRecovery {
        let path = ResultSpool.path(of: expectation.step, in: directory)
        guard Directory.exists(path: path) else { return .nothing(reason: nil) }
        do throws(SpoolError) {
            let file = try storage { () throws(StorageError) in try File.open(extending: path) }
            guard let contents = try read(file) else {
                return .nothing(reason: "its spool file was not begun")
            }
            let header = contents.header
            guard header.step == expectation.step,
                header.declarationHash == expectation.declarationHash,
                header.files.map(\.path) == expectation.paths
            else { return .nothing(reason: "its job is declared otherwise now") }
            for known in header.files where (try? InputFiles.identify(known.path)) != known {
                return .inputChanged(path: known.path)
            }
            let recovered = try load(contents, from: file, columns: expectation.columns)
            // A coordinator that was killed may have left what no sync has reached: what is built
            // upon here must not be lost with the next failed one.
            try storage { () throws(StorageError) in try file.synchronize() }
            open[expectation.step] = OpenFile(
                file: file,
                endOffset: contents.endOffset,
                syncedOffset: contents.endOffset
            )
            return .recovered(recovered)
        } catch {
            return .nothing(reason: error.description)
        }
    }

    /// Removes every file here that belongs to no open step.
    func sweep() {
        let steps = Set(open.keys).union(headers.keys)
        // The checks of a step that was gone on with may have begun.
        let kept = Set(
            steps.map { ResultSpool.path(of: $0, in: directory) }
                .flatMap { [$0, ResultSpool.checksFolder(of: $0)] }
        )
        guard let names = try? Directory.list(path: directory) else { return }
        for name in names where name.hasPrefix("results-") {
            let path = "\(directory)/\(name)"
            if !kept.contains(path) { removeTreeQuietly(path) }
        }
    }

    private func read(_ file: File) throws(SpoolError) -> SpoolContents? {
        try storage { () throws(StorageError) in
            try SpoolContents(
                sizeBytes: try file.identity().sizeBytes,
                read: { count, offset throws(StorageError) in try file.read(count, at: offset) },
                isIntact: { result, offset throws(StorageError) in
                    let payload = try file.read(result.result.payloadSizeBytes, at: offset)
                    return Digest.sha256(payload) == result.sha256
                }
            )
        }
    }

    /// Reads the metadata of all results back.
    private func load(
        _ contents: SpoolContents,
        from file: File,
        columns: [ColumnDeclaration]
    ) throws(SpoolError) -> RecoveredStep {
        var recovered = RecoveredStep(
            header: contents.header,
            results: [:],
            finished: FinishedTasks(
                chunkCount: contents.chunkCount,
                synthetic: contents.finishedTasks
            )
        )
        for (task, found) in contents.results {
            let result = found.result.result
            let metadataSize = result.payloadSizeBytes - result.pagesSizeBytes
            let metadata = try storage { () throws(StorageError) in
                try file.read(
                    metadataSize,
                    at: found.payloadOffset + Int64(result.pagesSizeBytes)
                )
            }
            var stored = try StoredResult(metadata: metadata, of: result, columns: columns)
            stored.move(by: found.payloadOffset)
            recovered.results[task] = stored
            let chunk = found.result.chunk
            let finished = FinishedTasks.Result(
                chunk: chunk,
                report: TaskReport(result, of: chunk)
            )
            if chunk.isMerge {
                recovered.finished.merged[task] = finished
            } else {
                recovered.finished.results[task] = finished
            }
        }
        return recovered
    }

    private func storage<Value>(
        _ body: () throws(StorageError) -> Value
    ) throws(SpoolError) -> Value {
        do throws(StorageError) { return try body() } catch { throw .storage(error) }
    }
}

extension TaskReport {
    /// What counts of a result; lines and rows that are merged were counted when they were sorted.
    init(_ result: TransformResult, of chunk: ChunkSummary) {
        guard !chunk.isMerge else {
            self.init(sizeBytes: Int64(result.payloadSizeBytes))
            return
        }
        self.init(
            lines: result.lines,
            rows: result.rows,
            rejected: result.rejected,
            conversionFailures: result.conversionFailures,
            sizeBytes: Int64(result.payloadSizeBytes)
        )
    }
}
