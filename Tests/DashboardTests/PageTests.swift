import API
import Dashboard
import Testing

/// Text that would do harm if it became markup.
let hostile = #"<script>alert("x")</script>"#
let frame = Page.Frame(
    cluster: "test",
    version: "1.2.3",
    now: "2026-11-24T15:00:00.000000Z",
    formToken: "the-form-token"
)

/// Whether the text stands in the page as text and nowhere as markup.
func holdsAsText(_ html: String, _ text: String = hostile) -> Bool {
    let script = html.split(separator: "<script").count
    // The page's own script is the one there is.
    return html.contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;") && script == 2
}

@Suite("Pages")
struct PageTests {
    private let job = JobSummary(
        id: "7",
        name: hostile,
        state: .pending,
        reason: hostile,
        pool: hostile,
        created: "2026-11-24T14:00:00.000000Z"
    )

    @Test("names, reasons and pools are text on the overview, whatever they hold")
    func hostileOverview() {
        let pool = PoolSummary(
            name: hostile,
            provider: "process",
            state: .exhausted,
            workers: 0,
            wanted: 1,
            minWorkers: 1,
            maxWorkers: 2,
            reason: hostile
        )
        let page = OverviewPage(pools: [pool], openJobs: [job], waitingCount: 1, endedJobs: [job])
        var frame = frame
        frame.cluster = hostile
        #expect(holdsAsText(page.page(frame).html))
    }

    @Test("a state is a sign and a word beside its colour")
    func badges() {
        let html = OverviewPage(pools: [], openJobs: [job], waitingCount: 1).page(frame).html
        #expect(
            html.contains(
                #"<span class="badge waiting"><span aria-hidden="true">◦</span> pending</span>"#
            )
        )
    }

    @Test("jobs that are not shown are counted, and linked to")
    func cutOverview() {
        let html = OverviewPage(
            pools: [],
            openJobs: Array(repeating: job, count: 25),
            runningCount: 5,
            waitingCount: 1200
        ).page(frame).html
        #expect(html.contains("5 running, 1,200 waiting"))
        #expect(html.contains(#"The first 25 of 1,205; <a href="/jobs">all jobs</a>"#))
    }

    @Test("the last hour is plotted with its present and its peak in words")
    func throughput() {
        var intervals = Array(repeating: Throughput.Interval(), count: 120)
        intervals[60] = .init(tasks: 600, rows: 3_000_000, bytes: 30 << 30)
        intervals[119] = .init(tasks: 3, rows: 60, bytes: 30 << 10)
        let page = OverviewPage(
            pools: [],
            throughput: Throughput(intervalSeconds: 30, intervals: intervals)
        )
        let html = page.page(frame).html
        #expect(html.contains("Text read in the last hour: now 1.0 KiB/s, peak 1.0 GiB/s"))
        #expect(html.contains("Rows in the last hour: now 2/s, peak 100,000/s"))
        #expect(html.contains("Tasks in the last hour: now 0.1/s, peak 20/s"))
    }

    @Test("what is short of room says so in words")
    func resources() {
        let level = ResourceLevel(
            name: "Disk",
            usedBytes: 9 << 30,
            limitBytes: 10 << 30,
            meaning: "of /state",
            isShort: true
        )
        let html = OverviewPage(pools: [], resources: [level]).page(frame).html
        #expect(html.contains("✕ short</span> 9.0 GiB of 10.0 GiB"))
    }

    @Test("the list of jobs tells which part of how many it is")
    func jobs() {
        let window = ListWindow(total: 100_000, page: 2, size: JobsPage.size)
        let html = JobsPage(jobs: [job], window: window).page(frame).html
        #expect(html.contains("51–100 of 100,000 jobs"))
        #expect(html.contains(#"href="/jobs?page=1""#))
        #expect(html.contains(#"href="/jobs?page=3""#))
        #expect(holdsAsText(html))
    }

    @Test("no page loads anything from elsewhere, or has a script or a style in it")
    func contentSecurity() {
        let policy = Page.headers.first { $0.0 == "Content-Security-Policy" }?.1 ?? ""
        #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self';"))
        #expect(!policy.contains("unsafe"))
        let html = OverviewPage(pools: []).page(frame).html
        for forbidden in ["http:", "https:", " style=", " onclick=", "<style"] {
            #expect(!html.contains(forbidden), "\(forbidden)")
        }
        #expect(html.contains(#"<script src="/dashboard.js" defer></script>"#))
    }

    @Test("who has not logged in is asked for the token, and told nothing but the cluster's name")
    func login() {
        let html = LoginPage(wasRefused: true).page(frame).html
        #expect(html.contains(#"<form method="post" action="/actions/login">"#))
        #expect(html.contains(#"name="form_token" value="the-form-token""#))
        #expect(html.contains("That is not the token."))
        #expect(!html.contains("data-events"))
    }

    @Test(
        "the dashboard's paths are its own, and the API's are not",
        arguments: [
            ("/", true), ("/jobs", true), ("/jobs/7", true), ("/style.css", true),
            ("/actions/cancel", true), ("/api/jobs", false), ("/healthz", false), ("/v1/x", false),
            ("//", false), ("/nowhere", false), ("", false),
        ]
    )
    func paths(path: String, isOurs: Bool) { #expect(Links.owns(path) == isOurs) }
}
