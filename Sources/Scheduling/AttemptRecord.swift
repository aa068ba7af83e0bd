package import Base

/// An attempt that has ended, and why: what the history of a job is made of.
///
/// Every attempt that was leased ends with exactly one of these.
package struct AttemptRecord: Sendable, Equatable {
    package let attempt: AttemptID
    package let task: TaskID
    package let worker: WorkerID
    /// When it was leased.
    package let started: Instant
    package let ended: Instant
    package let cause: AttemptCause

    package init(
        attempt: AttemptID,
        task: TaskID,
        worker: WorkerID,
        started: Instant,
        ended: Instant,
        cause: AttemptCause
    ) {
        self.attempt = attempt
        self.task = task
        self.worker = worker
        self.started = started
        self.ended = ended
        self.cause = cause
    }
}

/// Why an attempt ended.
package enum AttemptCause: Sendable, Equatable, CustomStringConvertible {
    /// Its result is durable and counts.
    case finished
    /// Its worker reported a failure, or what it reported cannot be right.
    case failed(FailureClass, reason: String)
    /// Its worker is gone.
    case lost(WorkerLoss)
    /// Its worker lived and kept it for longer than this.
    case overdue(after: Duration)
    case revoked(Revocation)
    /// Its result arrived and could not be made durable.
    case notStored(reason: String)

    /// Why a running attempt was called off.
    package enum Revocation: Sendable, Equatable {
        /// Its job was cancelled or failed.
        case jobEnded
        /// Its job moved to another pool.
        case poolChanged
        /// Another attempt of its task returned a result first.
        case otherWasFirst
        /// Its chunk may not be what the input holds: the step begins anew.
        case inputDistrusted
    }

    /// As it stands in a job's log, after the attempt.
    package var description: String {
        switch self {
        case .finished: "finished"
        case .failed(_, let reason): "failed: \(reason)"
        case .lost(let loss): "lost with its worker: \(loss)"
        case .overdue(let time): "overdue: no result within \(Int(time.seconds)) s"
        case .revoked(.jobEnded): "revoked: the job has ended"
        case .revoked(.poolChanged): "revoked: the job goes on in another pool"
        case .revoked(.otherWasFirst): "revoked: another attempt was first"
        case .revoked(.inputDistrusted): "revoked: its step begins anew"
        case .notStored(let reason): "failed: the result could not be stored: \(reason)"
        }
    }
}

/// How a worker was lost.
package enum WorkerLoss: Sendable, Equatable, CustomStringConvertible {
    /// Its process ended; known of processes that the coordinator started.
    case exited(code: Int32)
    case killed(signal: Int32)
    /// Nothing was heard of it for so long.
    case silent(Duration)
    /// It lived and kept an attempt for too long.
    case overdue(AttemptID)
    /// Its connection ended.
    case disconnected(reason: String)

    package var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .killed(let signal): "signal \(signal)"
        case .silent(let time): "no heartbeat for \(Int(time.seconds)) s"
        case .overdue(let attempt): "attempt \(attempt) was overdue"
        case .disconnected(let reason): reason
        }
    }
}
