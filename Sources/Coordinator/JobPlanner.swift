import API
import Base
import Columns
import Glibc
import Jobs
import Scheduling

/// A request made concrete: its steps with the files that they read.
struct PlannedJob {
    struct Step {
        var declaration: ResolvedJob
        var files: [String]
        var inputBytes: Int64
    }

    var name: String
    var steps: [Step]
}

/// Why a request cannot become a job; one line for the user who sent it.
struct PlanError: Error { let message: String }

/// Turns a submit request into steps: which declarations, which files on this machine.
struct JobPlanner {
    /// Files that one glob may name; more is a wrong glob rather than a table.
    static let filesPerStep = 10_000

    let library: JobLibrary
    let rawDirectory: String

    func plan(_ request: SubmitRequest) throws(PlanError) -> PlannedJob {
        if let names = request.ingest { return try planIngest(names) }
        let declarations = try resolve(request)
        guard !declarations.isEmpty else {
            throw PlanError(message: "no job is named; try otjob submit imdb")
        }
        let isWorkflow = request.jobs.count == 1 && request.files.isEmpty
        let name =
            isWorkflow ? request.jobs[0] : declarations.map(\.name).joined(separator: "+")
        var steps: [PlannedJob.Step] = []
        for declaration in declarations {
            let files = try self.files(of: declaration, request, isOnlyJob: declarations.count == 1)
            try checkKind(of: files)
            steps.append(
                PlannedJob.Step(
                    declaration: declaration,
                    files: files,
                    inputBytes: Self.sizeBytes(of: files)
                )
            )
        }
        try checkTables(declarations)
        return PlannedJob(name: name, steps: steps)
    }

    private func planIngest(_ names: [String]) throws(PlanError) -> PlannedJob {
        do throws(SourceError) {
            let steps = try library.sources.sources(named: names).map { source in
                PlannedJob.Step(declaration: ResolvedJob(.ingest(source)), files: [], inputBytes: 0)
            }
            return PlannedJob(name: "ingest", steps: steps)
        } catch {
            throw PlanError(message: "\(error)")
        }
    }

    private func resolve(_ request: SubmitRequest) throws(PlanError) -> [ResolvedJob] {
        do throws(JobError) {
            var jobs: [ResolvedJob] = []
            for name in request.jobs {
                jobs += try library.resolve(name, set: request.set).shifted(by: jobs.count)
            }
            for file in request.files {
                jobs += try library.resolve(
                    fileText: file.text,
                    file: file.name,
                    set: request.set
                ).shifted(by: jobs.count)
            }
            if request.input != nil { jobs = jobs.withoutIngests }
            if request.force == true {
                for index in jobs.indices { jobs[index].rules.onlyIfChanged = false }
            }
            return jobs
        } catch {
            throw PlanError(message: "\(error)")
        }
    }

    /// Two steps of one job must not write the same table.
    private func checkTables(_ declarations: [ResolvedJob]) throws(PlanError) {
        var seen: Set<String> = []
        for job in declarations.compactMap(\.table)
        where !seen.insert("\(job.schema).\(job.table)").inserted {
            throw PlanError(message: "two jobs of the request load the table \(job.table)")
        }
    }

    /// The files of a step.
    ///
    /// A name that matches nothing stays, so that the step can say so.
    private func files(
        of declaration: ResolvedJob,
        _ request: SubmitRequest,
        isOnlyJob: Bool
    ) throws(PlanError) -> [String] {
        guard let declaredInput = declaration.input else { return [] }
        var pattern = declaredInput
        if let input = request.input {
            if isDirectory(input) {
                pattern = "\(input)/\(declaredInput)"
            } else if isOnlyJob {
                pattern = input
            } else {
                let text =
                    "--input \(input) is no folder on the coordinator's machine; with "
                    + "several jobs it must be the folder that holds their files"
                throw PlanError(message: text)
            }
        } else if !pattern.hasPrefix("/") {
            pattern = "\(rawDirectory)/\(pattern)"
        }
        let files = matches(of: pattern)
        guard files.count <= Self.filesPerStep else {
            let text = "\(pattern) names \(files.count) files, more than \(Self.filesPerStep)"
            throw PlanError(message: text)
        }
        return files.isEmpty ? [pattern] : files
    }

    /// The size of all files together, those that are not there left out.
    static func sizeBytes(of files: [String]) -> Int64 {
        files.reduce(0) { $0 + Int64(status(of: $1)?.st_size ?? 0) }
    }

    /// What is there must be a file; for one that is not, the step can say so.
    private func checkKind(of files: [String]) throws(PlanError) {
        for path in files {
            guard let status = Self.status(of: path), status.st_mode & S_IFMT != S_IFREG else {
                continue
            }
            throw PlanError(message: "\(path) is no regular file on the coordinator's machine")
        }
    }

    private func isDirectory(_ path: String) -> Bool {
        Self.status(of: path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
    }

    /// Nothing is opened: a pipe would hold whoever opens it until somebody writes.
    private static func status(of path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    private func matches(of pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { index in
            found.gl_pathv[index].map { String(cString: $0) }
        }
    }
}

extension [ResolvedJob] {
    /// The jobs as they stand behind so many others.
    fileprivate func shifted(by count: Int) -> [ResolvedJob] {
        map { job in
            var job = job
            job.rules.needs = job.rules.needs.map { $0 + count }
            return job
        }
    }

    /// The jobs whose files are read where they are.
    fileprivate var withoutIngests: [ResolvedJob] {
        var places: [Int: Int] = [:]
        var kept: [ResolvedJob] = []
        for (index, job) in enumerated() {
            if case .action(.ingest) = job.work { continue }
            places[index] = kept.count
            kept.append(job)
            kept[kept.count - 1].rules.needs = job.rules.needs.compactMap { places[$0] }
        }
        return kept
    }
}

extension ResolvedJob {
    /// The declaration of a job that loads a table.
    var table: JobDeclaration? {
        if case .table(let job) = work { job } else { nil }
    }
}

extension SchedulingSettings {
    /// The scheduler's settings as `cluster.yaml` gives them.
    init(_ configuration: ClusterConfiguration, epoch: Int64, livingWorkers: [PoolID: Int]) {
        let pools = configuration.pools.map { pool in
            PoolSettings(
                id: pool.name,
                startsWorkers: pool.provider != .static,
                workers: pool.workers,
                minWorkers: pool.minWorkers,
                maxWorkers: pool.maxWorkers,
                acquireTimeout: pool.acquireTimeout,
                isOnDemand: pool.provider == .command,
                autoscale: pool.autoscale.map { autoscale in
                    Autoscale(
                        tasksPerWorker: autoscale.tasksPerWorker,
                        coolDown: autoscale.coolDown
                    )
                }
            )
        }
        self.init(
            maxAttempts: configuration.scheduler.maxAttempts,
            lostAfter: configuration.scheduler.lostAfter,
            fallbackAfter: configuration.scheduler.fallbackAfter,
            queueTimeout: configuration.scheduler.queueTimeout,
            pools: pools,
            epoch: epoch,
            expectedWorkers: livingWorkers,
            speculates: configuration.scheduler.speculate
        )
    }
}

extension StepPlan {
    /// A planned step as the scheduler sees it; `snapshot` when it was published before.
    init(_ step: PlannedJob.Step, published snapshot: SnapshotID?, finished: FinishedTasks) {
        let declared = step.declaration.rules
        let knownSize = step.inputBytes > 0 ? step.inputBytes : nil
        let rules = StepRules(
            needs: declared.needs,
            onlyIfChanged: declared.onlyIfChanged,
            retries: declared.retries,
            retryDelay: declared.retryDelay,
            timeout: declared.timeout?.duration(sizeBytes: knownSize)
        )
        switch step.declaration.work {
        case .table(let job):
            self.init(
                source: snapshot.map { .published($0) } ?? .input(sizeBytes: step.inputBytes),
                columnCount: job.transform.columns.count,
                rejectLimits: job.rejectLimits,
                allowsEmpty: job.allowEmpty,
                finished: finished,
                rules: rules,
                isMerged: job.transform.sortsRows
            )
        case .selftest(let test):
            self.init(source: .synthetic(tasks: test.tasks), finished: finished, rules: rules)
        case .action:
            self.init(source: .action, rules: rules)
        }
    }
}
