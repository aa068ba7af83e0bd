package import API
import Base

/// All jobs that are kept, the newest first.
package struct JobsPage: Sendable {
    package static let size = 50

    package var jobs: [JobSummary]
    package var window: ListWindow

    package init(jobs: [JobSummary], window: ListWindow) {
        self.jobs = jobs
        self.window = window
    }

    package func page(_ frame: Page.Frame) -> Page {
        let pager = Parts.pager(window, path: Links.jobs, noun: "jobs")
        let table = Parts.table(
            "Jobs",
            Self.columns,
            jobs.map(Self.row),
            none: "No job yet: otjob submit begins one."
        )
        let body: HTML = """
            <h1>Jobs</h1>
            \(Parts.section("list", "The newest first", "\(table)\(pager)", note: pager))
            """
        return Page(title: "Jobs", place: .jobs, frame: frame, body: body)
    }

    static let columns: [Parts.Column] = [
        .text("Job"), .text("Name"), .text("State"), .text("Pool"), .text("Created"),
        .number("Took"), .text("Reason"),
    ]

    static func row(_ job: JobSummary) -> [HTML] {
        let took = Text.seconds(from: job.started, to: job.ended).map(Text.duration)
        return [
            Parts.link(Links.job(job.id), job.id), Parts.link(Links.job(job.id), job.name),
            Badge.of(job.state), Parts.text(job.pool), Parts.time(job.created), Parts.text(took),
            Parts.text(job.reason),
        ]
    }
}
