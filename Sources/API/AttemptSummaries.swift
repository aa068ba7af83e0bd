/// How an attempt ended.
package enum AttemptOutcome: String, Codable, Sendable, CaseIterable {
    /// Its result counts.
    case finished = "FINISHED"
    /// Its worker reported a failure, or something that cannot be.
    case failed = "FAILED"
    /// Its worker was lost.
    case lost = "LOST"
    /// It took too long.
    case overdue = "OVERDUE"
    /// It was called off.
    case revoked = "REVOKED"
    /// Its result could not be stored.
    case notStored = "NOT_STORED"

    /// As it stands behind a number of attempts.
    package var word: String { rawValue.lowercased().replacing("_", with: " ") }
}

/// An attempt that has ended, and why.
package struct AttemptSummary: Codable, Equatable, Sendable {
    package var attempt: String
    /// The step's place in the job as it was declared.
    package var step: Int
    package var chunk: Int
    package var worker: String
    package var host: String
    package var pid: Int
    package var outcome: AttemptOutcome
    /// The outcome in words: the signal that killed the worker, the reason of the failure.
    package var cause: String
    /// RFC 3339.
    package var started: String
    package var ended: String

    package init(
        attempt: String,
        step: Int,
        chunk: Int,
        worker: String,
        host: String,
        pid: Int,
        outcome: AttemptOutcome,
        cause: String,
        started: String,
        ended: String
    ) {
        self.attempt = attempt
        self.step = step
        self.chunk = chunk
        self.worker = worker
        self.host = host
        self.pid = pid
        self.outcome = outcome
        self.cause = cause
        self.started = started
        self.ended = ended
    }
}

/// The attempts of a job that have ended.
package struct AttemptsDetail: Codable, Equatable, Sendable {
    /// How many ended in each way; ways in which none did are left out.
    package var counts: [String: Int]
    /// The newest of those that did not finish, the newest last.
    package var troubles: [AttemptSummary]

    package init(counts: [String: Int] = [:], troubles: [AttemptSummary] = []) {
        self.counts = counts
        self.troubles = troubles
    }
}

/// The attempts of a job as they are kept: those that did not finish, and the newest that did.
package struct AttemptList: Codable, Equatable, Sendable {
    package var attempts: [AttemptSummary]

    package init(attempts: [AttemptSummary]) { self.attempts = attempts }
}
