package import API
import Base

/// The workers that are there and were there, and what happened to them.
package struct WorkersPage: Sendable {
    package static let size = 100

    /// A worker, and what it has used; those that are there come first.
    package struct Entry: Sendable {
        package var worker: WorkerSummary
        package var use: WorkerUse

        package init(_ worker: WorkerSummary, _ use: WorkerUse) {
            self.worker = worker
            self.use = use
        }
    }

    package var entries: [Entry]
    package var window: ListWindow
    package var history: HistoryPart

    package init(entries: [Entry], window: ListWindow, history: HistoryPart) {
        self.entries = entries
        self.window = window
        self.history = history
    }

    package func page(_ frame: Page.Frame) -> Page {
        let pager = Parts.pager(window, path: Links.workers, noun: "workers")
        let body: HTML = """
            <h1>Workers</h1>
            \(Parts.section("workers", "There, and gone lately", "\(table(frame))\(pager)"))\
            \(history.section)
            """
        return Page(title: "Workers", place: .workers, frame: frame, body: body)
    }

    private func table(_ frame: Page.Frame) -> HTML {
        Parts.table(
            "Workers",
            [
                .text("Worker"), .text("Pool"), .text("Host"), .text("State"),
                .number("Busy slots"),
                .number("Attempts done"), .number("CPU"), .number("Peak memory"), .text("Joined"),
                .text("Reason"), .text("Drain"),
            ],
            entries.map { row($0, frame) },
            none: "No worker has joined yet."
        )
    }

    private func row(_ entry: Entry, _ frame: Page.Frame) -> [HTML] {
        let worker = entry.worker
        let name = worker.name.map { " \($0)" } ?? ""
        let memory = entry.use.peakMemoryBytes
        return [
            "\(worker.id)\(name)", "\(worker.pool)",
            #"\#(worker.host) <span class="muted">\#(worker.pid)</span>"#, Badge.of(worker.state),
            "\(min(worker.running, worker.slots)) of \(worker.slots)", Parts.number(worker.done),
            Parts.text(Self.share(entry.use, worker.slots)),
            memory > 0 ? Parts.bytes(memory) : Parts.nothing, Parts.time(worker.joined),
            Parts.text(worker.reason),
            worker.state == .ready || worker.state == .suspect
                ? frame.button("Drain", Links.drain, [("worker", worker.id)]) : Parts.nothing,
        ]
    }

    /// How much of its time a worker worked, of all its slots; nil where it reported nothing.
    private static func share(_ use: WorkerUse, _ slots: Int) -> String? {
        guard use.busySeconds > 0, use.livedSeconds > 0, slots > 0 else { return nil }
        let percent = use.busySeconds / use.livedSeconds / Double(slots) * 100
        return "\(Text.duration(use.busySeconds)), \(Int(min(100, percent).rounded())) %"
    }
}

/// The pools with what they want, and what happened to them.
package struct PoolsPage: Sendable {
    package var pools: [PoolSummary]
    package var history: HistoryPart

    package init(pools: [PoolSummary], history: HistoryPart) {
        self.pools = pools
        self.history = history
    }

    package func page(_ frame: Page.Frame) -> Page {
        let table = Parts.table(
            "Pools",
            [
                .number("#"), .text("Pool"), .text("Provider"), .text("State"), .number("Workers"),
                .number("Wanted"), .number("Least to most"), .text("Reason"), .text("Scale"),
            ],
            pools.enumerated().map { index, pool in
                [
                    Parts.number(index + 1), "\(pool.name)", "\(pool.provider)",
                    Badge.of(pool.state),
                    Parts.number(pool.workers), Parts.number(pool.wanted), Self.range(of: pool),
                    Parts.text(pool.reason), scale(pool, frame),
                ]
            }
        )
        let body: HTML = """
            <h1>Pools</h1>
            \(Parts.section("pools", "In the order in which they are tried", table))\
            \(history.section)
            """
        return Page(title: "Pools", place: .pools, frame: frame, body: body)
    }

    private static func range(of pool: PoolSummary) -> HTML {
        pool.provider == "static" ? "\(pool.minWorkers)–" : "\(pool.minWorkers)–\(pool.maxWorkers)"
    }

    /// Workers of a static pool join and leave by themselves.
    private func scale(_ pool: PoolSummary, _ frame: Page.Frame) -> HTML {
        guard pool.provider != "static" else { return Parts.nothing }
        let number: HTML = """
            <input type="number" name="workers" aria-label="Workers of \(pool.name)" \
            value="\(pool.wanted)" min="0" max="\(pool.maxWorkers)" required>
            """
        return frame.button("Scale", Links.scale, [("pool", pool.name)], extra: number)
    }
}

/// A part of what happened to workers and pools, the newest first.
package struct HistoryPart: Sendable {
    package static let size = 50

    package var events: [WorkerEvent]
    package var window: ListWindow
    package var path: String

    package init(events: [WorkerEvent], window: ListWindow, path: String) {
        self.events = events
        self.window = window
        self.path = path
    }

    var section: HTML {
        let pager = Parts.pager(window, path: path, noun: "events")
        let table = Parts.table(
            "What happened",
            [.text("When"), .text("What"), .text("Pool"), .text("Worker"), .text("Why")],
            events.map { event in
                let host = event.host.map { " on \($0)" } ?? ""
                return [
                    Parts.time(event.at), Badge.of(event.kind), "\(event.pool)",
                    Parts.text(event.worker.map { $0 + host }), Parts.text(event.cause),
                ]
            },
            none: "Nothing has happened yet."
        )
        let note: HTML =
            #"<p class="note">the newest first; \#(Parts.number(window.total)) are kept</p>"#
        return Parts.section("history", "What happened", "\(table)\(pager)", note: note)
    }
}
