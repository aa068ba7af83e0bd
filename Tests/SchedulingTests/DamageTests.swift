import Base
import Scheduling
import Testing

@Suite("Where lines fail a job before its input was read to the end, damage is looked for first")
struct DamageTests {
    private static let step = StepID(1, 0)
    private static let rejects = "1001 rows were rejected, more than the 1000 that"

    /// A job that has read one chunk of more, all of it rejected, and another one that waits.
    private func failed() -> (fixture: SchedulerFixture, commands: [Command]) {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1)
        fixture.submit(2, [.input(2000)])
        let attempt = fixture.cut(Self.step).leases[0].attempt
        let report = TaskReport(lines: 1001, rows: 0, rejected: 1001)
        let commands = fixture.send(.resultArrived(attempt, report))
        return (fixture, commands)
    }

    private func ends(_ commands: [Command]) -> [Command] {
        commands.filter { if case .jobEnded = $0 { true } else { false } }
    }

    @Test("the job has not ended as long as that takes, and no other input is read")
    func search() {
        var (fixture, commands) = failed()
        #expect(commands.contains(.searchDamage(Self.step)))
        #expect(!commands.contains(.closeInput(Self.step)))
        #expect(ends(commands).isEmpty)
        #expect(fixture.scheduler.searched == Self.step)
        for _ in 0..<3 { #expect(fixture.pass(.seconds(1)).opened.isEmpty) }
        // Asked for before, and too late now.
        #expect(fixture.cut(Self.step).leases.isEmpty)
        let answered = fixture.send(.damageSearched(Self.step, damage: nil))
        #expect(ends(answered).count == 1)
        #expect(fixture.failure(1).hasPrefix(Self.rejects))
        #expect(answered.opened == [StepID(2, 0)])
    }

    @Test("damage is told with what it did to the lines, of the job and of its step")
    func damage() {
        var (fixture, _) = failed()
        let commands = fixture.send(.damageSearched(Self.step, damage: "x.gz: damaged at byte 7"))
        let reason = fixture.failure(1)
        #expect(reason.hasPrefix("x.gz: damaged at byte 7; that may be why \(Self.rejects)"))
        #expect(fixture.job(1)?.steps[0].state == .failed(reason: reason))
        #expect(ends(commands) == [.jobEnded(JobID(1), .failed(reason: reason))])
        // A second answer changes nothing.
        #expect(fixture.send(.damageSearched(Self.step, damage: "other")).isEmpty)
        #expect(fixture.failure(1) == reason)
    }

    @Test("damage that a cut met which was under way is an answer, too")
    func metByCut() {
        var (fixture, _) = failed()
        let commands = fixture.send(.inputFailed(Self.step, reason: "damaged at byte 7"))
        #expect(ends(commands).count == 1)
        #expect(fixture.failure(1).hasPrefix("damaged at byte 7; that may be why"))
    }

    @Test("who cancels the job does not wait for the search")
    func cancelled() {
        var (fixture, _) = failed()
        let commands = fixture.send(.cancelRequested(JobID(1)))
        #expect(commands.contains(.closeInput(Self.step)))
        #expect(ends(commands).count == 1)
        #expect(fixture.failure(1).hasPrefix(Self.rejects))
        #expect(commands.opened == [StepID(2, 0)])
    }

    @Test("an input that was read to its end has no damage, and the job ends at once")
    func verified() {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1)
        let attempt = fixture.cut(Self.step).leases[0].attempt
        fixture.send(.inputEnded(Self.step))
        let report = TaskReport(lines: 1001, rows: 0, rejected: 1001)
        let commands = fixture.send(.resultArrived(attempt, report))
        #expect(ends(commands).count == 1)
        #expect(fixture.scheduler.searched == nil)
    }

    @Test("a worker's verdict on its lines is doubted as well")
    func badInput() {
        var fixture = SchedulerFixture()
        fixture.submitAndOpen(1)
        let attempt = fixture.cut(Self.step).leases[0].attempt
        let commands = fixture.send(.attemptFailed(attempt, .badInput, reason: "line 7"))
        #expect(commands.contains(.searchDamage(Self.step)))
        fixture.send(.damageSearched(Self.step, damage: "byte 5"))
        #expect(fixture.failure(1) == "byte 5; that may be why line 7")
    }
}
