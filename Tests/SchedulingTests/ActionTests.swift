import Base
import Scheduling
import Testing

@Suite("Steps of a workflow begin when what they need has ended")
struct ActionTests {
    /// Ingest two inputs, load them, and then one action more.
    private static let workflow: [StepPlan] = [
        .action(), .action(), .input(300, needs: [0]), .input(200, needs: [1]),
        .action(needs: [2, 3], onlyIfChanged: true),
    ]

    @Test("a job of actions alone needs no worker and no pool")
    func withoutWorkers() {
        var fixture = SchedulerFixture(SchedulingSettings(pools: [.static(zoneA)]))
        let commands = fixture.submit(1, [.action()])
        #expect(commands.first == .jobStarted(JobID(1), nil))
        #expect(commands.performed == [StepID(1, 0)])
        fixture.send(.performed(StepID(1, 0), attempt: 1, isChanged: true))
        #expect(fixture.outcome(1) == .done)
    }

    @Test("two actions are under way at a time, whatever the number of jobs")
    func twoAtATime() {
        var fixture = SchedulerFixture()
        #expect(fixture.submit(1, [.action(), .action(), .action()]).performed.count == 2)
        #expect(fixture.submit(2, [.action()]).performed.isEmpty)
        let next = fixture.send(.performed(StepID(1, 1), attempt: 1, isChanged: true))
        #expect(next.performed == [StepID(1, 2)])
    }

    @Test("a load begins when the action that it needs has ended, and reads in the order of sizes")
    func needs() {
        var fixture = SchedulerFixture()
        #expect(fixture.submit(1, Self.workflow).opened.isEmpty)
        #expect(
            fixture.send(.performed(StepID(1, 0), attempt: 1, isChanged: false)).opened == [
                StepID(1, 2)
            ]
        )
        #expect(fixture.job(1)?.order == [0, 1, 3, 2, 4])
        fixture.send(.inputSized(StepID(1, 3), sizeBytes: 400))
        #expect(fixture.job(1)?.order == [0, 1, 2, 3, 4])
    }

    @Test("other jobs read while a job waits for its actions")
    func readerIsFree() {
        var fixture = SchedulerFixture()
        fixture.submit(1, Self.workflow)
        #expect(fixture.submit(2, [.input()]).opened == [StepID(2, 0)])
    }

    @Test("where every load is skipped, so is the action that needs a change")
    func skipped() {
        var fixture = SchedulerFixture()
        fixture.submit(1, Self.workflow)
        for index in 0...1 {
            fixture.send(.performed(StepID(1, index), attempt: 1, isChanged: false))
        }
        #expect(fixture.send(.inputUnchanged(StepID(1, 2))).opened == [StepID(1, 3)])
        let last = fixture.send(.inputUnchanged(StepID(1, 3)))
        #expect(last.performed.isEmpty)
        #expect(fixture.outcome(1) == .done)
        let states = fixture.job(1)?.steps.map(\.state) ?? []
        #expect(states == [.done(nil), .done(nil), .skipped, .skipped, .skipped])
    }

    @Test("an action that looked and changed nothing counts as skipped where nothing else changed")
    func unchanged() {
        for isChanged in [false, true] {
            var fixture = SchedulerFixture()
            fixture.submit(1, [.action(), .action(needs: [0])])
            fixture.send(.performed(StepID(1, 0), attempt: 1, isChanged: isChanged))
            fixture.send(.performed(StepID(1, 1), attempt: 1, isChanged: false))
            let last: Step.State = isChanged ? .done(nil) : .skipped
            #expect(fixture.job(1)?.steps.map(\.state) == [.done(nil), last])
        }
    }

    @Test("one load that was done is a change for what needs it")
    func changed() {
        var fixture = SchedulerFixture()
        fixture.submit(1, Self.workflow)
        for index in 0...1 {
            fixture.send(.performed(StepID(1, index), attempt: 1, isChanged: false))
        }
        fixture.send(.inputUnchanged(StepID(1, 2)))
        let step = StepID(1, 3)
        fixture.send(.inputOpened(step))
        let lease = fixture.cut(step).leases[0]
        fixture.send(.inputEnded(step))
        #expect(fixture.finish(lease.attempt).published == [step])
        let last = fixture.send(.published(step, SnapshotID(7)))
        #expect(last.performed == [StepID(1, 4)])
        fixture.send(.performed(StepID(1, 4), attempt: 1, isChanged: true))
        #expect(fixture.outcome(1) == .done)
    }

    @Test("an action that fails is tried again as often as it may, later each time")
    func retries() {
        var fixture = SchedulerFixture()
        let rules = StepRules(retries: 2, retryDelay: .seconds(10))
        fixture.submit(1, [StepPlan(source: .action, rules: rules)])
        let step = StepID(1, 0)
        for (index, delay) in [10, 20].enumerated() {
            let failed = fixture.send(
                .performFailed(step, attempt: index + 1, reason: "the source is down")
            )
            #expect(failed.notes.first?.hasSuffix("the source is down") ?? false)
            #expect(fixture.pass(.seconds(delay) - .milliseconds(1)).performed.isEmpty)
            // At most a quarter more.
            #expect(fixture.pass(.seconds(delay) / 4 + .milliseconds(2)).performed == [step])
        }
        let last = fixture.send(.performFailed(step, attempt: 3, reason: "the source is down"))
        #expect(last.count(of: .abandon(step)) == 0)
        #expect(fixture.outcome(1) == .failed(reason: "the source is down (3 tries)"))
    }

    @Test("an action that takes longer than its timeout is abandoned, and its answer is ignored")
    func timeout() {
        var fixture = SchedulerFixture()
        let rules = StepRules(retries: 1, retryDelay: .seconds(10), timeout: .seconds(60))
        let step = StepID(1, 0)
        fixture.submit(1, [StepPlan(source: .action, rules: rules)])
        #expect(fixture.pass(.seconds(60)).count(of: .abandon(step)) == 0)
        #expect(fixture.pass(.seconds(1)).count(of: .abandon(step)) == 1)
        #expect(fixture.send(.performed(step, attempt: 1, isChanged: true)).isEmpty)
        #expect(fixture.pass(.seconds(13)).performed == [step])
        fixture.pass(.seconds(61))
        #expect(fixture.failure(1) == "not done within 60.0 s, its timeout (2 tries)")
    }

    @Test("what an abandoned try answers does not count for the next one")
    func lateAnswers() {
        var fixture = SchedulerFixture()
        let rules = StepRules(retries: 2, retryDelay: .seconds(10), timeout: .seconds(60))
        let step = StepID(1, 0)
        fixture.submit(1, [StepPlan(source: .action, rules: rules)])
        fixture.pass(.seconds(61))
        let again = fixture.pass(.seconds(13))
        #expect(again.contains(.perform(step, attempt: 2)))
        let late = [
            fixture.send(.performFailed(step, attempt: 1, reason: "too late")),
            fixture.send(.performed(step, attempt: 1, isChanged: true)),
        ]
        #expect(late == [[], []])
        fixture.send(.performed(step, attempt: 2, isChanged: true))
        #expect(fixture.outcome(1) == .done)
    }

    @Test("actions that are overdue together end once each, with their job")
    func overdueTogether() {
        var fixture = SchedulerFixture()
        let once = StepRules(timeout: .seconds(60))
        let twice = StepRules(retries: 1, retryDelay: .seconds(10), timeout: .seconds(60))
        fixture.submit(1, [once, twice].map { StepPlan(source: .action, rules: $0) })
        let commands = fixture.pass(.seconds(61))
        #expect(fixture.failure(1) == "not done within 60.0 s, its timeout")
        for index in 0...1 { #expect(commands.count(of: .abandon(StepID(1, index))) == 1) }
        #expect(commands.notes == [])
        #expect(fixture.job(1)?.steps.allSatisfy { $0.state.isEnded } ?? false)
    }

    @Test("a step whose size turns out to be another one moves those that are ready")
    func resizedBesideReady() {
        var fixture = SchedulerFixture(workersWithSlots: [])
        let steps: [StepPlan] = [
            .action(), .input(10, needs: []), .input(300, needs: [0]), .input(20, needs: []),
        ]
        fixture.submit(1, steps)
        fixture.join(1)
        let step = StepID(1, 1)
        fixture.send(.inputOpened(step))
        // More than the worker holds: the step stays in the list of those that have ready tasks.
        for _ in 0..<4 { fixture.cut(step) }
        fixture.send(.inputSized(StepID(1, 2), sizeBytes: 5))
        fixture.send(.inputSized(StepID(1, 2), sizeBytes: 500))
        fixture.send(.cancelRequested(JobID(1)))
        #expect(fixture.outcome(1) == .cancelled)
    }

    @Test("a load that takes longer than its timeout fails its job")
    func loadTimeout() {
        var fixture = SchedulerFixture()
        let rules = StepRules(timeout: .seconds(60))
        fixture.submit(1, [StepPlan(source: .input(sizeBytes: 1), rules: rules)])
        fixture.send(.inputOpened(StepID(1, 0)))
        fixture.passHeard(.seconds(61))
        #expect(fixture.failure(1) == "not done within 60.0 s, its timeout")
    }

    @Test("a job that is cancelled abandons its actions")
    func cancelled() {
        var fixture = SchedulerFixture()
        fixture.submit(1, Self.workflow)
        let commands = fixture.send(.cancelRequested(JobID(1)))
        #expect(commands.count(of: .abandon(StepID(1, 0))) == 1)
        #expect(commands.count(of: .abandon(StepID(1, 1))) == 1)
        #expect(fixture.outcome(1) == .cancelled)
    }

    @Test("the wait between tries has an end")
    func longestWait() {
        var fixture = SchedulerFixture()
        let rules = StepRules(retries: 99, retryDelay: .seconds(1800))
        fixture.submit(1, [StepPlan(source: .action, rules: rules)])
        for attempt in 1...40 {
            fixture.send(.performFailed(StepID(1, 0), attempt: attempt, reason: "down"))
            let performed = fixture.pass(StepRules.lastRetryDelay * 5 / 4 + .seconds(1)).performed
            #expect(performed == [StepID(1, 0)])
        }
    }
}

extension StepPlan {
    fileprivate static func action(needs: [Int] = [], onlyIfChanged: Bool = false) -> StepPlan {
        StepPlan(source: .action, rules: StepRules(needs: needs, onlyIfChanged: onlyIfChanged))
    }

    fileprivate static func input(_ sizeBytes: Int64, needs: [Int]) -> StepPlan {
        StepPlan(source: .input(sizeBytes: sizeBytes), rules: StepRules(needs: needs))
    }
}

extension [Command] {
    fileprivate var performed: [StepID] {
        compactMap { if case .perform(let step, _) = $0 { step } else { nil } }
    }
}
