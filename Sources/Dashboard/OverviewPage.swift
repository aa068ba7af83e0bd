package import API
import Base

/// What goes on in the cluster: pools, jobs that have not ended, the last hour, and what is short.
package struct OverviewPage: Sendable {
    /// Jobs that have not ended, and that ended last, which the page shows.
    package static let openJobsShown = 25
    package static let endedJobsShown = 10
    /// Workers are summed up by pool here, and have a page of their own.
    package var pools: [PoolSummary]
    /// Slots, and attempts that run, of the workers by pool.
    package var load: [String: PoolLoad]
    /// Those that run first, then those that wait, the oldest first: as many as are shown.
    package var openJobs: [JobSummary]
    package var runningCount: Int
    package var waitingCount: Int
    /// The newest first.
    package var endedJobs: [JobSummary]
    package var endedCount: Int
    package var throughput: Throughput
    package var resources: [ResourceLevel]

    /// What the workers of a pool do.
    package struct PoolLoad: Sendable, Equatable {
        package var slots: Int
        package var running: Int

        package init(slots: Int = 0, running: Int = 0) {
            self.slots = slots
            self.running = running
        }
    }

    package init(
        pools: [PoolSummary],
        load: [String: PoolLoad] = [:],
        openJobs: [JobSummary] = [],
        runningCount: Int = 0,
        waitingCount: Int = 0,
        endedJobs: [JobSummary] = [],
        endedCount: Int = 0,
        throughput: Throughput = Throughput(intervalSeconds: 1, intervals: []),
        resources: [ResourceLevel] = []
    ) {
        self.pools = pools
        self.load = load
        self.openJobs = openJobs
        self.runningCount = runningCount
        self.waitingCount = waitingCount
        self.endedJobs = endedJobs
        self.endedCount = endedCount
        self.throughput = throughput
        self.resources = resources
    }

    package func page(_ frame: Page.Frame) -> Page {
        Page(title: "Overview", place: .overview, frame: frame, body: body)
    }

    private var body: HTML {
        """
        <h1 class="visually-hidden">Overview</h1>
        \(Parts.section("jobs", "Jobs under way", openJobsTable, note: jobCounts))\
        \(Parts.section("throughput", "The last hour", ThroughputPlot(throughput: throughput).html))\
        \(Parts.section("pools", "Pools", poolsTable, note: Self.poolOrder))\
        \(Parts.section("ended", "Ended last", endedJobsTable, note: endedNote))\
        \(Parts.section("resources", "Room", levels))
        """
    }

    private static let poolOrder: HTML =
        #"<p class="note">in the order in which they are tried</p>"#

    private var jobCounts: HTML {
        #"<p class="note">\#(Parts.number(runningCount)) running, \#(Parts.number(waitingCount)) waiting</p>"#
    }

    private var openJobsTable: HTML {
        let table = Parts.table(
            "Jobs under way",
            [
                .text("Job"), .text("Name"), .text("State"), .text("Pool"), .text("Since"),
                .text("Reason"),
            ],
            openJobs.map { job in
                [
                    Parts.link(Links.job(job.id), job.id), Parts.link(Links.job(job.id), job.name),
                    Badge.of(job.state), Parts.text(job.pool),
                    Parts.time(job.started ?? job.created),
                    Parts.text(job.reason),
                ]
            },
            none: "No job runs or waits."
        )
        let count = runningCount + waitingCount
        guard openJobs.count < count else { return table }
        return """
            \(table)
            <p class="note">The first \(Parts.number(openJobs.count)) of \(Parts.number(count)); \
            \(Parts.link(Links.jobs, "all jobs")).</p>
            """
    }

    private var endedNote: HTML {
        #"<p class="note">the newest \#(endedJobs.count) of \#(Parts.link(Links.jobs, "\(Text.grouped(Int64(endedCount))) that ended"))</p>"#
    }

    private var endedJobsTable: HTML {
        Parts.table(
            "Jobs that ended last",
            JobsPage.columns,
            endedJobs.map(JobsPage.row),
            none: "No job has ended yet."
        )
    }

    private var poolsTable: HTML {
        Parts.table(
            "Pools",
            [
                .number("#"), .text("Pool"), .text("State"), .number("Workers"),
                .number("Busy slots"),
                .text("Reason"),
            ],
            pools.enumerated().map { index, pool in
                let load = load[pool.name] ?? PoolLoad()
                return [
                    Parts.number(index + 1), Parts.link(Links.pools, pool.name),
                    Badge.of(pool.state),
                    "\(pool.workers) of \(pool.wanted)",
                    "\(min(load.running, load.slots)) of \(load.slots)", Parts.text(pool.reason),
                ]
            }
        )
    }

    private var levels: HTML {
        let items = resources.map { level -> HTML in
            let words =
                "\(ByteCount(level.usedBytes).description) of \(ByteCount(level.limitBytes).description)"
            let sign: HTML = level.isShort ? #"<span class="badge bad">✕ short</span> "# : ""
            return """
                <li><div class="level"><b>\(level.name)</b> <span>\(sign)\(words)</span></div>
                \(Parts.progress(level.usedBytes, of: level.limitBytes, "\(level.name): \(words)"))
                <p class="note">\(level.meaning)</p></li>

                """
        }
        return #"<ul class="levels">\#(items)</ul>"#
    }
}
