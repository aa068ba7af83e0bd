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
    /// Indexes into `steps`: what a step needs before it, then the smallest input first.
    package private(set) var order: [Int]
    package internal(set) var state: State = .pending
    package internal(set) var pool: PoolID?
    /// Why the job does not get on, once it runs; nil when it does.
    var waitingReason: String?

    /// Running jobs are numbered in the order in which they were started.
    var startNumber = 0
    /// Since when its pool lacks healthy workers.
    var poolMissingSince: Instant?

    init(plan: JobPlan) {
        id = plan.id
        name = plan.name
        requestedPool = plan.pool
        steps = plan.steps.enumerated().map { index, step in
            Step(id: StepID(job: plan.id, index: index), plan: step)
        }
        order = Self.order(of: steps)
    }

    package var isEnded: Bool {
        if case .ended = state { true } else { false }
    }

    private static func order(of steps: [Step]) -> [Int] {
        order(steps.map { (needs: $0.rules.needs, sizeBytes: $0.source.sizeBytes) })
    }

    /// The order in which the steps of a plan are done.
    package static func order(of steps: [StepPlan]) -> [Int] {
        order(steps.map { (needs: $0.rules.needs, sizeBytes: $0.source.sizeBytes) })
    }

    /// Those that need nothing come first, then those that only need these, and so on.
    private static func order(_ steps: [(needs: [Int], sizeBytes: Int64)]) -> [Int] {
        var depths: [Int] = []
        for (index, step) in steps.enumerated() {
            let isInOrder = step.needs.allSatisfy { $0 < index }
            precondition(isInOrder, "a step needs one that comes later")
            depths.append(step.needs.map { depths[$0] + 1 }.max() ?? 0)
        }
        return steps.indices.sorted {
            (depths[$0], steps[$0].sizeBytes, $0) < (depths[$1], steps[$1].sizeBytes, $1)
        }
    }

    /// Whether the step has not begun, and all that it needs has ended.
    func mayBegin(_ index: Int) -> Bool {
        steps[index].state == .waiting
            && steps[index].rules.needs.allSatisfy { steps[$0].state.isEnded }
    }

    /// Whether a step that this one needs has changed anything.
    func isChanged(before index: Int) -> Bool {
        steps[index].rules.needs.contains { steps[$0].isChanged }
    }

    /// Whether a step could read its input now, or does.
    var wantsReader: Bool {
        steps.indices.contains { index in
            guard steps[index].source.isInput else { return false }
            return switch steps[index].state {
            case .waiting: mayBegin(index)
            case .opening, .reading: true
            default: false
            }
        }
    }

    /// Whether there is work for workers in it.
    var needsWorkers: Bool { steps.contains { $0.source != .action } }

    /// The first step, in order, that could read its input and does not yet.
    var nextWaitingStep: Int? { order.first { steps[$0].source.isInput && mayBegin($0) } }

    /// The first step with tasks, in order, that has not ended: the only one that may publish.
    var firstOpenStep: Int? {
        order.first { !steps[$0].state.isEnded && steps[$0].source != .action }
    }

    /// Whether its first open step is complete and not being published.
    var waitsToPublish: Bool {
        state == .running && firstOpenStep.map { steps[$0].isComplete } ?? false
    }

    /// Notes how large an input is that was not known before.
    mutating func resize(_ index: Int, _ sizeBytes: Int64) {
        steps[index].source = .input(sizeBytes: sizeBytes)
        order = Self.order(of: steps)
    }

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
