import API
import Base
import Database
import Scheduling
import TestSupport
import Testing
import Transport

@testable import Coordinator

@Suite("The history of a job's attempts")
struct AttemptHistoryTests {
    private let job = JobID(3)

    /// Attempt `number`, which took two seconds of its worker.
    private func ended(_ number: Int64, _ cause: AttemptCause = .finished) -> EndedAttempt {
        EndedAttempt(
            record: AttemptRecord(
                attempt: AttemptID(number),
                task: TaskID(step: StepID(job: job, index: 1), index: Int(number)),
                worker: WorkerID(8),
                started: Instant(nanoseconds: 5_000_000_000),
                ended: Instant(nanoseconds: 7_000_000_000),
                cause: cause
            ),
            host: "alpha",
            processID: 77,
            ended: WallTime(microseconds: 1_800_000_002_000_000)
        )
    }

    private let killed = AttemptCause.lost(.killed(signal: 9))

    @Test("an attempt is told with its times, its worker and the cause in words")
    func summary() {
        let summary = AttemptSummary(ended(4, killed))
        #expect(summary.attempt == "4")
        #expect((summary.step, summary.chunk) == (1, 4))
        #expect((summary.worker, summary.host, summary.pid) == ("8", "alpha", 77))
        #expect(summary.outcome == .lost)
        #expect(summary.cause == "lost with its worker: signal 9")
        #expect(summary.started == "2027-01-15T08:00:00.000000Z")
        #expect(summary.ended == "2027-01-15T08:00:02.000000Z")
    }

    @Test(
        "every cause has an outcome",
        arguments: [
            (AttemptCause.finished, AttemptOutcome.finished),
            (.failed(.transient, reason: "r"), .failed), (.lost(.exited(code: 3)), .lost),
            (.overdue(after: .seconds(600)), .overdue), (.revoked(.jobEnded), .revoked),
            (.notStored(reason: "full"), .notStored),
        ]
    )
    func outcomes(cause: AttemptCause, outcome: AttemptOutcome) {
        #expect(cause.outcome == outcome)
    }

    @Test("counts are true whatever is kept, and what is kept is the newest")
    func bounds() {
        var history = AttemptHistory()
        for number in Int64(1)...5000 { history.note(ended(number)) }
        for number in Int64(5001)...8000 { history.note(ended(number, killed)) }
        #expect(history.detail.counts == ["FINISHED": 5000, "LOST": 3000])
        let shown = history.detail.troubles.map(\.attempt)
        #expect(shown == (7981...8000).map { "\($0)" })
        let batch = history.takeUnsaved(of: job)
        #expect(batch.counts == [.finished: 5000, .lost: 3000])
        #expect(
            batch.attempts.map(\.record.attempt.rawValue) == Array(4901...5000) + Array(7001...8000)
        )
        #expect(!history.hasUnsaved)
        #expect(history.detail.counts == ["FINISHED": 5000, "LOST": 3000])
    }

    @Test("what could not be written is written with what came meanwhile, and counted once")
    func putBack() {
        var history = AttemptHistory()
        history.note(ended(1))
        history.note(ended(2, killed))
        let failed = history.takeUnsaved(of: job)
        history.note(ended(3))
        history.putBack(failed)
        let batch = history.takeUnsaved(of: job)
        #expect(batch.counts == [.finished: 2, .lost: 1])
        #expect(batch.attempts.map(\.record.attempt.rawValue) == [1, 3, 2])
        #expect(history.detail.counts == ["FINISHED": 2, "LOST": 1])
    }

    @Test("a job that goes on after a restart has the attempts it had before")
    func restored() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            let store = try JobStore(path: folder + "/jobs.sqlite", loop: test.loop)
            var history = AttemptHistory()
            history.note(ended(1))
            history.note(ended(2, killed))
            let batch = history.takeUnsaved(of: job)
            try test.ask { answer in store.append([batch]) { answer($0) } }.get()

            let stored = try test.ask { [job] answer in store.attempts(of: job) { answer($0) } }
                .get()
            #expect(stored.counts == [.finished: 1, .lost: 1])
            #expect(stored.attempts == [ended(1), ended(2, killed)].map { AttemptSummary($0) })
            var next = AttemptHistory()
            next.note(ended(1 << 32, .failed(.transient, reason: "told to")))
            next.restore(stored.counts, stored.attempts.filter { $0.outcome != .finished })
            #expect(next.detail.counts == ["FAILED": 1, "FINISHED": 1, "LOST": 1])
            #expect(next.detail.troubles.map(\.attempt) == ["2", "4294967296"])
            // Only what is new is written again.
            #expect(next.takeUnsaved(of: job).counts == [.failed: 1])
        }
    }

    @Test("the store keeps the newest attempts of a job, and every count")
    func storeBounds() throws {
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            let store = try JobStore(path: folder + "/jobs.sqlite", loop: test.loop)
            for round in Int64(0)..<3 {
                var history = AttemptHistory()
                for number in Int64(1)...800 {
                    history.note(ended(round * 2000 + number))
                    history.note(ended(round * 2000 + 1000 + number, killed))
                }
                let batch = history.takeUnsaved(of: job)
                try test.ask { answer in store.append([batch]) { answer($0) } }.get()
            }
            let stored = try test.ask { [job] answer in store.attempts(of: job) { answer($0) } }
                .get()
            #expect(stored.counts == [.finished: 2400, .lost: 2400])
            let finished = stored.attempts.filter { $0.outcome == .finished }
            #expect(finished.count == AttemptHistory.keptFinished)
            #expect(finished.last?.attempt == "4800")
            let lost = stored.attempts.filter { $0.outcome == .lost }
            #expect(lost.count == AttemptHistory.keptTroubles)
            #expect(lost.last?.attempt == "5800")

            // With the logs go the attempts, with the job the counts.
            try test.ask { [job] answer in store.removeLogs([job]) { answer($0) } }.get()
            let later = try test.ask { [job] answer in store.attempts(of: job) { answer($0) } }
                .get()
            #expect(later.attempts == [])
            #expect(later.counts == stored.counts)
            try test.ask { [job] answer in store.remove([job]) { answer($0) } }.get()
            let last = try test.ask { [job] answer in store.attempts(of: job) { answer($0) } }.get()
            #expect(last.counts == [:])
        }
    }
}
