import Base
import Scheduling

/// What the coordinator does itself for the jobs of a random walk.
extension RandomWalk {
    mutating func answerAction(fails: Bool) {
        guard let ended = actions.end(using: &random) else { return }
        let isChanged = Bool.random(using: &random)
        send(
            fails
                ? .performFailed(ended.step, attempt: ended.attempt, reason: "no route")
                : .performed(ended.step, attempt: ended.attempt, isChanged: isChanged)
        )
    }

    mutating func answerActionLate() {
        guard let late = actions.over.randomElement(using: &random) else { return }
        send(
            Bool.random(using: &random)
                ? .performFailed(late.step, attempt: late.attempt, reason: "too late")
                : .performed(late.step, attempt: late.attempt, isChanged: true)
        )
        expect(answers.last == [], "the late answer of step \(late.step) counted")
    }

    /// An action may tell how large an input is that comes after it.
    mutating func resize() {
        let steps = openJobs.sorted { $0.id < $1.id }.flatMap(\.steps)
        guard let step = steps.randomElement(using: &random) else { return }
        send(.inputSized(step.id, sizeBytes: Int64.random(in: 0...2000, using: &random)))
    }
}
