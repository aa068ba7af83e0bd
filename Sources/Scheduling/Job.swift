package import Base

/// A job in the scheduler: its steps, and the pool that works for it.
package struct Job: Sendable {
    package enum State: Sendable, Equatable {
        case pending
        case running
        case ended(JobOutcome)
    }

    package let id: JobID
    package let name: String
    package let requestedPool: PoolID?
    /// In declared order; `StepID.index` counts in it.
    package internal(set) var steps: [Step]
    /// Indexes into `steps`, the smallest input first.
    package let order: [Int]
    package internal(set) var state: State = .pending
    package internal(set) var pool: PoolID?
    /// Why the job does not get on; nil when it does.
    package internal(set) var waitingReason: String?

    let submitted: Instant
    /// Running jobs are numbered in the order in which they were started.
    var startNumber = 0
    /// Since when the job waits for any pool or, once it runs, its pool lacks healthy workers.
    var poolMissingSince: Instant?

    init(plan: JobPlan, at now: Instant) {
        id = plan.id
        name = plan.name
        requestedPool = plan.pool
        submitted = now
        steps = plan.steps.enumerated().map { index, step in
            Step(id: StepID(job: plan.id, index: index), plan: step)
        }
        order = plan.steps.indices.sorted {
            (plan.steps[$0].source.sizeBytes, $0) < (plan.steps[$1].source.sizeBytes, $1)
        }
    }

    package var isEnded: Bool {
        if case .ended = state { true } else { false }
    }

    /// The first step, in order, that has not begun.
    var nextWaitingStep: Int? { order.first { steps[$0].state == .waiting } }

    /// The first step, in order, that has not ended: the only one that may publish.
    var firstOpenStep: Int? { order.first { !steps[$0].state.isEnded } }

    /// Compressed bytes of all inputs; what jobs queue by.
    var inputSizeBytes: Int64 { steps.reduce(0) { $0 + $1.source.sizeBytes } }
}

extension StepPlan.Source {
    /// Whether the step reads files, be they empty or missing.
    var isInput: Bool {
        if case .input = self { true } else { false }
    }

    /// Compressed bytes of the input; 0 for other sources.
    package var sizeBytes: Int64 {
        if case .input(let size) = self { size } else { 0 }
    }
}
