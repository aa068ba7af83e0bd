package import Base

/// A worker process as the scheduler knows it.
package struct Worker: Sendable {
    package enum State: Sendable, Equatable {
        case ready
        /// Nothing was heard of it for a while.
        case suspect
        /// Failed too much; it may try again after this.
        case setAside(until: Instant)
        case draining
    }

    package let id: WorkerID
    package let pool: PoolID
    /// The pool's place in the order of pools.
    let poolIndex: Int
    package let slots: Int
    package internal(set) var state: State = .ready
    /// Why it gets no work; nil when it does.
    package internal(set) var reason: String?
    /// Running attempts, oldest first.
    package internal(set) var running: [AttemptID] = []
    /// Whether it runs a task that may take it down, and is given nothing beside that.
    var isReserved = false
    package internal(set) var finishedAttempts = 0
    var lastHeard: Instant
    var health = WorkerHealth()

    init(id: WorkerID, pool: PoolID, poolIndex: Int, slots: Int, lastHeard: Instant) {
        self.id = id
        self.pool = pool
        self.poolIndex = poolIndex
        self.slots = slots
        self.lastHeard = lastHeard
    }

    /// Before this neither its silence nor its pause is over.
    func nextCheck(_ settings: SchedulingSettings) -> Instant {
        switch state {
        case .ready: lastHeard + settings.suspectAfter
        case .suspect, .draining: lastHeard + settings.lostAfter
        case .setAside(let until): min(until, lastHeard + settings.lostAfter)
        }
    }

    /// Whether new work may go to it.
    var isHealthy: Bool { state == .ready }

    /// Chunks it may hold: one a slot, and one more that waits so that no slot does.
    var leaseLimit: Int { slots + 1 }

    /// What pools queue it by: below 0 a slot is free, at 1 it holds all chunks it may.
    var load: Int { max(running.count - slots, isReserved ? 1 : Int.min) }
}

/// One try of a task on one worker.
struct Attempt: Sendable {
    let task: TaskID
    let worker: WorkerID
    let leased: Instant
    /// Whether its result has arrived and waits for the disk.
    var hasReturned = false
}

/// How many attempts without data one worker may hold; they travel in batches.
let syntheticLeaseLimit = 256
