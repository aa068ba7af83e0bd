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
    /// Compressed bytes read so far.
    var readBytes: Int64 = 0

    /// Tasks that may be leased, in chunk order but for those that were leased before.
    var ready = TaskQueue()
    /// Results of an earlier coordinator whose chunks were not cut again yet.
    var finished: FinishedTasks
    /// Tasks that wait a moment before they are tried again.
    var postponedTasks = 0
    /// Chunks asked for and not cut yet.
    var cutsUnderWay = 0
    /// Leases of chunks in the order in which they were given; those that ended go when they are first.
    var leases = LeaseLog()
    /// How long the finished attempts took, from lease to result.
    var durations = DurationHistogram()

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
        state.isEnded ? 0 : tasks.count - doneTasks - ready.count - postponedTasks
    }
}
