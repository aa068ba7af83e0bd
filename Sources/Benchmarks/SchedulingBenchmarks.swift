import Base
import Scheduling

/// The scheduler alone: what each event costs that a cluster of made-up workers brings about.
///
/// The events are recorded once, from a scheduler that works for a simulated cluster, and then
/// replayed: the same events give the same decisions, and nothing else is measured.
extension Benchmark {
    static let scheduling = [
        scheduling("scheduler.chunks-1000-workers", workers: 1000, tasks: 100_000),
        scheduling("scheduler.chunks-100-workers", workers: 100, tasks: 10_000),
        scheduling("scheduler.chunks-200-queued", workers: 1000, tasks: 5000, queuedJobs: 200),
        scheduling("scheduler.tasks", workers: 1000, tasks: 100_000, isSynthetic: true),
    ]

    private static func scheduling(
        _ name: String,
        workers: Int,
        tasks: Int,
        queuedJobs: Int = 0,
        isSynthetic: Bool = false
    ) -> Benchmark {
        Benchmark(name, isSynthetic ? .task : .decision) { extent in
            var cluster = MadeUpCluster(workers: extent.choose(workers, small: 4))
            let tasks = extent.choose(tasks, small: 10)
            cluster.submit(tasks: tasks, isSynthetic: isSynthetic)
            for _ in 0..<extent.choose(queuedJobs, small: min(queuedJobs, 2)) {
                cluster.submit(tasks: 1, isSynthetic: false)
            }
            let events = cluster.runFirstJob()
            let decisions = replay(events)
            return Workload(count: isSynthetic ? tasks : events.count) { stopwatch in
                let again = stopwatch.measure { replay(events) }
                precondition(again == decisions, "the same events gave other decisions")
            }
        }
    }

    /// Hands all events to a new scheduler; returns the number of its commands.
    private static func replay(_ events: [MadeUpCluster.Occurrence]) -> Int {
        var scheduler = MadeUpCluster.makeScheduler()
        var commands = 0
        for occurrence in events {
            commands += scheduler.handle(occurrence.event, at: occurrence.time).count
        }
        return commands
    }
}

/// Workers that take a second a chunk, an input that is cut faster than that, and a disk.
struct MadeUpCluster {
    struct Occurrence {
        let time: Instant
        let event: Event
    }

    static let pool = PoolID("zone-a")
    private static let heartbeat = 2000
    private static let tick = 250

    private var scheduler = makeScheduler()
    private var random = SeededGenerator(seed: 1)
    private var occurrences: [Occurrence] = []
    /// What is to happen, by millisecond.
    private var agenda: [Int: [Event]] = [:]
    private var now = 0
    /// Until when each worker is at the chunks that it holds.
    private var busyUntil: [WorkerID: Int] = [:]
    private var chunksLeft: [StepID: Int] = [:]
    private var isFirstJobOver = false
    private var jobs = 0

    static func makeScheduler() -> Scheduler {
        let pool = PoolSettings(
            id: pool,
            startsWorkers: false,
            workers: 0,
            minWorkers: 1,
            maxWorkers: Limits.workers,
            acquireTimeout: .seconds(60)
        )
        return Scheduler(settings: SchedulingSettings(pools: [pool]), at: Instant(nanoseconds: 0))
    }

    init(workers: Int) {
        for number in 1...workers {
            let worker = WorkerID(Int64(number))
            happen(.workerJoined(worker, Self.pool, slots: 1, wasLaunched: false))
            plan(.workerHeard(worker), in: 1 + number % Self.heartbeat)
        }
        plan(.tick, in: Self.tick)
    }

    mutating func submit(tasks: Int, isSynthetic: Bool) {
        jobs += 1
        let job = JobID(Int64(jobs))
        let source: StepPlan.Source =
            isSynthetic ? .synthetic(tasks: tasks) : .input(sizeBytes: Int64(tasks) << 20)
        chunksLeft[StepID(job: job, index: 0)] = tasks
        let plan = StepPlan(source: source, columnCount: 8)
        happen(.submitted(JobPlan(id: job, name: "job", steps: [plan])))
    }

    /// Lets time pass until the first job has ended; returns all that happened.
    mutating func runFirstJob() -> [Occurrence] {
        while !isFirstJobOver {
            now += 1
            for event in agenda.removeValue(forKey: now) ?? [] {
                if case .workerHeard = event { plan(event, in: Self.heartbeat) }
                if event == .tick { plan(event, in: Self.tick) }
                happen(event)
            }
        }
        return occurrences
    }

    private mutating func plan(_ event: Event, in milliseconds: Int) {
        agenda[now + milliseconds, default: []].append(event)
    }

    private mutating func happen(_ event: Event) {
        let time = Instant(nanoseconds: Int64(now) * 1_000_000)
        occurrences.append(Occurrence(time: time, event: event))
        for command in scheduler.handle(event, at: time) { carryOut(command) }
    }

    private mutating func carryOut(_ command: Command) {
        switch command {
        case .openInput(let step), .reopenInput(let step): plan(.inputOpened(step), in: 1)
        case .cutChunk(let step): cut(step)
        case .lease(let attempt, _, let worker):
            let time = Int.random(in: 500...1500, using: &random)
            let end = max(now, busyUntil[worker] ?? 0) + time
            busyUntil[worker] = end
            let report = TaskReport(
                lines: 1,
                rows: 1,
                conversionFailures: [0, 0, 0, 0, 0, 0, 0, 0]
            )
            plan(.resultArrived(attempt, report), in: end - now)
        case .storeResult(let attempt, _): plan(.resultStored(attempt), in: 5)
        case .leaseSynthetic(let batch, _): plan(.syntheticFinished(batch.map(\.attempt)), in: 1)
        case .storeFinished(_, let batch): plan(.finishedStored(batch.map(\.attempt)), in: 2)
        case .publish(let step): plan(.published(step, SnapshotID(1)), in: 5)
        case .jobEnded(let job, _): isFirstJobOver = isFirstJobOver || job == JobID(1)
        default: break
        }
    }

    private mutating func cut(_ step: StepID) {
        let left = chunksLeft[step, default: 0]
        chunksLeft[step] = left - 1
        if left > 0 {
            plan(.chunkCut(step, ChunkSummary(sizeBytes: 8 << 20, lines: 1)), in: 1)
        } else if left == 0 {
            plan(.inputEnded(step), in: 1)
        }
    }
}
