import API
import Base
import Scheduling

/// An attempt that has ended, with what people want to know of its worker.
struct EndedAttempt: Sendable {
    let record: AttemptRecord
    let host: String
    let processID: Int32
    let ended: WallTime

    var started: WallTime { ended - (record.ended - record.started) }
}

/// What is to be written to the job store of a job's attempts.
struct AttemptBatch: Sendable {
    let job: JobID
    /// Attempts that ended since the last batch, by outcome.
    var counts: [AttemptOutcome: Int] = [:]
    var attempts: [EndedAttempt] = []
}

/// The attempts of one job that have ended: counted all, kept some, and the newest waiting to be
/// written to the job store.
///
/// A value; lives on the loop. Thousands of small tasks a second end here, so one that finished
/// costs no more than a place in an array.
struct AttemptHistory {
    /// Attempts that did not finish, kept of a job: enough to see every pattern, and 300 KiB.
    static let keptTroubles = 1000
    /// Attempts that finished, kept of a job.
    static let keptFinished = 100
    /// Attempts that did not finish, shown with a job's status: a status is sent five times a second.
    static let shownTroubles = 20

    private(set) var counts: [AttemptOutcome: Int] = [:]
    private var troubles: [AttemptSummary] = []
    private var unsavedCounts: [AttemptOutcome: Int] = [:]
    private var unsavedTroubles: [EndedAttempt] = []
    private var unsavedFinished: [EndedAttempt] = []

    var hasUnsaved: Bool { !unsavedCounts.isEmpty }

    mutating func note(_ attempt: EndedAttempt) {
        let outcome = attempt.record.cause.outcome
        counts[outcome, default: 0] += 1
        unsavedCounts[outcome, default: 0] += 1
        if outcome == .finished {
            unsavedFinished.append(attempt, keepingLast: Self.keptFinished)
        } else {
            unsavedTroubles.append(attempt, keepingLast: Self.keptTroubles)
            troubles.append(AttemptSummary(attempt), keepingLast: Self.shownTroubles)
        }
    }

    /// Hands out what is to be written.
    mutating func takeUnsaved(of job: JobID) -> AttemptBatch {
        defer {
            unsavedCounts = [:]
            unsavedTroubles = []
            unsavedFinished = []
        }
        return AttemptBatch(
            job: job,
            counts: unsavedCounts,
            attempts: unsavedFinished.suffix(Self.keptFinished)
                + unsavedTroubles.suffix(Self.keptTroubles)
        )
    }

    /// Takes back what could not be written.
    mutating func putBack(_ batch: AttemptBatch) {
        unsavedCounts.merge(batch.counts, uniquingKeysWith: +)
        let finished = batch.attempts.filter { $0.record.cause.outcome == .finished }
        let troubles = batch.attempts.filter { $0.record.cause.outcome != .finished }
        unsavedFinished.insert(contentsOf: finished, at: 0)
        unsavedTroubles.insert(contentsOf: troubles, at: 0)
    }

    /// Adds what an earlier coordinator wrote.
    mutating func restore(_ counts: [AttemptOutcome: Int], _ troubles: [AttemptSummary]) {
        self.counts.merge(counts, uniquingKeysWith: +)
        self.troubles = (troubles + self.troubles).suffix(Self.shownTroubles)
    }

    var detail: AttemptsDetail {
        AttemptsDetail(
            counts: Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) }),
            troubles: troubles.suffix(Self.shownTroubles)
        )
    }
}

extension Array {
    /// Appends, and cuts the front off now and then: at most twice `limit` stay, for little work.
    fileprivate mutating func append(_ element: Element, keepingLast limit: Int) {
        append(element)
        if count >= 2 * limit { removeFirst(count - limit) }
    }
}

extension AttemptCause {
    var outcome: AttemptOutcome {
        switch self {
        case .finished: .finished
        case .failed: .failed
        case .lost: .lost
        case .overdue: .overdue
        case .revoked: .revoked
        case .notStored: .notStored
        }
    }
}

extension AttemptSummary {
    init(_ attempt: EndedAttempt) {
        let record = attempt.record
        self.init(
            attempt: "\(record.attempt)",
            step: record.task.step.index,
            chunk: record.task.index,
            worker: "\(record.worker)",
            host: attempt.host,
            pid: Int(attempt.processID),
            outcome: record.cause.outcome,
            cause: "\(record.cause)",
            started: attempt.started.rfc3339,
            ended: attempt.ended.rfc3339
        )
    }
}
