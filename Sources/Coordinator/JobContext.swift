import API
import Base
import Columns
import Jobs
import Scheduling
import Transport

/// What the shell keeps of a job beside the scheduler: its record, declarations and timings.
///
/// Lives on the loop, from the submit until its end is recorded.
final class JobContext {
    let id: JobID
    var record: JobRecord
    /// In declared order, as `StepID.index` counts.
    let steps: [StepContext]
    let log: JobLog
    /// Whether somebody who watches has not been told of the last change.
    var hasNews = false
    /// By the stream they are told through.
    var watchers: [ObjectIdentifier: JobWatcher] = [:]
    /// Set while the job's end waits to be recorded once more.
    var retry: Timer?

    init(record: JobRecord, steps: [StepContext], log: JobLog) {
        id = record.id
        self.record = record
        self.steps = steps
        self.log = log
    }
}

/// One step's declaration, input and results.
final class StepContext {
    let id: StepID
    let declaration: ResolvedJob
    /// Files to read, in order; empty for a step without input.
    let files: [String]
    let inputBytes: Int64
    var inputReadBytes: Int64 = 0
    /// Durable results by task.
    var results: [Int: StoredResult] = [:]
    var started: WallTime?
    var ended: WallTime?
    /// How the step ended before a restart.
    var restored: StepStatus?

    init(id: StepID, declaration: ResolvedJob, files: [String], inputBytes: Int64) {
        self.id = id
        self.declaration = declaration
        self.files = files
        self.inputBytes = inputBytes
    }

    /// The declaration of a step that loads a table.
    var table: JobDeclaration? {
        declaration.table
    }

    var name: String { declaration.name }
}

/// Somebody who is told of a job's changes.
struct JobWatcher {
    var notify: (JobStatus) -> Void
    var end: () -> Void
}
