import Base
import Scheduling
import Testing

@Suite("Input is read one file at a time, and only a little ahead of the workers")
struct InputTests {
    @Test("the smallest input of a job is opened first, whatever the declared order")
    func smallestFirst() {
        var fixture = SchedulerFixture()
        let commands = fixture.submit(1, [.input(300), .input(100), .input(200)])
        #expect(commands.opened == [StepID(1, 1)])
    }

    @Test("one input is read at a time, the next one opens when the former has been read")
    func oneInput() {
        var fixture = SchedulerFixture()
        fixture.submit(1, [.input(300), .input(100), .input(200)])
        for (index, next) in [(1, [StepID(1, 2)]), (2, [StepID(1, 0)]), (0, [])] {
            let step = StepID(1, index)
            #expect(fixture.scheduler.reading == step)
            #expect(fixture.send(.inputOpened(step)).opened.isEmpty)
            #expect(fixture.cut(step).opened.isEmpty)
            #expect(fixture.send(.inputEnded(step)).opened == next)
        }
        #expect(fixture.scheduler.reading == nil)
    }

    @Test("a job waits with its input until the one before has read its own, and says so")
    func jobsReadInTurn() {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1)
        #expect(fixture.submit(2, [.input()]).opened.isEmpty)
        #expect(fixture.waitingReason(2) == "waiting until job 1 has read its input")
        let commands = fixture.send(.inputEnded(StepID(1, 0)))
        // The first job fails, as it has no rows; the next event starts the second.
        #expect(commands.last == .jobEnded(JobID(1), .failed(reason: fixture.failure(1))))
        #expect(fixture.waitingReason(2) == nil)
        #expect(fixture.scheduler.reading == StepID(2, 0))
    }

    @Test("with nobody to take chunks, no more than three are asked for")
    func backPressure() {
        var fixture = SchedulerFixture()
        let step = StepID(1, 0)
        var asked = fixture.submitAndOpen(1).count(of: .cutChunk(step))
        #expect(asked == 3)
        // The worker of one slot holds two; then chunks stay.
        for number in 1...5 {
            asked += fixture.cut(step).count(of: .cutChunk(step))
            #expect(asked == min(number, 2) + 3)
        }
        for _ in 0..<10 { asked += fixture.passHeard(.seconds(1)).count(of: .cutChunk(step)) }
        #expect(asked == 5)
    }

    @Test("a lease makes room for the next chunk at once")
    func askedForAhead() {
        var fixture = SchedulerFixture()
        let step = StepID(1, 0)
        fixture.submitAndOpen(1)
        for _ in 0..<5 { fixture.cut(step) }
        let commands = fixture.join(2, slots: 2)
        #expect(commands.leases.count == 3)
        #expect(commands.count(of: .cutChunk(step)) == 3)
    }

    @Test("an input that fails ends its job with that reason and is closed")
    func inputFails() {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1)
        let commands = fixture.send(.inputFailed(StepID(1, 0), reason: "cut short at byte 7"))
        #expect(commands.contains(.closeInput(StepID(1, 0))))
        #expect(fixture.outcome(1) == .failed(reason: "cut short at byte 7"))
        #expect(fixture.job(1)?.steps[0].state == .failed(reason: "cut short at byte 7"))
    }

    @Test("chunks of a step that has ended are dropped")
    func lateChunk() {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1)
        fixture.send(.cancelRequested(JobID(1)))
        #expect(fixture.cut(StepID(1, 0)).isEmpty)
        #expect(fixture.job(1)?.steps[0].tasks.isEmpty == true)
    }

    @Test("a header and no rows fails the job, unless that is allowed", arguments: [false, true])
    func emptyInput(isAllowed: Bool) {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1, .input(allowsEmpty: isAllowed))
        let commands = fixture.send(.inputEnded(StepID(1, 0)))
        #expect(commands.published == (isAllowed ? [StepID(1, 0)] : []))
        #expect(fixture.failure(1).contains("allow_empty") == !isAllowed)
    }

    @Test("a smaller job starts before a larger one, but not before one that waited ten minutes")
    func queueOrder() {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1)
        fixture.submit(2, [.input(1_000_000)])
        for _ in 0..<30 { fixture.passHeard(.seconds(9)) }
        fixture.submit(3, [.input(10)])
        #expect(fixture.send(.cancelRequested(JobID(1))).opened == [StepID(3, 0)])
        for _ in 0..<40 { fixture.passHeard(.seconds(9)) }
        fixture.submit(4, [.input(10)])
        #expect(fixture.send(.cancelRequested(JobID(3))).opened == [StepID(2, 0)])
    }
}
