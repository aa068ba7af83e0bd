import Base
import Columns
import Gzip
import Ingestion
import Jobs
import Query
import Scheduling
import Transport

/// Steps that the coordinator carries out itself.
extension CoordinatorShell {
    func perform(_ step: StepID, _ attempt: Int) {
        guard case .action(let action)? = context(step)?.declaration.work else {
            preconditionFailure("step \(step) is no action")
        }
        let answer = { [unowned self] (outcome: ActionOutcome) in
            switch outcome {
            case .done(let isChanged):
                handle(.performed(step, attempt: attempt, isChanged: isChanged))
            case .failed(let reason):
                handle(.performFailed(step, attempt: attempt, reason: reason))
            }
        }
        switch action {
        case .ingest(let source): ingest(source, step, answer)
        case .views(let names): publishViews(names, answer)
        case .quality(let tables): report(tables, step, answer)
        }
    }

    /// How an action ended.
    enum ActionOutcome {
        case done(isChanged: Bool)
        case failed(reason: String)
    }

    private func publishViews(_ names: [String], _ answer: @escaping (ActionOutcome) -> Void) {
        let texts = ShippedViews.all.filter { names.contains($0.name) }.map {
            ViewText(shipped: $0.name, sql: $0.sql)
        }
        views.publishWhatIsMissing(texts, of: library.shippedJobs) { outcome in
            switch outcome {
            case .success(let isChanged): answer(.done(isChanged: isChanged))
            case .failure(let error): answer(.failed(reason: error.reason))
            }
        }
    }

    func abandon(_ step: StepID) { ingestor.abandon(step) }

    private func ingest(
        _ source: SourceDeclaration,
        _ step: StepID,
        _ answer: @escaping (ActionOutcome) -> Void
    ) {
        let plan = IngestPlan(
            source: source,
            policy: configuration.downloads,
            cut: library.job(reading: source.fileName).map { job in
                SplitIndex.Cut(
                    chunkSizeBytes: Int(configuration.scheduler.chunkSizeBytes),
                    hasHeader: job.hasHeader
                )
            }
        )
        ingestor.begin(step, plan) { [unowned self] stored, total in
            guard let context = context(step) else { return }
            (context.inputReadBytes, context.inputBytes) = (stored, max(total ?? 0, stored))
            jobs[step.job]?.hasNews = true
        } _: { [unowned self] outcome in
            if let sizeBytes = outcome.sizeBytes, let context = context(step) {
                (context.inputReadBytes, context.inputBytes) = (sizeBytes, sizeBytes)
            }
            jobs[step.job]?.log.write("step \(step.index) \(outcome)")
            log(outcome, of: step) { [unowned self] in
                if let reason = outcome.error {
                    answer(.failed(reason: "\(outcome.dataset): \(reason)"))
                } else {
                    resizeInputs(of: step.job)
                    answer(.done(isChanged: outcome.isChanged))
                }
            }
        }
    }

    /// Tells the scheduler what the steps that have not begun will read.
    private func resizeInputs(of job: JobID) {
        for step in jobs[job]?.steps ?? [] where step.table != nil && step.started == nil {
            let sizeBytes = JobPlanner.sizeBytes(of: step.files)
            guard sizeBytes != step.inputBytes else { continue }
            step.inputBytes = sizeBytes
            handle(.inputSized(step.id, sizeBytes: sizeBytes))
        }
    }

    /// Writes the row of `ott.ingestion_log`; one that cannot be written keeps no file from use.
    private func log(
        _ outcome: IngestOutcome,
        of step: StepID,
        _ completion: @escaping () -> Void
    ) {
        let rows = SystemRows(
            IngestionLog.table,
            rows: [IngestionLog.row(outcome)],
            message: "job \(step.job): ingest of \(outcome.dataset)"
        )
        publisher.append(rows, reign: jobStore.reign) { answer in
            if case .failure(let error) = answer {
                CoordinatorLog.write("ott.ingestion_log lacks a row: \(error)")
            }
            completion()
        }
    }
}

extension IngestOutcome: CustomStringConvertible {
    var description: String {
        let what =
            error.map { "failed: \($0)" }
            ?? (isChanged
                ? "brought \(ByteCount(sizeBytes ?? 0)), MD5 \(md5 ?? "")" : "is unchanged")
        return "\(dataset) from \(source) \(what), \(tries) requests, \(duration.seconds) s"
    }
}
