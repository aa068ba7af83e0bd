import API
import Base
import Dashboard
import HTTP
import Transport

/// The pages of workers and pools.
extension CoordinatorShell {
    func addWorkerPages(to router: inout Router) {
        router.add(.get, Links.workers) { [unowned self] request, _, exchange in
            withHistory(Links.workers, request, exchange) { [unowned self] history in
                let now = EventLoop.now()
                let all = roster.summaries(scheduler, all: false, at: now)
                let isGone = { (worker: WorkerSummary) in [.lost, .stopped].contains(worker.state) }
                let sorted = all.filter { !isGone($0) } + all.filter(isGone).reversed()
                let window = ListWindow(
                    total: sorted.count,
                    page: request.pageNumber,
                    size: WorkersPage.size
                )
                let entries = sorted[window.shown].map { worker in
                    WorkersPage.Entry(worker, roster.use(of: worker.id, at: now))
                }
                let page = WorkersPage(entries: entries, window: window, history: history)
                show(page.page, request, exchange)
            }
        }
        router.add(.get, Links.pools) { [unowned self] request, _, exchange in
            withHistory(Links.pools, request, exchange) { [unowned self] history in
                show(PoolsPage(pools: poolSummaries(), history: history).page, request, exchange)
            }
        }
    }

    private func withHistory(
        _ path: String,
        _ request: HTTPRequest,
        _ exchange: HTTPExchange,
        _ body: @escaping (HistoryPart) -> Void
    ) {
        let size = HistoryPart.size
        let page = min(max(request.pageNumber, 1), Int.max / size)
        jobStore.workerEvents(from: (page - 1) * size, limit: size) { [unowned self] outcome in
            guard let part = value(outcome, request, exchange) else { return }
            let window = ListWindow(total: part.total, page: page, size: size)
            body(HistoryPart(events: part.events, window: window, path: path))
        }
    }
}
