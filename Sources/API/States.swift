/// The states of a job and of its steps; the words are Dataproc's.
package enum JobState: String, Codable, Sendable, CaseIterable {
    case pending = "PENDING"
    case running = "RUNNING"
    case done = "DONE"
    case error = "ERROR"
    case cancelled = "CANCELLED"
    /// Steps only: the workflow had no reason to do it.
    case skipped = "SKIPPED"

    /// Whether nothing changes any more.
    package var isEnded: Bool { self != .pending && self != .running }
}

/// The states of a worker.
package enum WorkerState: String, Codable, Sendable, CaseIterable {
    case starting = "STARTING"
    case ready = "READY"
    case suspect = "SUSPECT"
    case draining = "DRAINING"
    case lost = "LOST"
    case stopped = "STOPPED"
}

/// The states of a pool.
package enum PoolState: String, Codable, Sendable, CaseIterable {
    case empty = "EMPTY"
    case acquiring = "ACQUIRING"
    case active = "ACTIVE"
    case ready = "READY"
    case exhausted = "EXHAUSTED"
    case draining = "DRAINING"
}

/// The states of a join token.
package enum TokenState: String, Codable, Sendable, CaseIterable {
    case waiting = "WAITING"
    case used = "USED"
    case expired = "EXPIRED"
}
