package import API
import Base

/// A job: its steps, who worked at them when, what failed, what was slow, and what came of it.
package struct JobPage: Sendable {
    package static let attemptsSize = 25

    package var status: JobStatus
    package var course: JobCourse
    /// Attempts by outcome: all of them.
    package var counts: [AttemptOutcome: Int]
    /// Those that did not finish, as far as they are kept, the newest last.
    package var troubles: [AttemptSummary]
    /// Which page of the attempts is shown, from 1.
    package var attemptsPage: Int

    package init(
        status: JobStatus,
        course: JobCourse,
        counts: [AttemptOutcome: Int] = [:],
        troubles: [AttemptSummary] = [],
        attemptsPage: Int = 1
    ) {
        self.status = status
        self.course = course
        self.counts = counts
        self.troubles = troubles
        self.attemptsPage = attemptsPage
    }

    package func page(_ frame: Page.Frame) -> Page {
        let timeline = Timeline(
            course: course,
            steps: status.steps,
            troubles: troubles,
            end: status.ended ?? frame.now
        )
        let body: HTML = """
            \(Parts.section("head", "Job \(status.id)", head(frame), note: cancel(frame)))\
            \(Parts.section("graph", "Steps", WorkflowGraph(steps: status.steps).html))\
            \(Parts.section("steps", "Tables and other steps", stepsTable(frame.now), note: log))\
            \(Parts.section("timeline", "Timeline", timeline.html))\
            \(Parts.section("attempts", "Failed and slowest tasks", attempts, note: outcomes))\
            \(lines)
            """
        return Page(
            title: "Job \(status.id) \(status.name)",
            place: .jobs,
            frame: frame,
            body: body
        )
    }

    // MARK: The head

    private func head(_ frame: Page.Frame) -> HTML {
        let took = Text.seconds(from: status.started, to: status.ended ?? frame.now)
        let reason: HTML = status.reason.map { #"<p class="problem">\#($0)</p>"# } ?? ""
        return """
            <h1>\(status.name) \(Badge.of(status.state))</h1>
            \(status.state == .error ? reason : Self.waiting(status.reason))
            <dl class="facts">\(fact("Pool", Parts.text(status.pool)))\
            \(fact("Created", Parts.time(status.created)))\
            \(fact("Started", Parts.time(status.started)))\(fact("Ended", Parts.time(status.ended)))\
            \(fact(status.ended == nil ? "Runs for" : "Took", Parts.text(took.map(Text.duration))))</dl>
            """
    }

    private static func waiting(_ reason: String?) -> HTML {
        reason.map { #"<p class="note">\#($0)</p>"# } ?? ""
    }

    private func fact(_ name: String, _ value: HTML) -> HTML {
        "<div><dt>\(name)</dt><dd>\(value)</dd></div>"
    }

    private func cancel(_ frame: Page.Frame) -> HTML {
        guard !status.state.isEnded else { return .empty }
        return frame.button(
            "Cancel the job",
            Links.cancel,
            [("job", status.id)],
            confirm: "Cancel job \(status.id)?"
        )
    }

    // MARK: Steps

    private var log: HTML {
        #"<p class="note">\#(Parts.link(Links.jobLog(status.id), "log of the job"))</p>"#
    }

    private func stepsTable(_ now: String) -> HTML {
        Parts.table(
            "Steps",
            [
                .text("Step"), .text("State"), .text("Done"), .number("Rows"), .number("Rows/s"),
                .number("Left"), .number("Read"), .number("Written"), .number("Rejected"),
                .number("Not converted"), .text("Committed"),
            ],
            status.steps.placed.map { row($0.index, $0.step, now) },
            none: "The job has no step yet."
        )
    }

    private func row(_ index: Int, _ step: StepStatus, _ now: String) -> [HTML] {
        let elapsed = Text.seconds(from: step.started, to: step.ended ?? now) ?? 0
        let rate = step.rows > 0 && elapsed > 0 ? Int64(Double(step.rows) / elapsed) : nil
        let failures = step.conversionFailures.values.reduce(0, +)
        let reason: HTML = step.reason.map { #"<p class="note">\#($0)</p>"# } ?? ""
        return [
            StepStatus.chip(index, step.name), "\(Badge.of(step.state))\(reason)", done(step),
            Parts.number(step.rows), Parts.text(rate.map(Text.grouped)),
            Parts.text(Self.left(step, elapsed).map(Text.duration)), Parts.bytes(step.bytesIn),
            Parts.bytes(step.bytesOut), Parts.number(step.rejected), Parts.number(failures),
            committed(step),
        ]
    }

    private func done(_ step: StepStatus) -> HTML {
        guard step.state != .pending, step.state != .skipped else { return Parts.nothing }
        let share = step.state == .done ? 1 : step.share
        let percent = "\(Int(share * 100)) %"
        let chunks =
            step.hasTasks
            ? " · \(Text.grouped(Int64(step.chunks.done))) of \(Text.grouped(Int64(step.chunks.total)))"
            : ""
        return """
            <span class="nowrap">\(percent)\(chunks)</span>\
            \(Parts.progress(Int64(share * 1000), of: 1000, "\(step.name): \(percent)"))
            """
    }

    /// Seconds to go, if the step goes on as it has so far; nil where that says nothing yet.
    private static func left(_ step: StepStatus, _ elapsed: Double) -> Double? {
        let share = step.share
        guard step.state == .running, share > 0.02, elapsed > 1 else { return nil }
        return elapsed * (1 - share) / share
    }

    private func committed(_ step: StepStatus) -> HTML {
        guard let snapshot = step.snapshot, let table = step.table else { return Parts.nothing }
        guard let schema = step.schema else { return "version \(snapshot)" }
        return #"<a href="\#(Links.table(schema, table))" class="nowrap">version \#(snapshot)</a>"#
    }

    // MARK: Attempts

    /// What did not finish, the newest first, and then what took longest.
    private var notable: [AttemptSummary] { troubles.reversed() + course.slowest }

    private var outcomes: HTML {
        let parts = AttemptOutcome.allCases.compactMap { outcome in
            counts[outcome].map { "\(Text.grouped(Int64($0))) \(outcome.word)" }
        }
        let text =
            parts.isEmpty
            ? "no attempt has ended yet" : "attempts: " + parts.joined(separator: ", ")
        return #"<p class="note">\#(text)</p>"#
    }

    private var attempts: HTML {
        let notable = notable
        let window = ListWindow(total: notable.count, page: attemptsPage, size: Self.attemptsSize)
        let table = Parts.table(
            "Attempts",
            [
                .text("Task"), .text("Outcome"), .text("Why"), .text("Worker"), .number("Took"),
                .text("Ended"),
            ],
            notable[window.shown].map(row),
            none: "No attempt has ended yet."
        )
        let finished = counts[.finished] ?? 0
        let failed = counts.filter { $0.key != .finished }.values.reduce(0, +)
        let slowest = course.slowest.count
        let kept =
            "Kept are the newest \(Text.grouped(Int64(troubles.count))) of "
            + "\(Text.grouped(Int64(failed))) attempts that did not finish, and the slowest "
            + "\(Text.grouped(Int64(slowest))) of \(Text.grouped(Int64(finished))) that did."
        let pager = Parts.pager(window, path: Links.job(status.id), noun: "attempts")
        return #"\#(table)\#(pager)<p class="note">\#(kept)</p>"#
    }

    private func row(_ attempt: AttemptSummary) -> [HTML] {
        let task = Links.task(status.id, step: attempt.step, chunk: attempt.chunk)
        let took = Text.seconds(from: attempt.started, to: attempt.ended).map(Text.duration)
        return [
            Parts.link(task, "\(status.steps.name(attempt.step)) \(attempt.chunk)"),
            Badge.of(attempt.outcome),
            Parts.text(attempt.outcome == .finished ? nil : attempt.cause),
            "\(attempt.worker) <span class=\"muted\">\(attempt.host) \(attempt.pid)</span>",
            Parts.text(took), Parts.time(attempt.ended),
        ]
    }

    // MARK: Lines

    /// What did not convert, and what was rejected; nothing where there was nothing of it.
    private var lines: HTML {
        let failures = status.steps.placed.flatMap { index, step in
            step.conversionFailures.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                .map { (index: index, step: step, column: $0.key, count: $0.value) }
        }
        let rejects = status.steps.placed.filter { $0.step.rejected > 0 }
        guard !failures.isEmpty || !rejects.isEmpty else { return .empty }
        let table = Parts.table(
            "Fields that did not convert",
            [.text("Table"), .text("Column"), .number("Fields"), .text("Examples")],
            failures.map { failure in
                let examples = course.unconverted.filter {
                    ($0.step, $0.column) == (failure.index, failure.column)
                }
                let items = examples.map { example -> HTML in
                    #"<li>line \#(Parts.number(example.line)): <code>\#(example.text)</code></li>"#
                }
                return [
                    "\(failure.step.name)", "\(failure.column)", Parts.number(failure.count),
                    items.isEmpty ? Parts.nothing : #"<ul class="plain">\#(items)</ul>"#,
                ]
            },
            none: "All fields converted."
        )
        return Parts.section(
            "lines",
            "Fields and lines that did not fit",
            "\(table)\(rejected(rejects))"
        )
    }

    private func rejected(_ steps: [(index: Int, step: StepStatus)]) -> HTML {
        let parts = steps.map { index, step -> HTML in
            let count = "\(Text.grouped(step.rejected)) lines rejected"
            guard let schema = step.schema, let table = step.table, step.snapshot != nil else {
                return "<h3>\(step.name): \(count)</h3>"
            }
            let rows = Links.rows(schema, table + "_rejects", version: step.snapshot)
            return """
                <h3>\(step.name): \(count)</h3>
                <div data-load="\(rows)">\(Parts.link(rows, "Show ten of them"))</div>

                """
        }
        return "\(parts)"
    }
}
