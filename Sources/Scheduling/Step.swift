package import Base

/// One step of a job: the load of one table, made of one task a chunk.
///
/// ```
/// waiting ─▶ opening ─▶ reading ─▶ read ─▶ publishing ─▶ done
///    │          └──────────┴────────┴──────────┴───▶ failed, cancelled
///    └─▶ skipped
/// ```
package struct Step: Sendable {
    package enum State: Sendable, Equatable {
        case waiting
        /// The header is being checked.
        case opening
        /// Chunks are being cut; tasks appear.
        case reading
        /// The whole input was read and verified; all tasks are known.
        case read
        case publishing
        case done(SnapshotID?)
        case failed(reason: String)
        case cancelled

        package var isEnded: Bool {
            switch self {
            case .done, .failed, .cancelled: true
            case .waiting, .opening, .reading, .read, .publishing: false
            }
        }
    }

    package let id: StepID
    package let source: StepPlan.Source
    package let rejectLimits: RejectLimits
    package let allowsEmpty: Bool
    package internal(set) var state: State
    package internal(set) var tasks: [Task] = []
    package internal(set) var doneTasks = 0
    package internal(set) var attempts = 0
    /// Sums over the finished tasks.
    package internal(set) var report: TaskReport
    /// Raw bytes cut so far.
    package internal(set) var cutBytes: Int64 = 0

    /// Tasks that may be leased, in chunk order but for those that were leased before.
    var ready = TaskQueue()
    /// Results of an earlier coordinator whose chunks were not cut again yet.
    var finished: FinishedTasks
    /// Chunks asked for and not cut yet.
    var cutsUnderWay = 0

    init(id: StepID, plan: StepPlan) {
        self.id = id
        source = plan.source
        rejectLimits = plan.rejectLimits
        allowsEmpty = plan.allowsEmpty
        finished = plan.finished
        report = TaskReport(
            conversionFailures: Array(repeating: 0, count: plan.columnCount)
        )
        if case .published(let snapshot) = plan.source {
            state = .done(snapshot)
        } else {
            state = .waiting
        }
    }

    /// Adds a task whose result is durable already.
    mutating func append(_ result: FinishedTasks.Result) {
        tasks.append(Task(finished: result))
        doneTasks += 1
        attempts += 1
        cutBytes += Int64(result.chunk.sizeBytes)
        report.add(result.report)
    }

    /// Whether every task is known and durable.
    var isComplete: Bool { state == .read && doneTasks == tasks.count }

    package var runningTasks: Int {
        state.isEnded ? 0 : tasks.count - doneTasks - ready.count
    }
}

/// One task: the work on one chunk.
package struct Task: Sendable {
    package enum State: Sendable, Equatable {
        case ready
        case leased(AttemptID)
        /// The result has arrived and is being made durable.
        case returned(AttemptID)
        case done
    }

    package internal(set) var state: State = .ready
    /// Failures that count against the task.
    package internal(set) var failures = 0
    /// Workers that were lost while this task ran on them.
    package internal(set) var workersLost = 0
    package let chunk: ChunkSummary
    /// What the returned attempt reported; counted once the result is durable.
    var report = TaskReport()

    init(chunk: ChunkSummary) { self.chunk = chunk }

    /// A task that an earlier coordinator saw finished.
    init(finished: FinishedTasks.Result) {
        chunk = finished.chunk
        state = .done
    }
}

/// A first-in first-out queue of task indexes whose front takes back what must be done again.
struct TaskQueue: Sendable {
    private var again: [Int] = []
    private var fresh: [Int] = []
    private var freshStart = 0

    var count: Int { again.count + fresh.count - freshStart }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ index: Int) { fresh.append(index) }

    /// Puts a task back that was leased before; the oldest chunk among such comes first.
    mutating func putBack(_ index: Int) {
        again.append(index)
        again.sort(by: >)
    }

    mutating func popFirst() -> Int? {
        if let index = again.popLast() { return index }
        guard freshStart < fresh.count else { return nil }
        defer {
            freshStart += 1
            // Half of the array is behind us: cheap to cut off, and memory stays bounded.
            if freshStart > 1024, freshStart * 2 > fresh.count {
                fresh.removeFirst(freshStart)
                freshStart = 0
            }
        }
        return fresh[freshStart]
    }

    mutating func removeAll() { self = TaskQueue() }
}
