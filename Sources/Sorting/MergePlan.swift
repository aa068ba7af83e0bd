import Base

/// Cuts the merging of sorted runs into tasks of bounded size: what each reads, and what it keeps.
///
/// The rows of a partition have one order over all runs: by key, then by run, then by place in the run.
/// A task takes the rows between two places in that order, so tasks of one partition are disjoint, and
/// rows that are all equal can be cut as well. Places are beginnings of blocks, whose keys are known;
/// of the other runs a task reads whole blocks, too, and leaves out what others keep.
///
/// ```
///            low                       high
///  run 0   [  ..|████████][██████████|..  ]      read: blocks that may hold rows of the range
///  run 1        [████████][██████████]           kept: █
///  run 2     [..|████████████|.. ]
/// ```
///
/// Pure, and nothing but the runs and the limit decide: a coordinator that comes back plans the same.
package struct MergePlan: Sendable, Equatable {
    /// Neighbouring blocks of one run.
    package struct Piece: Sendable, Equatable {
        /// Index of the run.
        package let run: Int
        /// Indexes of blocks of the partition in that run.
        package let blocks: Range<Int>
        package let sizeBytes: Int
        /// Whether rows whose key is the low one, or the high one, are kept.
        package let keepsLow: Bool
        package let keepsHigh: Bool
    }

    package struct Task: Sendable, Equatable {
        /// The values of the partition, as keys spell them.
        package let partition: [UInt8]
        /// In the order of the runs.
        package let pieces: [Piece]
        /// Rows with a smaller, or a larger, key are left out; nil for no bound.
        package let lowKey: [UInt8]?
        package let highKey: [UInt8]?
        /// Rows of all blocks that are read: at least those that are kept.
        package let rowLimit: Int

        package var piecesSizeBytes: Int { pieces.reduce(0) { $0 + $1.sizeBytes } }
    }

    /// By partition, and within one in the order of the rows.
    package let tasks: [Task]
    /// Rows of each partition, in that order.
    package let partitions: [(key: [UInt8], rowCount: Int)]

    /// Plans the merging of runs, in the order of their chunks.
    ///
    /// A task reads about `limitBytes`, or twice a block of each run where that is more.
    package init(_ runs: [SortedRunIndex], limitBytes: Int) throws(SortingError) {
        var places: [[UInt8]: [PartitionRun]] = [:]
        for (run, index) in runs.enumerated() {
            for partition in index.partitions {
                places[partition.key, default: []].append(
                    PartitionRun(run: run, partition: partition)
                )
            }
        }
        guard places.count <= Limits.partitions else {
            throw .tooManyPartitions(places.count, limit: Limits.partitions)
        }
        var tasks: [Task] = []
        var partitions: [(key: [UInt8], rowCount: Int)] = []
        let keys = places.keys.sorted { $0.lexicographicallyPrecedes($1) }
        for key in keys {
            let runs = places[key] ?? []
            var sweep = Sweep(key, runs, limitBytes: limitBytes)
            tasks += try sweep.tasks()
            partitions.append((key, runs.reduce(0) { $0 + $1.partition.rowCount }))
        }
        self.tasks = tasks
        self.partitions = partitions
    }

    package static func == (left: Self, right: Self) -> Bool { left.tasks == right.tasks }
}

/// What one run has of a partition.
private struct PartitionRun {
    let run: Int
    let partition: SortedRunIndex.Partition

    var blocks: [SortedRunIndex.Block] { partition.blocks }

    /// No row of the block has a larger key.
    func upperKey(of block: Int) -> [UInt8] {
        block + 1 < blocks.count ? blocks[block + 1].firstKey : partition.lastKey
    }
}

/// Goes through the blocks of one partition in the order in which they begin.
private struct Sweep {
    /// The beginning of a block: a place at which the partition may be cut.
    private struct Start {
        let key: [UInt8]
        /// Index into `runs`.
        let run: Int
        let block: Int

        func precedes(_ other: Start) -> Bool {
            if key != other.key { return key.lexicographicallyPrecedes(other.key) }
            return (run, block) < (other.run, other.block)
        }
    }

    private let partition: [UInt8]
    private let runs: [PartitionRun]
    private let limitBytes: Int
    /// Of each run the first block that the open range reads, and the first that has not begun.
    private var first: [Int]
    private var next: [Int]
    private var low: Start?

    init(_ partition: [UInt8], _ runs: [PartitionRun], limitBytes: Int) {
        self.partition = partition
        self.runs = runs
        self.limitBytes = limitBytes
        first = Array(repeating: 0, count: runs.count)
        next = first
    }

    mutating func tasks() throws(SortingError) -> [MergePlan.Task] {
        var starts: [Start] = []
        for (run, place) in runs.enumerated() {
            for (block, state) in place.blocks.enumerated() {
                starts.append(Start(key: state.firstKey, run: run, block: block))
            }
        }
        starts.sort { $0.precedes($1) }
        var tasks: [MergePlan.Task] = []
        var (cost, limit, begun) = (0, limitBytes, 0)
        for start in starts {
            let size = runs[start.run].blocks[start.block].sizeBytes
            if begun > 0, cost + size > limit {
                tasks.append(task(endingAt: start))
                cost = begin(at: start)
                // What is open everywhere is read whatever the range is: it must be worth it.
                limit = max(limitBytes, 2 * cost)
                guard limit <= Limits.chunkSizeBytes.upperBound else {
                    throw .tooManyRuns(sizeBytes: limit, limit: Limits.chunkSizeBytes.upperBound)
                }
                begun = 0
            }
            cost += size
            begun += 1
            next[start.run] = start.block + 1
        }
        tasks.append(task(endingAt: nil))
        return tasks
    }

    /// Opens the range that begins at a place; returns the bytes that it reads of blocks begun before.
    private mutating func begin(at start: Start) -> Int {
        low = start
        var openBytes = 0
        for (index, place) in runs.enumerated() {
            first[index] = next[index]
            guard index != start.run, next[index] > 0 else { continue }
            let last = next[index] - 1
            let upper = place.upperKey(of: last)
            let isBehind =
                upper == start.key
                ? index < start.run : upper.lexicographicallyPrecedes(start.key)
            guard !isBehind else { continue }
            first[index] = last
            openBytes += place.blocks[last].sizeBytes
        }
        return openBytes
    }

    private func task(endingAt high: Start?) -> MergePlan.Task {
        var pieces: [MergePlan.Piece] = []
        var rows = 0
        for (index, place) in runs.enumerated() where first[index] < next[index] {
            let range = first[index]..<next[index]
            let blocks = place.blocks[range]
            pieces.append(
                MergePlan.Piece(
                    run: place.run,
                    blocks: range,
                    sizeBytes: blocks.reduce(0) { $0 + $1.sizeBytes },
                    keepsLow: low.map { index >= $0.run } ?? true,
                    keepsHigh: high.map { index <= $0.run } ?? true
                )
            )
            rows += blocks.reduce(0) { $0 + $1.rowCount }
        }
        return MergePlan.Task(
            partition: partition,
            pieces: pieces,
            lowKey: low?.key,
            highKey: high?.key,
            rowLimit: rows
        )
    }
}
