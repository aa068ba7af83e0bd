import API
import Base
import Dashboard
import HTTP
import Parquet
import Scheduling
import Storage
import Transport
import Wire

/// The overview, and the list of all jobs.
extension CoordinatorShell {
    func addOverviewPages(to router: inout Router) {
        router.add(.get, Links.overview) { [unowned self] request, _, exchange in
            jobStore.endedJobs(limit: OverviewPage.endedJobsShown) { [unowned self] outcome in
                guard let ended = value(outcome, request, exchange) else { return }
                show(overview(ended).page, request, exchange)
            }
        }
        router.add(.get, Links.jobs) { [unowned self] request, _, exchange in
            // A page beyond the end is the last one: how many there are is known with the answer.
            let size = JobsPage.size
            let page = min(max(request.pageNumber, 1), Int.max / size)
            jobStore.jobs(from: (page - 1) * size, limit: size) { [unowned self] outcome in
                guard let part = value(outcome, request, exchange) else { return }
                let window = ListWindow(total: part.total, page: page, size: size)
                show(JobsPage(jobs: part.jobs.map(current), window: window).page, request, exchange)
            }
        }
    }

    private func overview(_ ended: JobStore.JobsPart) -> OverviewPage {
        let running = jobs.values.filter { scheduler.jobs[$0.id]?.state == .running }
        let waiting = jobs.values.filter { scheduler.jobs[$0.id]?.state == .pending }
        let open = running.sorted { $0.id < $1.id } + waiting.sorted { $0.id < $1.id }
        return OverviewPage(
            pools: poolSummaries(),
            load: poolLoads(),
            openJobs: open.prefix(OverviewPage.openJobsShown).map { JobSummary(status(of: $0)) },
            runningCount: running.count,
            waitingCount: waiting.count,
            endedJobs: ended.jobs,
            endedCount: ended.total,
            throughput: throughput.summary(at: EventLoop.now()),
            resources: resourceLevels()
        )
    }

    /// What is recorded of a job that has not ended may be old.
    private func current(_ job: JobSummary) -> JobSummary {
        guard let open = Int64(job.id).flatMap({ jobs[JobID($0)] }) else { return job }
        return JobSummary(status(of: open))
    }

    private func poolLoads() -> [String: OverviewPage.PoolLoad] {
        var loads: [String: OverviewPage.PoolLoad] = [:]
        for worker in scheduler.workers.values {
            // A worker holds one chunk more than it has slots, so that none waits.
            let busy = min(worker.running.count, worker.slots)
            loads[worker.pool.rawValue, default: .init()].slots += worker.slots
            loads[worker.pool.rawValue, default: .init()].running += busy
        }
        return loads
    }

    private func resourceLevels() -> [ResourceLevel] {
        let memory = [
            ResourceLevel(
                name: "Text of chunks",
                usedBytes: Int64(chunks.heldBytes),
                limitBytes: Int64(Self.chunkBudgetBytes),
                meaning: "held in memory until results are durable; beyond it, chunks go to files"
            ),
            ResourceLevel(
                name: "Memory",
                usedBytes: ProcessUsage.current()?.residentBytes ?? 0,
                limitBytes: ProcessMemory.machineBytes,
                meaning: "of the coordinator, of what its machine has"
            ),
        ]
        return (space?.levels ?? []) + memory
    }

    /// Tells those who look at pages, once a second, when something has changed.
    func tellPages() {
        if throughput.advance(to: EventLoop.now()) { dashboardEvents.note() }
        dashboardEvents.tell()
    }
}
