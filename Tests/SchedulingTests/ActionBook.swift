import Base
import Scheduling

/// The actions that a random walk was told to carry out, and what is wrong with those orders.
struct ActionBook {
    struct Try: Equatable {
        let step: StepID
        let attempt: Int
    }

    private(set) var underWay: [Try] = []
    /// Tries that were answered or abandoned: whatever else is said of them counts for nothing.
    private(set) var over: [Try] = []
    /// The last try of each step.
    private var attempts: [StepID: Int] = [:]

    /// Notes an order to do `step`; what is wrong with it.
    mutating func begin(_ step: StepID, attempt: Int, _ scheduler: Scheduler) -> [String] {
        var complaints: [String] = []
        func expect(_ holds: Bool, _ complaint: String) {
            if !holds { complaints.append("step \(step), try \(attempt): \(complaint)") }
        }
        let before = attempts.updateValue(attempt, forKey: step) ?? 0
        expect(attempt == before + 1, "comes after try \(before)")
        expect(!underWay.contains { $0.step == step }, "another try is under way")
        expect(underWay.count < SchedulingSettings.actions, "too many are under way")
        let rules = scheduler.step(step)?.rules ?? StepRules()
        expect(attempt <= rules.retries + 1, "only \(rules.retries) retries are allowed")
        let needs = rules.needs.compactMap { scheduler.step(StepID(job: step.job, index: $0)) }
        expect(needs.allSatisfy(\.state.isEnded), "begins before what it needs has ended")
        expect(!rules.onlyIfChanged || needs.contains(where: \.isChanged), "nothing has changed")
        underWay.append(Try(step: step, attempt: attempt))
        return complaints
    }

    /// Notes an order to stop; what is wrong with it.
    mutating func abandon(_ step: StepID) -> [String] {
        guard let index = underWay.firstIndex(where: { $0.step == step }) else {
            return ["step \(step) is abandoned and not under way"]
        }
        over.append(underWay.remove(at: index))
        return []
    }

    /// Takes out one that is under way, to be answered.
    mutating func end(using random: inout SeededGenerator) -> Try? {
        guard !underWay.isEmpty else { return nil }
        let ended = underWay.remove(at: Int.random(in: underWay.indices, using: &random))
        over.append(ended)
        return ended
    }
}
