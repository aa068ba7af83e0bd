package import API

/// One task: its attempts, and what the log says about them.
package struct TaskPage: Sendable {
    package var job: JobStatus
    package var step: Int
    package var chunk: Int
    /// As far as they are kept.
    package var attempts: [AttemptSummary]
    package var log: LogPart

    package init(
        job: JobStatus,
        step: Int,
        chunk: Int,
        attempts: [AttemptSummary],
        log: LogPart
    ) {
        self.job = job
        self.step = step
        self.chunk = chunk
        self.attempts = attempts
        self.log = log
    }

    package func page(_ frame: Page.Frame) -> Page {
        let name = "\(job.steps.name(step)), chunk \(chunk)"
        let table = Parts.table(
            "Attempts",
            [
                .text("Attempt"), .text("Outcome"), .text("Why"), .text("Worker"), .number("Took"),
                .text("Started"), .text("Ended"),
            ],
            attempts.map { attempt in
                let took = Text.seconds(from: attempt.started, to: attempt.ended)
                return [
                    "\(attempt.attempt)", Badge.of(attempt.outcome),
                    Parts.text(attempt.outcome == .finished ? nil : attempt.cause),
                    "\(attempt.worker) <span class=\"muted\">\(attempt.host) \(attempt.pid)</span>",
                    Parts.text(took.map(Text.duration)), Parts.time(attempt.started),
                    Parts.time(attempt.ended),
                ]
            },
            none:
                "None is kept: of a job the newest that did not finish and the slowest that did are."
        )
        let back = Parts.link(Links.job(job.id), "job \(job.id)")
        let body: HTML = """
            <h1>\(name)</h1>
            \(Parts.section("attempts", "Attempts that ended", table, note: #"<p class="note">of \#(back)</p>"#))\
            \(Parts.section("log", "Log", log.html))
            """
        return Page(title: name, place: .jobs, frame: frame, body: body)
    }
}

/// The log of a job.
package struct LogPage: Sendable {
    package var job: JobStatus
    package var log: LogPart

    package init(job: JobStatus, log: LogPart) {
        self.job = job
        self.log = log
    }

    package func page(_ frame: Page.Frame) -> Page {
        let title = "Log of job \(job.id)"
        let back = Parts.link(Links.job(job.id), job.name)
        let body: HTML = """
            <h1>\(title)</h1>
            \(Parts.section("log", "Course", log.html, note: #"<p class="note">\#(back)</p>"#))
            """
        return Page(title: title, place: .jobs, frame: frame, body: body)
    }
}

/// The last lines of a log.
package struct LogPart: Sendable {
    /// As many as a page shows.
    package static let linesShown = 500

    private let lines: [Substring]
    private let total: Int

    package init(_ text: String) {
        let all = text.split(separator: "\n")
        lines = all.suffix(Self.linesShown)
        total = all.count
    }

    var html: HTML {
        guard !lines.isEmpty else { return #"<p class="none">There is no line.</p>"# }
        let count: HTML =
            lines.count < total
            ? #"<p class="note">The last \#(Parts.number(lines.count)) of \#(Parts.number(total)) lines; otjob logs has more.</p>"#
            : ""
        return #"<pre tabindex="0">\#(lines.joined(separator: "\n"))</pre>\#(count)"#
    }
}
