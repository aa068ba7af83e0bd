import API
import Base
import Scheduling

/// What a coordinator has done since it started: counters that only grow.
struct WorkTally {
    private(set) var jobs: [JobState: Int64] = [:]
    private(set) var attempts: [AttemptOutcome: Int64] = [:]
    /// Of all tasks whose results became durable.
    private(set) var lines: Int64 = 0
    private(set) var rows: Int64 = 0
    private(set) var rejected: Int64 = 0
    private(set) var unconvertedFields: Int64 = 0
    /// Text that went into those tasks.
    private(set) var textBytes: Int64 = 0
    /// Encoded columns that came out of them.
    private(set) var resultBytes: Int64 = 0

    mutating func noteEnd(ofJob state: JobState) { jobs[state, default: 0] += 1 }

    mutating func noteEnd(ofAttempt outcome: AttemptOutcome) { attempts[outcome, default: 0] += 1 }

    /// Takes in a task whose result became durable; lines that are merged were counted when they
    /// were sorted.
    mutating func noteResult(of task: Task) {
        resultBytes += task.report.sizeBytes
        guard !task.chunk.isMerge else { return }
        lines += task.report.lines
        rows += task.report.rows
        rejected += task.report.rejected
        unconvertedFields += task.report.conversionFailures.reduce(0, +)
        textBytes += Int64(task.chunk.sizeBytes)
    }
}
