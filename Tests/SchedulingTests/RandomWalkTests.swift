import Base
import Scheduling
import Testing

@Suite("Seeded random walks through everything that can happen")
struct RandomWalkTests {
    private static let seeds = UInt64(0)..<200
    private static let events = 250
    /// Longer than the cool-down, the time that a pool stays after a job, and the latest start.
    private static let rest = Duration.seconds(200)

    @Test("no order of events breaks an invariant, and when faults stop every job ends")
    func walks() {
        var outcomes: [String: Int] = [:]
        for seed in Self.seeds {
            var walk = RandomWalk(seed: seed)
            for _ in 0..<Self.events { walk.step() }
            var rounds = 0
            while !walk.openJobs.isEmpty, rounds < 5000 {
                walk.settle()
                rounds += 1
            }
            #expect(walk.complaints.isEmpty, "seed \(seed)")
            #expect(walk.openJobs.map(\.id) == [], "seed \(seed)")
            #expect(walk.unexplained.isEmpty, "seed \(seed)")
            walk.rest(for: Self.rest)
            #expect(walk.surplus == [], "seed \(seed)")
            for outcome in walk.outcomes { outcomes[outcome.kind, default: 0] += 1 }
        }
        // A walk in which all jobs end the same way would show little.
        #expect(Set(outcomes.keys) == ["done", "failed", "cancelled"])
        #expect(outcomes.values.allSatisfy { $0 > 50 }, "\(outcomes)")
    }

    @Test("the same events give the same commands", arguments: seeds.prefix(20))
    func determinism(seed: UInt64) {
        var walk = RandomWalk(seed: seed)
        for _ in 0..<Self.events { walk.step() }
        var again = Scheduler(settings: walk.settings, at: SchedulerFixture.start)
        for (index, entry) in walk.trace.enumerated() {
            if let forgotten = entry.forgotten { again.forget(forgotten) }
            let commands = again.handle(entry.event, at: entry.time)
            #expect(commands == walk.answers[index], "event \(index): \(entry.event)")
        }
    }
}

extension JobOutcome {
    fileprivate var kind: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .cancelled: "cancelled"
        }
    }
}
