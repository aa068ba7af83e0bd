import API
import Base
import CLI
import Testing

private func step(
    _ state: JobState,
    table: String = "title_akas",
    done: Int = 0,
    total: Int = 0,
    bytes: Int64 = 0,
    read: Int64 = 0,
    ended: String? = nil,
    kind: String = "load"
) -> StepStatus {
    StepStatus(
        job: "title_akas",
        kind: kind,
        table: table,
        state: state,
        rows: 1234,
        rejected: state == .done ? 2 : 0,
        chunks: ChunkCounts(total: total, done: done, running: 0),
        attempts: done,
        bytesIn: bytes,
        bytesOut: 0,
        inputBytes: 1000 << 10,
        inputReadBytes: read,
        conversionFailures: state == .done ? ["a": 3] : [:],
        started: "2026-11-23T20:00:00Z",
        ended: ended
    )
}

private func job(_ state: JobState, _ steps: [StepStatus], reason: String? = nil) -> JobStatus {
    JobStatus(
        id: "7",
        name: "imdb",
        state: state,
        reason: reason,
        pool: "zone-a",
        created: "2026-11-23T20:00:00Z",
        started: "2026-11-23T20:00:00Z",
        ended: state.isEnded ? "2026-11-23T20:01:05Z" : nil,
        steps: steps
    )
}

@Suite("Progress")
struct ProgressTests {
    @Test("there is one line for each change and none for the events between")
    func lines() {
        var progress = Progress()
        let waiting = job(.pending, [step(.pending)], reason: "zone-a: no workers")
        #expect(
            progress.lines(for: waiting) == [
                "job 7 (imdb): PENDING in pool zone-a: zone-a: no workers"
            ]
        )
        #expect(progress.lines(for: waiting) == [])
        #expect(
            progress.lines(for: job(.running, [step(.running)])) == [
                "job 7 (imdb): RUNNING in pool zone-a", "title_akas: RUNNING, 1000.0 KiB to read",
            ]
        )
        let moving = job(.running, [step(.running, done: 1, total: 2)])
        #expect(progress.lines(for: moving) == [])
        let ended = job(.done, [step(.done, ended: "2026-11-23T20:00:04.2Z")])
        #expect(
            progress.lines(for: ended) == [
                "title_akas: DONE, 1,234 rows, 2 rejected, 3 fields not converted in 4.2 s",
                "job 7 (imdb): DONE in 1:05",
            ]
        )
    }

    @Test("a failure is told with its reason")
    func failure() {
        var progress = Progress()
        let status = job(.error, [step(.skipped)], reason: "line 7\u{1b}: bad")
        #expect(
            progress.lines(for: status) == [
                "title_akas: SKIPPED", "job 7 (imdb): ERROR in 1:05: line 7 : bad",
            ]
        )
    }

    @Test("the bar shows share, bytes, rows, rate and the time left")
    func bar() {
        var progress = Progress()
        let start = Instant(nanoseconds: 5_000_000_000)
        let first = job(.running, [step(.running, done: 0, total: 4, read: 1000 << 10)])
        #expect(
            progress.bar(for: first, at: start, width: 100)
                == "title_akas  ····················  0%  0 B  1,234 rows"
        )
        let half = job(
            .running,
            [step(.running, done: 2, total: 4, bytes: 4 << 20, read: 1000 << 10)]
        )
        #expect(
            progress.bar(for: half, at: start + .seconds(2), width: 100)
                == "title_akas  ██████████··········  50%  4.0 MiB  1,234 rows  2.0 MiB/s  2.0 s left"
        )
    }

    @Test("chunks that are not cut yet count as not done")
    func unread() {
        var progress = Progress()
        let status = job(.running, [step(.running, done: 1, total: 2, read: 500 << 10)])
        let bar = progress.bar(for: status, at: Instant(nanoseconds: 0), width: 100)
        #expect(bar?.contains("█████···············  25%") == true)
    }

    @Test("a step that reads nothing counts its tasks")
    func tasks() {
        var progress = Progress()
        var selftest = step(.running, done: 3, total: 12)
        selftest.inputBytes = 0
        let bar = progress.bar(
            for: job(.running, [selftest]),
            at: Instant(nanoseconds: 0),
            width: 100
        )
        #expect(bar == "title_akas  █████···············  25%  3 of 12 tasks")
    }

    @Test("the bar fits the terminal and is gone when nothing runs")
    func width() {
        var progress = Progress()
        let now = Instant(nanoseconds: 0)
        for width in [0, 1, 20, 200] {
            let bar = progress.bar(for: job(.running, [step(.running)]), at: now, width: width)
            #expect(bar.map { $0.count <= width } == true)
        }
        #expect(progress.bar(for: job(.running, [step(.done)]), at: now, width: 80) == nil)
        #expect(progress.bar(for: job(.cancelled, [step(.running)]), at: now, width: 80) == nil)
    }

    @Test("nonsense from the server neither stops the bar nor overflows it")
    func nonsense() {
        var progress = Progress()
        let odd = [(5, 2, Int64(-4)), (-3, 2, 0), (0, -1, 9), (Int.max, 1, Int64.max)]
        for (index, (done, total, bytes)) in odd.enumerated() {
            let status = job(
                .running,
                [step(.running, done: done, total: total, bytes: bytes, read: -7)]
            )
            let now = Instant(nanoseconds: Int64(index) * 1_000_000_000)
            #expect(progress.bar(for: status, at: now, width: 200) != nil)
        }
    }

    @Test("exit codes follow the state")
    func exitCodes() {
        #expect(ExitCode.of(.done) == 0)
        #expect(ExitCode.of(.error) == 1)
        #expect(ExitCode.of(.cancelled) == 4)
    }

    @Test("a file that comes from elsewhere is drawn by its size, and has no rows")
    func ingest() {
        var progress = Progress()
        let start = Instant(nanoseconds: 0)
        let running = step(.running, table: "ingest_x", read: 250 << 10, kind: "ingest")
        let bar = progress.bar(for: job(.running, [running]), at: start, width: 100)
        #expect(bar?.contains("25%  250.0 KiB of 1000.0 KiB") ?? false, "\(bar ?? "")")
        let done = step(.done, table: "ingest_x", ended: "2026-11-23T20:00:02Z", kind: "ingest")
        let lines = progress.lines(for: job(.running, [done]))
        #expect(lines.last?.hasPrefix("ingest_x: DONE, 1000.0 KiB in ") ?? false, "\(lines)")
    }
}
