import Base
import Catalog
import Storage
import Transport

/// Forgets what is over: jobs, their logs, versions of tables, and the files that only those named.
///
/// Carries out what ``RetentionPolicy`` decides. Each step is bounded and happens on the queue that
/// owns the thing, so that publications and submits pass in between. Lives on the loop.
///
/// Order matters where a crash may come between: a job's log and its commits go before its record,
/// a file before the row that schedules it. What is left then goes the next time.
final class Retention {
    private static let jobsPerStep = 200
    static let versionsPerStep = 100
    static let filesPerStep = 200
    /// Time to the next step when one did not do all there was.
    private static let pause = Duration.milliseconds(100)

    private let loop: EventLoop
    let policy: RetentionPolicy
    private let clock: TrustedClock
    private let jobStore: JobStore
    let publisher: TablePublisher
    private let stateDirectory: String
    private var timer: Timer?

    init(
        loop: EventLoop,
        policy: RetentionPolicy,
        jobStore: JobStore,
        publisher: TablePublisher,
        stateDirectory: String
    ) {
        self.loop = loop
        self.policy = policy
        self.jobStore = jobStore
        self.publisher = publisher
        self.stateDirectory = stateDirectory
        clock = TrustedClock(wall: EventLoop.wallTime(), at: EventLoop.now())
    }

    /// Looks once, and again whenever it is time to.
    func start() {
        timer = nil
        forgetVersions { [unowned self] versionsLeft in
            forgetJobs { [unowned self] jobsLeft in
                forgetLogs { [unowned self] logsLeft in
                    let isDone = !versionsLeft && !jobsLeft && !logsLeft
                    finish(next: isDone ? policy.interval : Self.pause)
                }
            }
        }
    }

    static func logPath(of job: JobID, in stateDirectory: String) -> String {
        "\(stateDirectory)/logs/\(job).log"
    }

    func now() -> WallTime {
        clock.time(wall: EventLoop.wallTime(), at: EventLoop.now())
    }

    private func finish(next interval: Duration) {
        jobStore.compact { [unowned self] outcome in
            if case .failure(let error) = outcome { report("the job store", error) }
            CoordinatorLog.turn(stateDirectory + "/coordinator.log")
            timer = loop.schedule(after: interval) { [unowned self] in start() }
        }
    }

    // MARK: Versions

    /// Calls `completion` with whether there is more to forget.
    private func forgetVersions(_ completion: @escaping (Bool) -> Void) {
        let (policy, now, reign) = (policy, now(), jobStore.reign)
        publisher.ask { (catalog) throws(CatalogError) in
            try TablePublisher.forgetAppends(of: reign, in: catalog)
            return try Self.forgetVersions(in: catalog, policy, at: now)
        } _: { [unowned self] outcome in
            switch outcome {
            case .success(let (snapshots, files)):
                if snapshots + files > 0 {
                    CoordinatorLog.write("forgot \(snapshots) versions, deleted \(files) files")
                }
                completion(snapshots == Self.versionsPerStep || files == Self.filesPerStep)
            case .failure(let error):
                report("old versions of tables", error)
                completion(false)
            }
        }
    }

    private static func forgetVersions(
        in catalog: Catalog,
        _ policy: RetentionPolicy,
        at now: WallTime
    ) throws(CatalogError) -> (snapshots: Int, files: Int) {
        let expired = policy.expired(try catalog.versions(), limit: versionsPerStep, at: now)
        if !expired.isEmpty { _ = try catalog.expire(expired, at: now) }
        return (expired.count, try deleteFiles(in: catalog, policy, at: now))
    }

    /// Deletes a step's worth of the scheduled files whose time is over; returns how many.
    static func deleteFiles(
        in catalog: Catalog,
        _ policy: RetentionPolicy,
        at now: WallTime
    ) throws(CatalogError) -> Int {
        let files = policy.deletable(
            try catalog.scheduledFiles(),
            below: catalog.dataPath,
            limit: filesPerStep,
            at: now
        )
        let deleted = files.isEmpty ? [] : delete(files, sparing: try catalog.filesOfVersions())
        if !deleted.isEmpty { try catalog.forget(deleted) }
        return deleted.count
    }

    /// Deletes files and returns those that are gone.
    ///
    /// Whoever scheduled them: one that a version names, by whatever path, stays (P7).
    private static func delete(
        _ files: [ScheduledFile],
        sparing named: Set<String>
    ) -> [ScheduledFile] {
        let names = Set(named.map(StoreSweep.name))
        return files.filter { file in
            guard !names.contains(StoreSweep.name(file.path)) else { return false }
            guard Directory.exists(path: file.path) else { return true }
            do throws(StorageError) {
                try Directory.remove(path: file.path)
                return true
            } catch {
                CoordinatorLog.write("an old file stays: \(error)")
                return false
            }
        }
    }

    // MARK: Jobs

    private func forgetJobs(_ completion: @escaping (Bool) -> Void) {
        let cutoff = policy.jobsCutoff(at: now())
        jobStore.ended(before: cutoff, limit: Self.jobsPerStep) { [unowned self] outcome in
            guard let jobs = found(outcome), !jobs.isEmpty else { return completion(false) }
            removeLogs(of: jobs) { [unowned self] in
                forgetCommits(of: jobs) { [unowned self] areForgotten in
                    guard areForgotten else { return completion(false) }
                    jobStore.remove(jobs) { [unowned self] outcome in
                        completion(isDone(outcome) && jobs.count == Self.jobsPerStep)
                    }
                }
            }
        }
    }

    private func forgetCommits(of jobs: [JobID], _ completion: @escaping (Bool) -> Void) {
        let reign = jobStore.reign
        publisher.ask { (catalog) throws(CatalogError) in
            for job in jobs {
                try catalog.forgetCommits(prefix: reign.commitKeyPrefix(job))
            }
        } _: { [unowned self] outcome in
            completion(isDone(outcome))
        }
    }

    private func forgetLogs(_ completion: @escaping (Bool) -> Void) {
        let cutoff = policy.logsCutoff(at: now())
        jobStore.withLogs(before: cutoff, limit: Self.jobsPerStep) { [unowned self] outcome in
            guard let jobs = found(outcome), !jobs.isEmpty else { return completion(false) }
            removeLogs(of: jobs) { [unowned self] in
                jobStore.removeLogs(jobs) { [unowned self] outcome in
                    completion(isDone(outcome) && jobs.count == Self.jobsPerStep)
                }
            }
        }
    }

    private func removeLogs(of jobs: [JobID], _ completion: @escaping () -> Void) {
        let paths = jobs.map { Self.logPath(of: $0, in: stateDirectory) }
        JobLog.remove(paths, loop: loop, completion)
    }

    private func found(_ outcome: Result<[JobID], some Error>) -> [JobID]? {
        if case .failure(let error) = outcome { report("old jobs", error) }
        return try? outcome.get()
    }

    private func isDone(_ outcome: Result<Void, some Error>) -> Bool {
        guard case .failure(let error) = outcome else { return true }
        report("old jobs", error)
        return false
    }

    /// The next look tries again.
    private func report(_ what: String, _ error: some Error) {
        CoordinatorLog.write("\(what) could not be forgotten: \(error)")
    }
}
