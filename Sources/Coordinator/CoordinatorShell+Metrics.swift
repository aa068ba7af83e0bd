import API
import Base
import Jobs
import Scheduling
import Storage
import Transport
import Wire

/// What monitoring reads at `/metrics`: docs/operations.md says what to watch.
extension CoordinatorShell {
    func metrics() -> MetricsText {
        var text = MetricsText()
        addProcess(to: &text)
        addWork(to: &text)
        addPools(to: &text)
        addRoom(to: &text)
        return text
    }

    private func addProcess(to text: inout MetricsText) {
        let labels: KeyValuePairs = [
            "version": productVersion, "protocol": "\(protocolVersion)",
            "cluster": configuration.cluster,
        ]
        text.add(
            "otcluster_build_info",
            .gauge,
            "Always 1; the labels say what runs.",
            [.init(1, labels)]
        )
        text.add("otcluster_epoch", .gauge, "One more at each start.", jobStore.reign.epoch)
        text.add(
            "process_start_time_seconds",
            .gauge,
            "When the coordinator started, in seconds since 1970.",
            (started - WallTime(microseconds: 0)).seconds
        )
        guard let usage = ProcessUsage.current() else { return }
        text.add(
            "process_cpu_seconds_total",
            .counter,
            "CPU time of the coordinator.",
            usage.cpuTime.seconds
        )
        text.add(
            "process_resident_memory_bytes",
            .gauge,
            "Memory of the coordinator.",
            usage.residentBytes
        )
        text.add("process_open_fds", .gauge, "Open file descriptors.", usage.openFiles)
        text.add("process_max_fds", .gauge, "The most it may open.", usage.openFilesLimit)
    }

    private func addWork(to text: inout MetricsText) {
        let states = Dictionary(grouping: jobs.values) { status(of: $0).state }
        text.add(
            "otcluster_jobs",
            .gauge,
            "Jobs that have not ended.",
            [JobState.pending, .running].map {
                .init(states[$0]?.count ?? 0, ["state": $0.rawValue])
            }
        )
        text.add(
            "otcluster_jobs_ended_total",
            .counter,
            "Jobs that have ended, by how.",
            [JobState.done, .error, .cancelled].map {
                .init(tally.jobs[$0] ?? 0, ["state": $0.rawValue])
            }
        )
        text.add(
            "otcluster_attempts_ended_total",
            .counter,
            "Attempts that have ended, by how.",
            AttemptOutcome.allCases.map {
                .init(tally.attempts[$0] ?? 0, ["outcome": $0.rawValue])
            }
        )
        text.add(
            "otcluster_late_reports_total",
            .counter,
            "Reports of attempts that no longer counted, dropped.",
            scheduler.lateReports
        )
        let counts: [(String, String, Int64)] = [
            ("lines", "Lines of input whose results are durable.", tally.lines),
            ("rows", "Rows that became of them.", tally.rows),
            ("rejected_rows", "Lines that became none.", tally.rejected),
            ("unconverted_fields", "Fields that did not convert.", tally.unconvertedFields),
            ("text_bytes", "Text of those lines.", tally.textBytes),
            ("result_bytes", "Encoded columns of those rows.", tally.resultBytes),
        ]
        for (name, help, value) in counts {
            text.add("otcluster_\(name)_total", .counter, help, value)
        }
    }

    private func addPools(to text: inout MetricsText) {
        func samples(_ value: (PoolSummary) -> Int) -> [MetricsText.Sample] {
            pools.map { .init(value($0), ["pool": $0.name]) }
        }
        let pools = poolSummaries()
        text.add(
            "otcluster_pool_workers",
            .gauge,
            "Workers that are connected.",
            samples(\.workers)
        )
        text.add(
            "otcluster_pool_wanted_workers",
            .gauge,
            "Workers that the pool is to have; 0 where they join by themselves.",
            samples(\.wanted)
        )
        text.add(
            "otcluster_pool_min_workers",
            .gauge,
            "Fewer, and no job runs in the pool.",
            samples(\.minWorkers)
        )
        text.add(
            "otcluster_pool_state",
            .gauge,
            "1 for the state that the pool is in, 0 for the others.",
            pools.flatMap { pool in
                PoolState.allCases.map {
                    .init(pool.state == $0 ? 1 : 0, ["pool": pool.name, "state": $0.rawValue])
                }
            }
        )
        let members = Dictionary(grouping: scheduler.workers.values, by: \.pool)
        func sums(_ value: (Worker) -> Int) -> [MetricsText.Sample] {
            samples { pool in (members[PoolID(pool.name)] ?? []).reduce(0) { $0 + value($1) } }
        }
        text.add("otcluster_pool_slots", .gauge, "Slots of its workers.", sums(\.slots))
        text.add(
            "otcluster_pool_running_attempts",
            .gauge,
            "Attempts that its workers hold.",
            sums(\.running.count)
        )
    }

    private func addRoom(to text: inout MetricsText) {
        let volumes = space?.volumes ?? []
        func samples(_ value: (Volume) -> Int64) -> [MetricsText.Sample] {
            volumes.map { .init(value($0), ["path": $0.path]) }
        }
        text.add(
            "otcluster_disk_free_bytes",
            .gauge,
            "Room on the disk of the folder.",
            samples(\.freeBytes)
        )
        text.add(
            "otcluster_disk_size_bytes",
            .gauge,
            "Size of that disk.",
            samples(\.totalBytes)
        )
        text.add(
            "otcluster_disk_reserve_bytes",
            .gauge,
            "Less room, and nothing new is begun.",
            samples { space?.reserveBytes(of: $0) ?? 0 }
        )
        text.add(
            "otcluster_chunk_memory_bytes",
            .gauge,
            "Memory of chunks whose results are not durable yet.",
            chunks.heldBytes
        )
        text.add(
            "otcluster_spilled_chunks_total",
            .counter,
            "Chunks that were written to disk because memory was short.",
            chunks.spilledChunks
        )
    }
}
