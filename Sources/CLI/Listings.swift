package import API
import Base

/// The texts of the listings.
package enum Listings {
    package static func text(of jobs: [JobSummary], _ palette: Palette) -> String {
        var table = TextTable([
            .right("ID"), .left("JOB"), .left("STATE"), .left("POOL"), .left("CREATED"),
            .right("TIME"), .left("REASON"),
        ])
        for job in jobs {
            table.add([
                job.id, job.name, job.state.rawValue, job.pool, Text.time(job.created),
                Text.seconds(from: job.started, to: job.ended).map(Text.duration), job.reason,
            ])
        }
        return table.text(palette)
    }

    package static func text(of status: JobStatus, _ palette: Palette) -> String {
        var table = TextTable([
            .left("TABLE"), .left("STATE"), .right("CHUNKS"), .right("ROWS"), .right("REJECTED"),
            .right("NOT CONVERTED"), .right("READ"), .right("WRITTEN"), .right("TIME"),
            .left("REASON"),
        ])
        for step in status.steps {
            table.add([
                step.table ?? step.job, step.state.rawValue,
                "\(step.chunks.done)/\(step.chunks.total)", Text.grouped(step.rows),
                Text.grouped(step.rejected),
                Text.grouped(step.conversionFailures.values.reduce(0, +)),
                ByteCount(step.bytesIn).description, ByteCount(step.bytesOut).description,
                Text.seconds(from: step.started, to: step.ended).map(Text.duration), step.reason,
            ])
        }
        var head = "job \(status.id)  \(Text.printable(status.name))  "
        head += palette.state(status.state.rawValue)
        if let pool = status.pool { head += "  pool \(Text.printable(pool))" }
        if let seconds = Text.seconds(from: status.started, to: status.ended) {
            head += "  \(Text.duration(seconds))"
        }
        if let reason = status.reason { head += "  \(Text.printable(reason))" }
        let attempts = status.attemptsDetail.map { text(of: $0, ofJob: status.id, palette) } ?? ""
        return head + "\n" + table.text(palette) + attempts
    }

    /// Attempts that did not finish, shown with a job's status.
    private static let shownTroubles = 10

    /// How many attempts ended in which way, and the newest that did not finish.
    ///
    /// Nothing where all of them finished.
    private static func text(
        of detail: AttemptsDetail,
        ofJob id: String,
        _ palette: Palette
    ) -> String {
        guard !detail.troubles.isEmpty else { return "" }
        var table = TextTable([
            .left("CHUNK"), .right("WORKER"), .left("HOST"), .right("PID"), .left("OUTCOME"),
            .left("ENDED"), .left("CAUSE"),
        ])
        for attempt in detail.troubles.suffix(shownTroubles) {
            table.add([
                "\(attempt.step)/\(attempt.chunk)", attempt.worker, attempt.host,
                String(attempt.pid), attempt.outcome.rawValue, Text.time(attempt.ended),
                attempt.cause,
            ])
        }
        let counts = AttemptOutcome.allCases.compactMap { outcome in
            detail.counts[outcome.rawValue].map { "\(Text.grouped(Int64($0))) \(outcome.word)" }
        }
        return "attempts: \(counts.joined(separator: ", ")); all that is known: otjob logs \(id)\n"
            + table.text(palette)
    }

    package static func text(of plan: Explanation, _ palette: Palette) -> String {
        var table = TextTable([
            .right("#"), .left("NEEDS"), .left("WHEN"), .left("JOB"), .left("TABLE"),
            .right("BYTES"),
            .right("CHUNKS"), .left("INPUT"),
        ])
        for (index, step) in plan.steps.enumerated() {
            table.add([
                String(index + 1), ranges(step.needs), step.onlyIfChanged ? "changed" : "always",
                step.job,
                step.table, ByteCount(step.bytes).description, "~\(step.chunksEstimate)",
                step.input,
            ])
        }
        return "pool \(Text.printable(plan.pool ?? "none is ready"))\n" + table.text(palette)
    }

    /// Numbers in ascending order, neighbours drawn together: `1-7, 9`.
    private static func ranges(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers.sorted() {
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { range in
            range.count == 1
                ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
        }.joined(separator: ", ")
    }

    package static func text(of schedules: [ScheduleSummary]) -> String {
        var table = TextTable([
            .right("ID"), .left("CRON (UTC)"), .left("NEXT"), .right("LAST JOB"), .left("JOBS"),
        ])
        for schedule in schedules {
            table.add([
                schedule.id, schedule.cron, Text.time(schedule.next), schedule.lastJob,
                schedule.jobs.joined(separator: ", "),
            ])
        }
        return table.text()
    }

    package static func text(of workers: [WorkerSummary], _ palette: Palette) -> String {
        var table = TextTable([
            .right("ID"), .left("POOL"), .left("HOST"), .right("PID"), .left("STATE"),
            .right("SLOTS"), .right("RUNNING"), .right("DONE"), .left("JOINED"), .left("IDENTITY"),
            .left("NAME"), .left("REASON"),
        ])
        for worker in workers {
            table.add([
                worker.id, worker.pool, worker.host, String(worker.pid), worker.state.rawValue,
                String(worker.slots), String(worker.running), String(worker.done),
                Text.time(worker.joined), worker.identity, worker.name, worker.reason,
            ])
        }
        return table.text(palette)
    }

    package static func text(of tokens: [TokenSummary], _ palette: Palette) -> String {
        var table = TextTable([
            .right("ID"), .left("POOL"), .left("NAME"), .left("STATE"), .left("CREATED"),
            .left("EXPIRES"),
        ])
        for token in tokens {
            table.add([
                token.id, token.pool, token.name, token.state.rawValue, Text.time(token.created),
                Text.time(token.expires),
            ])
        }
        return table.text(palette)
    }

    package static func text(of pools: [PoolSummary], _ palette: Palette) -> String {
        var table = TextTable([
            .left("POOL"), .left("PROVIDER"), .left("STATE"), .right("WORKERS"), .right("WANTED"),
            .right("MIN"), .right("MAX"), .left("REASON"),
        ])
        for pool in pools {
            table.add([
                pool.name, pool.provider, pool.state.rawValue, String(pool.workers),
                String(pool.wanted), String(pool.minWorkers), String(pool.maxWorkers), pool.reason,
            ])
        }
        return table.text(palette)
    }

    package static func text(of tables: [TableSummary]) -> String {
        var table = TextTable([
            .left("TABLE"), .right("ROWS"), .right("FILES"), .right("SIZE"), .right("SNAPSHOT"),
            .right("JOB"),
        ])
        for row in tables {
            table.add([
                "\(row.schema).\(row.table)", Text.grouped(row.rows), String(row.files),
                ByteCount(row.bytes).description, String(row.snapshot), row.job,
            ])
        }
        return table.text()
    }

    package static func text(of description: TableDescription) -> String {
        var table = TextTable([.left("COLUMN"), .left("TYPE"), .left("NULL")])
        for column in description.columns {
            table.add([column.name, column.type, column.nullable ? "yes" : "no"])
        }
        return table.text()
    }

    package static func text(of views: [ViewSummary]) -> String {
        var table = TextTable([.left("VIEW"), .right("SNAPSHOT"), .left("SQL")])
        for view in views {
            // As much of it as fits beside the rest; `--json` has all.
            let words = view.sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            table.add([
                "\(view.schema).\(view.view)", String(view.snapshot), String(words.prefix(60)),
            ])
        }
        return table.text()
    }

    package static func text(of snapshots: [SnapshotSummary]) -> String {
        var table = TextTable([
            .right("ID"), .left("TIME"), .right("JOB"), .left("MESSAGE"), .left("CHANGES"),
        ])
        for snapshot in snapshots {
            table.add([
                String(snapshot.id), Text.time(snapshot.time), snapshot.job, snapshot.message,
                snapshot.changes,
            ])
        }
        return table.text()
    }
}
