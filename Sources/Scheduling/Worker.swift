package import Base

/// A worker process as the scheduler knows it.
package struct Worker: Sendable {
    package enum State: Sendable, Equatable { case ready, suspect, draining }

    package let id: WorkerID
    package let pool: PoolID
    package let slots: Int
    package internal(set) var state: State = .ready
    /// Running attempts, oldest first.
    package internal(set) var running: [AttemptID] = []
    package internal(set) var finishedAttempts = 0
    var lastHeard: Instant

    /// Whether new work may go to it.
    var isHealthy: Bool { state == .ready }

    /// Chunks it may hold: one a slot, and one more that waits so that no slot does.
    var leaseLimit: Int { slots + 1 }
}

/// One try of a task on one worker.
struct Attempt: Sendable {
    let task: TaskID
    let worker: WorkerID
    let leased: Instant
}

/// How many attempts without data one worker may hold; they travel in batches.
let syntheticLeaseLimit = 256
