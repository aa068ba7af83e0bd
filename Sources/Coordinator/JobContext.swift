import API
import Base
import Columns
import Jobs
import Scheduling
import Spool
import Storage
import Transport
import Wire

/// What the shell keeps of a job beside the scheduler: its record, declarations and timings.
///
/// Lives on the loop, from the submit until its end is recorded.
final class JobContext {
    let id: JobID
    var record: JobRecord
    /// In declared order, as `StepID.index` counts.
    let steps: [StepContext]
    let log: JobLog
    /// Its attempts that have ended.
    var history = AttemptHistory()
    var course = CourseRecorder()
    /// Whether somebody who watches has not been told of the last change.
    var hasNews = false
    /// By the stream they are told through.
    var watchers: [ObjectIdentifier: JobWatcher] = [:]
    /// Who waits until the job's end is durable.
    var endWaiters: [() -> Void] = []
    /// Set while the job's end waits to be recorded once more.
    var retry: Timer?

    init(record: JobRecord, steps: [StepContext], log: JobLog) {
        id = record.id
        self.record = record
        self.steps = steps
        self.log = log
    }

    /// Notes in log and course what was decided, and why.
    func write(_ decision: String) {
        log.write(decision)
        course.note(decision, at: EventLoop.wallTime())
    }
}

/// One step's declaration, input and results.
final class StepContext {
    let id: StepID
    let declaration: ResolvedJob
    /// Files to read, in order; empty for a step without input.
    let files: [String]
    var inputBytes: Int64
    var inputReadBytes: Int64 = 0
    /// Durable results by task.
    var results: [Int: StoredResult] = [:]
    /// What merges the sorted rows, once that is planned.
    var merge: PlannedMerge?
    var started: WallTime?
    var ended: WallTime?
    /// How the step ended before a restart.
    var restored: StepStatus?
    /// The files that are being read, for who asks later whether they have changed.
    var readFiles: [LoadedInput.File] = []
    /// What an earlier coordinator's spool file began with, where it goes on with it.
    var recovered: SpoolHeader?

    init(id: StepID, declaration: ResolvedJob, files: [String], inputBytes: Int64) {
        self.id = id
        self.declaration = declaration
        self.files = files
        self.inputBytes = inputBytes
    }

    /// Tells whether results of an earlier coordinator are of the same declaration.
    var declarationHash: [UInt8] {
        switch declaration.work {
        case .table(let job):
            Digest.sha256(CoordinatorMessage.declare(id, job.transform).encoded)
        case .selftest(let test):
            Digest.sha256(Array("selftest of \(test.tasks) tasks".utf8))
        case .action(let action):
            Digest.sha256(Array("action \(action.name)".utf8))
        }
    }

    /// The declaration of a step that loads a table.
    var table: JobDeclaration? {
        declaration.table
    }

    /// Takes down what the bytes of the files were.
    func note(_ checksums: [UInt32?]) {
        for (index, checksum) in checksums.enumerated() where readFiles.indices.contains(index) {
            readFiles[index].crc32 = checksum
        }
    }

    /// What the step's table is loaded from.
    var loadedInput: LoadedInput? {
        guard let job = table else { return nil }
        let files = readFiles.isEmpty ? recovered?.files.map { .init($0, crc32: nil) } : readFiles
        return files.map { LoadedInput(jobFile: LoadedInput.jobFile(of: job), files: $0) }
    }

    /// Whether an input that was loaded already is not loaded again.
    var isLoadedIfChanged: Bool { declaration.rules.onlyIfChanged }

    /// Whether the step's tasks have no data.
    var isSelftest: Bool {
        if case .selftest = declaration.work { true } else { false }
    }

    /// What the step does, in a word.
    var kind: String {
        switch declaration.work {
        case .table: "load"
        case .selftest: "selftest"
        case .action(let action): action.kind
        }
    }

    /// What the step fills: a table, or, for scripts that tell steps apart by it, itself.
    var tableName: String? {
        if case .action(let action) = declaration.work { return action.name }
        return table?.table
    }

    var name: String { declaration.name }
}

/// Somebody who is told of a job's changes.
struct JobWatcher {
    var notify: (JobStatus) -> Void
    var end: () -> Void
}
