package import Base

/// Something that happened, told to the scheduler by the shell around it.
package enum Event: Sendable, Equatable {
    // Jobs
    case submitted(JobPlan)
    case cancelRequested(JobID)
    // The input of a step
    case inputOpened(StepID)
    /// `readBytes`: compressed bytes of the input that were read by the chunk's end.
    case chunkCut(StepID, ChunkSummary, readBytes: Int64 = 0)
    /// Every byte of the input was read and verified; `lines` data lines in all.
    case inputEnded(StepID)
    case inputFailed(StepID, reason: String)
    /// What was handed out of the input so far may not be what its files hold.
    case inputDistrusted(StepID, reason: String)
    /// The tasks that merge what the step's tasks have sorted; answers `planMerge`.
    case mergePlanned(StepID, [ChunkSummary])
    case mergeFailed(StepID, reason: String)
    /// The input was read to its end, and is damaged in this way, or is not.
    case damageSearched(StepID, damage: String?)
    /// The input is what the table was loaded from the last time: there is nothing to do.
    case inputUnchanged(StepID)
    /// What a step that has not begun will read turns out to have this size.
    case inputSized(StepID, sizeBytes: Int64)
    // Actions
    case performed(StepID, attempt: Int, isChanged: Bool)
    case performFailed(StepID, attempt: Int, reason: String)
    // Workers
    case workerJoined(WorkerID, PoolID, slots: Int, wasLaunched: Bool)
    case workerHeard(WorkerID)
    case workerClosed(WorkerID, WorkerLoss)
    /// A process that the pool started ended before it joined.
    case launchFailed(PoolID, reason: String)
    case drainRequested(WorkerID)
    case scaleRequested(PoolID, workers: Int)
    /// So many workers of the pool are claimed by clients, whatever else sets its size.
    case claimed(PoolID, workers: Int)
    /// Workers of the pool that leave are not waited for any longer.
    case leaversReleased(PoolID)
    // Attempts
    case resultArrived(AttemptID, TaskReport)
    case resultStored(AttemptID)
    /// Of a full disk the task is not at fault: it is done again when there is room.
    case storeFailed(AttemptID, reason: String, isDiskFull: Bool = false)
    /// Tasks without data ended well; answered by `storeFinished`.
    case syntheticFinished([AttemptID])
    /// The ends of tasks without data are durable.
    case finishedStored([AttemptID])
    case attemptFailed(AttemptID, FailureClass, reason: String)
    // Publication
    case published(StepID, SnapshotID)
    case publishFailed(StepID, reason: String, isDiskFull: Bool = false)
    // The coordinator's machine
    /// Free space fell below the reserve, for this reason, or is enough again.
    case spaceChanged(shortage: String?)
    /// Time passed; deadlines are looked at.
    case tick
    /// The coordinator itself stood still for so long, and could hear nobody.
    case stoodStill(Duration)
}

/// A job as it is submitted.
package struct JobPlan: Sendable, Equatable {
    package var id: JobID
    package var name: String
    package var steps: [StepPlan]
    /// The only pool to use, when the user named one.
    package var pool: PoolID?

    package init(id: JobID, name: String, steps: [StepPlan], pool: PoolID? = nil) {
        self.id = id
        self.name = name
        self.steps = steps
        self.pool = pool
    }
}

/// One step of a job as it is submitted.
package struct StepPlan: Sendable, Equatable {
    /// Where the step's tasks come from.
    package enum Source: Sendable, Equatable {
        /// Chunks of an input of this many (compressed) bytes.
        case input(sizeBytes: Int64)
        /// So many tasks without data.
        case synthetic(tasks: Int)
        /// Nothing for workers: the coordinator does it itself.
        case action
        /// Nothing is left to do: published before a restart.
        case published(SnapshotID)
    }

    package var source: Source
    package var columnCount: Int
    package var rejectLimits: RejectLimits
    /// Whether an input without any row is fine.
    package var allowsEmpty: Bool
    /// What an earlier coordinator left of the step.
    package var finished: FinishedTasks
    package var rules: StepRules
    /// Whether what its tasks make of the chunks is merged by more tasks.
    package var isMerged: Bool

    package init(
        source: Source,
        columnCount: Int = 0,
        rejectLimits: RejectLimits = RejectLimits(),
        allowsEmpty: Bool = false,
        finished: FinishedTasks = FinishedTasks(),
        rules: StepRules = StepRules(),
        isMerged: Bool = false
    ) {
        self.source = source
        self.columnCount = columnCount
        self.rejectLimits = rejectLimits
        self.allowsEmpty = allowsEmpty
        self.finished = finished
        self.rules = rules
        self.isMerged = isMerged
    }
}

/// What a finished attempt reports about its chunk.
package struct TaskReport: Sendable, Equatable {
    package var lines: Int64
    package var rows: Int64
    package var rejected: Int64
    package var conversionFailures: [Int64]
    package var sizeBytes: Int64

    package init(
        lines: Int64 = 0,
        rows: Int64 = 0,
        rejected: Int64 = 0,
        conversionFailures: [Int64] = [],
        sizeBytes: Int64 = 0
    ) {
        self.lines = lines
        self.rows = rows
        self.rejected = rejected
        self.conversionFailures = conversionFailures
        self.sizeBytes = sizeBytes
    }

    mutating func add(_ other: TaskReport) {
        lines += other.lines
        rows += other.rows
        rejected += other.rejected
        sizeBytes += other.sizeBytes
        for (index, count) in other.conversionFailures.enumerated()
        where conversionFailures.indices.contains(index) {
            conversionFailures[index] += count
        }
    }
}
