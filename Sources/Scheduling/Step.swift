package import Base

/// One step of a job: the load of one table, made of one task a chunk, or an action of the
/// coordinator.
///
/// ```
/// waiting ─▶ opening ─▶ reading ─▶ read ─▶ publishing ─▶ done
///    │          └──────────┴────────┴──────────┴───▶ failed, cancelled
///    │◀────────────────────┴────────┘ once, where the input was not what it was read as
///    ├─▶ skipped          └──▶ skipped: the input is what was loaded before
///    └─▶ performing ─▶ done, failed, cancelled; waiting, to be tried again
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
        /// The coordinator is at it itself.
        case performing
        case done(SnapshotID?)
        /// There was no reason to do it.
        case skipped
        case failed(reason: String)
        case cancelled

        package var isEnded: Bool {
            switch self {
            case .done, .skipped, .failed, .cancelled: true
            case .waiting, .opening, .reading, .read, .publishing, .performing: false
            }
        }
    }

    /// The second stage of a step whose rows are sorted.
    ///
    /// Its tasks stand behind those of the chunks, and appear when all of these are durable.
    package enum Merge: Sendable, Equatable {
        case none
        /// Not before the input was read and all of its tasks are durable.
        case waiting
        case planning
        /// The tasks from this index on merge.
        case planned(from: Int)
    }

    package let id: StepID
    package internal(set) var source: StepPlan.Source
    package let rules: StepRules
    package let rejectLimits: RejectLimits
    package let allowsEmpty: Bool
    package internal(set) var state: State
    package internal(set) var tasks: [Task] = []
    package internal(set) var doneTasks = 0
    package internal(set) var attempts = 0
    /// Sums over the finished tasks.
    package internal(set) var report: TaskReport
    /// Whether the step changed anything, once it has ended.
    package internal(set) var isChanged = false
    /// Since when the load, or this try of the action, is under way.
    var begun: Instant?
    /// When an action that failed may be tried again.
    var retryAfter: Instant?
    /// Why all that was done before was forgotten, and the input is read from its files alone.
    package private(set) var begunAnew: String?
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
    /// How far the merging of what the tasks have sorted is.
    package internal(set) var merge: Merge
    /// Chunks asked for and not cut yet.
    var cutsUnderWay = 0
    /// Leases of chunks in the order in which they were given; those that ended go when they are first.
    var leases = FrontQueue<AttemptID>()
    /// How long the finished attempts took, from lease to result.
    var durations = DurationHistogram()

    init(id: StepID, plan: StepPlan) {
        self.id = id
        source = plan.source
        rules = plan.rules
        rejectLimits = plan.rejectLimits
        allowsEmpty = plan.allowsEmpty
        finished = plan.finished
        merge = plan.isMerged ? .waiting : .none
        report = Self.emptyReport(columnCount: plan.columnCount)
        if case .published(let snapshot) = plan.source {
            state = .done(snapshot)
            isChanged = true
        } else {
            state = .waiting
        }
    }

    /// Adds a task of a chunk whose result is durable already.
    mutating func append(_ result: FinishedTasks.Result) {
        tasks.append(Task(finished: result))
        doneTasks += 1
        attempts += 1
        cutBytes += Int64(result.chunk.sizeBytes)
        report.add(result.report)
    }

    /// Whether no split index is believed.
    package var isReadAnew: Bool { begunAnew != nil }

    /// Forgets all tasks and what came of them.
    mutating func beginAnew(reason: String) {
        begunAnew = reason
        state = .waiting
        if merge != .none { merge = .waiting }
        tasks = []
        ready.removeAll()
        finished = FinishedTasks()
        leases = FrontQueue()
        (doneTasks, postponedTasks, cutsUnderWay) = (0, 0, 0)
        (cutBytes, readBytes) = (0, 0)
        report = Self.emptyReport(columnCount: report.conversionFailures.count)
    }

    private static func emptyReport(columnCount: Int) -> TaskReport {
        TaskReport(conversionFailures: Array(repeating: 0, count: columnCount))
    }

    /// Adds the tasks that merge; those that an earlier coordinator saw finished are done.
    ///
    /// Rows and rejected lines were counted with the chunks.
    mutating func appendMerge(_ chunks: [ChunkSummary]) {
        merge = .planned(from: tasks.count)
        for chunk in chunks {
            let index = tasks.count
            if let result = finished.merged[index], result.chunk == chunk {
                tasks.append(Task(finished: result))
                doneTasks += 1
                attempts += 1
                report.sizeBytes += result.report.sizeBytes
            } else {
                tasks.append(Task(chunk: chunk))
                ready.append(index)
            }
        }
        finished.merged = [:]
    }

    /// Whether all that is known to do is durable, and the merging has to be planned.
    var waitsForMerge: Bool { hasNoOpenTask && merge == .waiting }

    /// Whether every task is known and durable.
    var isComplete: Bool { hasNoOpenTask && isMergePlanned }

    /// Whether the tasks that merge are known, or there are none.
    var isMergePlanned: Bool {
        switch merge {
        case .none, .planned: true
        case .waiting, .planning: false
        }
    }

    private var hasNoOpenTask: Bool { state == .read && doneTasks == tasks.count }

    package var runningTasks: Int {
        state.isEnded ? 0 : tasks.count - doneTasks - ready.count - postponedTasks
    }
}
