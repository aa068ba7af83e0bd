import Base
import Dispatch
import Gzip
import Scheduling
import Sorting
import Storage
import Transport

/// How a step's sorted rows are merged: what each of its merge tasks reads, and where that lies.
struct PlannedMerge: Sendable {
    /// The index of the first task that merges.
    var firstTask: Int
    var plan: MergePlan
    /// By the index that the plan's pieces go by.
    var runs: [StoredResult.SortedRun]
}

/// Plans merges, and reads what their tasks need back from the spool files.
///
/// Sorted rows lie in the spool file until their table is published, so nothing is kept of a merge task
/// but its plan: what is read for a lease goes when that is sent. Lives on the loop; planning and reading
/// have a queue of their own.
final class MergeReader {
    private let loop: EventLoop
    private let directory: String
    private let memory: MemoryPool
    private let queue = DispatchQueue(label: "merges")

    init(loop: EventLoop, directory: String, memory: MemoryPool) {
        self.loop = loop
        self.directory = directory
        self.memory = memory
    }

    /// Plans the merge of what the chunks were sorted to, nil for those without rows.
    func plan(
        _ runs: [StoredResult.SortedRun?],
        limitBytes: Int,
        _ completion: @escaping (Result<PlannedMerge, SortingError>) -> Void
    ) {
        let answer = LoopBound(completion, loop: loop)
        queue.async { [loop] in
            let known = runs.compactMap { $0 }
            let outcome = Result { () throws(SortingError) in
                let plan = try MergePlan(known.map(\.index), limitBytes: limitBytes)
                return PlannedMerge(firstTask: runs.count, plan: plan, runs: known)
            }
            loop.execute { answer.value(outcome) }
        }
    }

    /// Reads what a merge task's lease sends.
    func read(
        _ task: TaskID,
        of merge: PlannedMerge,
        _ completion: @escaping (Result<CutText, StorageError>) -> Void
    ) {
        let answer = LoopBound(completion, loop: loop)
        let path = ResultSpool.path(of: task.step, in: directory)
        let work = merge.plan.tasks[task.index - merge.firstTask]
        queue.async { [loop, memory] in
            let text = Result { () throws(StorageError) in
                try Self.read(work, of: merge, from: path, into: memory)
            }
            loop.execute { answer.value(text) }
        }
    }

    private static func read(
        _ task: MergePlan.Task,
        of merge: PlannedMerge,
        from path: String,
        into memory: MemoryPool
    ) throws(StorageError) -> CutText {
        let head = MergeInput(task).encoded
        let sizeBytes = head.count + task.piecesSizeBytes
        let block = memory.take(capacity: sizeBytes + Limits.textSlackBytes)
        block.bytes.copyBytes(from: head)
        let file = try File.open(readingFrom: path)
        var end = head.count
        for piece in task.pieces {
            let run = merge.runs[piece.run]
            guard let place = run.place(of: piece, in: task.partition) else {
                preconditionFailure("a plan of other runs")
            }
            let bytes = UnsafeMutableRawBufferPointer(
                rebasing: block.bytes[end..<end + piece.sizeBytes]
            )
            guard try file.read(into: bytes, at: place.offset) == bytes.count,
                place.hasBlocks(UnsafeRawBufferPointer(bytes))
            else {
                let offsets = place.offset..<place.offset + Int64(bytes.count)
                throw .damaged(path: path, offsets: offsets)
            }
            end += piece.sizeBytes
        }
        let summary = task.summary
        return CutText(
            block: block,
            sizeBytes: sizeBytes,
            firstLine: summary.firstLine,
            lineCount: summary.lines,
            crc32: crc32(block.prefix(sizeBytes)),
            source: summary.source
        )
    }
}

extension StoredResult.SortedRun {
    /// Where the blocks of a piece lie in the spool file.
    fileprivate struct Place {
        let offset: Int64
        let blocks: ArraySlice<SortedRunIndex.Block>

        /// Whether the bytes are those of the blocks, by their CRC-32.
        func hasBlocks(_ bytes: UnsafeRawBufferPointer) -> Bool {
            var offset = 0
            return blocks.allSatisfy { block in
                let end = offset + block.sizeBytes
                defer { offset = end }
                return crc32(UnsafeRawBufferPointer(rebasing: bytes[offset..<end])) == block.crc32
            }
        }
    }

    fileprivate func place(of piece: MergePlan.Piece, in key: [UInt8]) -> Place? {
        var start = offset
        for partition in index.partitions {
            guard partition.key == key else {
                start += Int64(partition.blocks.reduce(0) { $0 + $1.sizeBytes })
                continue
            }
            let before = partition.blocks[..<piece.blocks.lowerBound]
            return Place(
                offset: start + Int64(before.reduce(0) { $0 + $1.sizeBytes }),
                blocks: partition.blocks[piece.blocks]
            )
        }
        return nil
    }
}
