import API
import Dashboard
import Testing

@Suite("The page of a job")
struct JobPageTests {
    private func step(_ index: Int, _ state: JobState = .running, needs: [Int] = []) -> StepStatus {
        StepStatus(
            index: index,
            needs: needs,
            job: "load",
            kind: "load",
            table: hostile,
            schema: "ott",
            state: state,
            reason: hostile,
            rows: 1_000_000,
            rejected: 3,
            chunks: ChunkCounts(total: 100, done: 50, running: 2),
            attempts: 55,
            bytesIn: 10 << 20,
            bytesOut: 4 << 20,
            inputBytes: 100,
            inputReadBytes: 50,
            conversionFailures: [hostile: 7],
            snapshot: 5,
            started: "2026-11-24T14:59:50.000000Z"
        )
    }

    private func attempt(_ number: Int, _ outcome: AttemptOutcome, seconds: Int = 1)
        -> AttemptSummary
    {
        AttemptSummary(
            attempt: "\(number)",
            step: 0,
            chunk: number,
            worker: "4",
            host: hostile,
            pid: 9,
            outcome: outcome,
            cause: hostile,
            started: "2026-11-24T14:59:50.000000Z",
            ended: "2026-11-24T14:59:5\(seconds).000000Z"
        )
    }

    private func status(_ steps: [StepStatus], _ state: JobState = .running) -> JobStatus {
        JobStatus(
            id: "7",
            name: hostile,
            state: state,
            reason: hostile,
            pool: hostile,
            created: "2026-11-24T14:59:40.000000Z",
            started: "2026-11-24T14:59:50.000000Z",
            steps: steps
        )
    }

    private let course = JobCourse(
        start: 1_795_532_390_000_000,  // 2026-11-24T14:59:50Z
        lanes: [
            .init(
                worker: "4",
                host: hostile,
                pid: 9,
                pool: hostile,
                slots: [[.init(step: 0, from: 0, to: 2000, tasks: 1200)]]
            )
        ],
        notes: [.init(at: 1500, text: hostile)],
        noteCount: 1,
        unconverted: [.init(step: 0, column: hostile, line: 12, text: hostile)]
    )

    @Test("nothing that is shown of a job becomes markup")
    func hostilePage() {
        let page = JobPage(
            status: status([step(0), step(1, .error, needs: [0])], .error),
            course: course,
            counts: [.failed: 1],
            troubles: [attempt(1, .failed)]
        )
        #expect(holdsAsText(page.page(frame).html))
    }

    @Test("a step tells its rate, what is left, and what did not fit")
    func steps() {
        let html = JobPage(status: status([step(0)]), course: course).page(frame).html
        // Half of the half that was read in ten seconds: three times as long is left.
        #expect(html.contains("25 % · 50 of 100"))
        #expect(html.contains(#"<td data-title="Left" class="number">30.0 s</td>"#))
        #expect(html.contains(#"<td data-title="Rows/s" class="number">100,000</td>"#))
        #expect(html.contains(#"<td data-title="Fields" class="number">7</td>"#))
        #expect(html.contains("3 lines rejected"))
        #expect(html.contains("version 5"))
    }

    @Test("a lane tells in words how many tasks its worker finished, a cross why one did not")
    func timeline() {
        let page = JobPage(
            status: status([step(0)]),
            course: course,
            counts: [.finished: 1200, .lost: 1],
            troubles: [attempt(1, .lost, seconds: 5)]
        )
        let html = page.page(frame).html
        #expect(html.contains("worker 4 finished 1,200 tasks; 1 did not finish"))
        #expect(html.contains(#"<text class="cross" x="50.0%""#))
        #expect(html.contains("attempts: 1,200 finished, 1 lost"))
    }

    @Test("lists that are cut say of how many, and lead on")
    func paging() {
        var course = course
        course.slowest = (0..<200).map { attempt(1000 + $0, .finished) }
        let page = JobPage(
            status: status([step(0)]),
            course: course,
            counts: [.finished: 100_000, .failed: 3000],
            troubles: (0..<1000).map { attempt($0, .failed) },
            attemptsPage: 40
        )
        let html = page.page(frame).html
        #expect(html.contains("976–1,000 of 1,200 attempts"))
        #expect(html.contains(#"href="/jobs/7?page=41""#))
        #expect(
            html.contains(
                "the newest 1,000 of 3,000 attempts that did not finish, and the slowest 200 of 100,000"
            )
        )
    }

    @Test("steps stand from the left to the right in the order of their needs")
    func graph() {
        let html = JobPage(
            status: status([step(0), step(1), step(2, .pending, needs: [0, 1])]),
            course: JobCourse()
        ).page(frame).html
        #expect(html.contains(#"<g transform="translate(0.0 0.0)" class="running">"#))
        #expect(html.contains(#"<g transform="translate(252.0 0.0)" class="pending">"#))
        #expect(html.split(separator: #"class="edge""#).count == 3)
    }

    @Test("a job that has ended cannot be cancelled")
    func cancel() {
        let running = JobPage(status: status([step(0)]), course: course).page(frame).html
        let ended = JobPage(status: status([step(0)], .done), course: course).page(frame).html
        #expect(running.contains(#"action="/actions/cancel""#))
        #expect(!ended.contains("/actions/cancel"))
    }

    @Test("a task's page shows its attempts and the end of its log, as text")
    func task() {
        let log = (1...600).map { "line \($0) \(hostile)\n" }.joined()
        let html = TaskPage(
            job: status([step(0)]),
            step: 0,
            chunk: 3,
            attempts: [attempt(3, .failed)],
            log: LogPart(log)
        ).page(frame).html
        #expect(holdsAsText(html))
        #expect(html.contains("The last 500 of 600 lines"))
        #expect(!html.contains("line 100 "))
    }
}
