package import Base

/// One task: the work on one chunk.
///
/// ```
///   ready ─▶ leased ─▶ returned ─▶ done
///     ▲        │           │
///     ├────────┴───────────┘   lost, revoked
///     └── postponed ◀──────┘   failed
/// ```
///
/// A task that takes much longer than others may be leased a second time beside the first: the
/// result that is durable first counts.
package struct Task: Sendable {
    package enum State: Sendable, Equatable {
        case ready
        /// Waits for a moment after a failure.
        case postponed
        case leased(AttemptID, speculative: AttemptID?)
        /// A result has arrived and is being made durable; another attempt may still run.
        case returned(AttemptID, other: AttemptID?)
        case done
    }

    package internal(set) var state: State = .ready
    /// Failures that count against the task.
    package internal(set) var failures = 0
    /// Workers that were lost while this task ran on them.
    package internal(set) var workersLost = 0
    package let chunk: ChunkSummary
    /// What the returned attempt reported; counted once the result is durable.
    package internal(set) var report = TaskReport()
    /// Where it failed last: another worker is to try it next, if there is one.
    var lastWorker: WorkerID?
    var wasSpeculated = false

    init(chunk: ChunkSummary) { self.chunk = chunk }

    /// A task that an earlier coordinator saw finished.
    init(finished: FinishedTasks.Result) {
        chunk = finished.chunk
        state = .done
    }
}

extension Task.State {
    /// The attempts that count, the one that has returned first.
    var attempts: [AttemptID] {
        switch self {
        case .leased(let first, let second), .returned(let first, let second):
            [first] + (second.map { [$0] } ?? [])
        case .ready, .postponed, .done: []
        }
    }

    /// Whether the attempt runs on a worker, its result not having arrived.
    func isRunning(_ attempt: AttemptID) -> Bool {
        switch self {
        case .leased(let first, let second): first == attempt || second == attempt
        case .returned(_, let other): other == attempt
        case .ready, .postponed, .done: false
        }
    }

    /// The state once an attempt has ended without effect; nil when no other one is left.
    func without(_ attempt: AttemptID) -> Task.State? {
        switch self {
        case .leased(attempt, speculative: let other?): .leased(other, speculative: nil)
        case .leased(let first, speculative: attempt): .leased(first, speculative: nil)
        case .returned(attempt, other: let other?): .leased(other, speculative: nil)
        case .returned(let first, other: attempt): .returned(first, other: nil)
        default: nil
        }
    }
}

/// A first-in first-out queue of task indexes whose front takes back what must be done again.
struct TaskQueue: Sendable {
    private var again = MinHeap<Int>()
    private var fresh = FrontQueue<Int>()

    var count: Int { again.count + fresh.count }
    var isEmpty: Bool { count == 0 }

    /// What ``popFirst()`` would return.
    var first: Int? { again.first ?? fresh.first }

    mutating func append(_ index: Int) { fresh.append(index) }

    /// Puts a task back that was leased before; the oldest chunk among such comes first.
    mutating func putBack(_ index: Int) { again.insert(index) }

    mutating func popFirst() -> Int? { again.popFirst() ?? fresh.popFirst() }

    mutating func removeAll() { self = TaskQueue() }
}
