import Base
import Catalog
import Jobs
import Scheduling
import Sorting
import Spool
import Transport
import Wire

/// What a step needs of the coordinator: its input, its attempts, its results and its table.
extension CoordinatorShell {
    // MARK: Input

    func openInput(_ step: StepID) {
        guard let context = context(step), let job = context.table else { return }
        // What was begun before a restart is gone on with.
        guard context.isLoadedIfChanged, context.recovered == nil else {
            return openInput(step, loaded: nil)
        }
        publisher.ask { (catalog) throws(CatalogError) in
            try LoadedInput.last(of: job, in: catalog)
        } _: { [unowned self] outcome in
            // The job may have been cancelled meanwhile.
            guard scheduler.reading == step else { return }
            if case .failure(let error) = outcome {
                CoordinatorLog.write("step \(step) is loaded, changed or not: \(error)")
            }
            openInput(step, loaded: (try? outcome.get()) ?? nil)
        }
    }

    private func openInput(_ step: StepID, loaded: LoadedInput?) {
        guard let context = context(step), let job = context.table else { return }
        let isReadAnew = scheduler.step(step)?.isReadAnew ?? false
        let plan = InputPlan(
            files: context.files,
            declaration: job.transform,
            hasHeader: job.hasHeader,
            chunkSizeBytes: context.recovered?.chunkSizeBytes ?? configuredChunkSizeBytes,
            expected: context.recovered?.files,
            usesIndexes: !isReadAnew,
            loaded: loaded
        )
        let shell = LoopBound(self, loop: loop)
        inputs.open(step, plan) { [loop] answer in
            loop.execute { shell.value.inputAnswered(step, answer) }
        }
    }

    /// Forgets what came of the step's input, and reads that from its files alone.
    ///
    /// First the results, and only then the indexes: whenever this is cut short, a coordinator that
    /// comes back finds it out again, or finds nothing.
    func reopenInput(_ step: StepID) {
        guard let context = context(step), let job = context.table else { return }
        let chunkSizeBytes = context.recovered?.chunkSizeBytes ?? configuredChunkSizeBytes
        context.recovered = nil
        context.results = [:]
        context.merge = nil
        context.inputReadBytes = 0
        spool?.discard(step) { [unowned self] outcome in
            // The job may have ended meanwhile.
            guard scheduler.reading == step else { return }
            if case .failure(let error) = outcome {
                return handle(.inputFailed(step, reason: "its results stay behind: \(error)"))
            }
            inputs.discardIndexes(
                of: context.files,
                chunkSizeBytes: chunkSizeBytes,
                hasHeader: job.hasHeader
            )
            openInput(step, loaded: nil)
        }
    }

    func searchDamage(_ step: StepID) {
        let shell = LoopBound(self, loop: loop)
        inputs.searchDamage(step) { [loop] answer in
            loop.execute { shell.value.inputAnswered(step, answer) }
        }
    }

    private func inputAnswered(_ step: StepID, _ answer: InputReader.Answer) {
        switch answer {
        case .opened(let files):
            context(step)?.readFiles = files.map { LoadedInput.File($0, crc32: nil) }
            begin(step, of: files)
            handle(.inputOpened(step))
        case .note(let text): jobs[step.job]?.log.write("step \(step.index) \(text)")
        case .ended(let checksums):
            if scheduler.isCutting(step) { context(step)?.note(checksums) }
            handle(.inputEnded(step))
        case .unchanged:
            jobs[step.job]?.log.write("step \(step.index): nothing has changed since the last load")
            handle(.inputUnchanged(step))
        case .failed(let reason): handle(.inputFailed(step, reason: reason))
        case .distrusted(let reason): handle(.inputDistrusted(step, reason: reason))
        case .searched(let damage): handle(.damageSearched(step, damage: damage))
        case .chunk(let text):
            guard let state = scheduler.step(step), scheduler.isCutting(step) else { return }
            context(step)?.inputReadBytes = text.compressedBytes
            chunks.insert(text, as: TaskID(step: step, index: state.tasks.count))
            handle(.chunkCut(step, ChunkSummary(text), readBytes: text.compressedBytes))
        }
    }

    /// What results of the step's input are stored under, unless an earlier coordinator began it.
    private func begin(_ step: StepID, of files: [SpoolHeader.InputFile]) {
        guard let context = context(step), context.recovered == nil else { return }
        spool?.begin(
            SpoolHeader(
                step: step,
                chunkSizeBytes: configuredChunkSizeBytes,
                declarationHash: context.declarationHash,
                files: files
            )
        )
    }

    private var configuredChunkSizeBytes: Int { Int(configuration.scheduler.chunkSizeBytes) }

    // MARK: Attempts

    func lease(_ attempt: AttemptID, _ task: TaskID, to worker: WorkerID) {
        if let merge = context(task.step)?.merge, task.index >= merge.firstTask {
            return merges.read(task, of: merge) { [unowned self] text in
                lease(text, attempt, task, to: worker)
            }
        }
        chunks.lease(task) { [unowned self] text in lease(text, attempt, task, to: worker) }
    }

    private func lease(
        _ text: Result<CutText, some Error>,
        _ attempt: AttemptID,
        _ task: TaskID,
        to worker: WorkerID
    ) {
        // Revoked while its text was read back: not sent for nothing.
        guard scheduler.attempt(attempt) != nil, let job = context(task.step)?.table else { return }
        switch text {
        case .success(let text):
            links[worker]?.lease(
                text,
                attempt: attempt,
                step: task.step,
                declaration: job.transform
            )
        case .failure(let error):
            handle(.attemptFailed(attempt, .transient, reason: "\(error)"))
        }
    }

    /// Has the tasks planned that merge what the step's chunks were sorted to.
    func planMerge(of step: StepID) {
        guard let context = context(step), let tasks = scheduler.step(step)?.tasks else { return }
        let limitBytes = context.recovered?.chunkSizeBytes ?? configuredChunkSizeBytes
        let runs = tasks.indices.map { context.results[$0]?.sortedRun }
        merges.plan(runs, limitBytes: limitBytes) { [unowned self] outcome in
            switch outcome {
            case .success(let merge):
                context.merge = merge
                handle(.mergePlanned(step, merge.plan.tasks.map(\.summary)))
            case .failure(let error): handle(.mergeFailed(step, reason: error.description))
            }
        }
    }

    func leaseSynthetic(_ batch: [SyntheticAttempt], to worker: WorkerID) {
        let leases = batch.compactMap { item -> SyntheticLease? in
            guard case .selftest(let test) = context(item.task.step)?.declaration.work else {
                return nil
            }
            return SyntheticLease(test, attempt: item.attempt, task: item.task.index)
        }
        links[worker]?.send(.leaseSynthetic(leases))
    }

    func stored(_ answer: SpoolAnswer) {
        switch answer {
        case .result(let attempt, .success(let result)):
            giveCredit(for: attempt)
            if let task = scheduler.attempt(attempt)?.task {
                context(task.step)?.results[task.index] = result
            }
            handle(.resultStored(attempt))
        case .result(let attempt, .failure(let error)):
            giveCredit(for: attempt)
            refused(attempt, error)
        case .finished(let attempts, nil):
            handle(.finishedStored(attempts))
        case .finished(let attempts, let error?):
            for attempt in attempts { refused(attempt, error) }
        }
    }

    private func refused(_ attempt: AttemptID, _ error: SpoolError) {
        let reason = error.description
        handle(.storeFailed(attempt, reason: reason, isDiskFull: error.isDiskFull))
    }

    /// Forgets an arrived result and lets its worker send as much again.
    func giveCredit(for attempt: AttemptID) {
        guard let (result, worker) = arrived.removeValue(forKey: attempt) else { return }
        links[worker]?.send(.credit(bytes: Int64(result.result.payloadSizeBytes)))
    }

    // MARK: Publication

    func publish(_ id: StepID) {
        guard let context = context(id), let job = context.table, let step = scheduler.step(id)
        else { return }
        let release = TableRelease(
            step: id,
            reign: jobStore.reign,
            job: job,
            spoolPath: ResultSpool.path(of: id, in: spoolDirectory),
            results: step.tasks.indices.compactMap { context.results[$0] },
            chunks: step.tasks.map(\.chunk),
            merge: context.merge,
            extraInfo: releaseInfo(of: id)
        )
        precondition(release.results.count == step.tasks.count, "a finished task has no result")
        publisher.publish(release) { [unowned self] outcome in
            switch outcome {
            case .success(let snapshot):
                spool?.remove([id])
                handle(.published(id, snapshot))
            case .failure(let error):
                let reason = error.description
                handle(.publishFailed(id, reason: reason, isDiskFull: error.isDiskFull))
            }
        }
    }

    func close(_ step: StepID) {
        spool?.drop(step)
        context(step)?.results = [:]
        context(step)?.merge = nil
        for link in links.values { link.forget(step) }
    }

    /// Removes what the spool holds of a job that has ended.
    func removeResults(of job: JobContext, _ completion: @escaping () -> Void = {}) {
        guard let spool else { return completion() }
        spool.remove(job.steps.map(\.id), completion)
    }
}
