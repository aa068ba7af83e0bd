import Base
import Dispatch
import Ingestion
import Jobs
import Scheduling
import Transport

/// The ingests that are under way, by their step.
///
/// Lives on the loop. Each dataset has a serial queue, so that two jobs never write one file.
final class Ingestor {
    private let loop: EventLoop
    private let store: RawStore
    private let indexes: IndexStore
    private var runs: [StepID: IngestRun] = [:]
    private var queues: [String: DispatchQueue] = [:]

    init(loop: EventLoop, store: RawStore, indexes: IndexStore) {
        self.loop = loop
        self.store = store
        self.indexes = indexes
    }

    /// Begins an ingest; `completion` follows on the loop unless it is abandoned before.
    func begin(
        _ step: StepID,
        _ plan: IngestPlan,
        progress: @escaping (_ storedBytes: Int64, _ ofBytes: Int64?) -> Void,
        _ completion: @escaping (IngestOutcome) -> Void
    ) {
        let answers = LoopBound((progress: progress, completion: completion), loop: loop)
        let run = IngestRun(plan, store: store, indexes: indexes) { [loop] stored, total in
            loop.execute { answers.value.progress(stored, total) }
        }
        runs[step] = run
        let ingestor = LoopBound(self, loop: loop)
        queue(of: plan.source.dataset).async { [loop] in
            let outcome = run.run()
            loop.execute {
                // Of an abandoned run nobody wants to know.
                guard ingestor.value.runs[step] === run else { return }
                ingestor.value.runs[step] = nil
                answers.value.completion(outcome)
            }
        }
    }

    /// Ends an ingest soon; nothing is told of it any more.
    func abandon(_ step: StepID) { runs.removeValue(forKey: step)?.cancel() }

    /// Ends all of them, for the end of the process.
    func abandonAll() {
        for run in runs.values { run.cancel() }
        runs = [:]
    }

    private func queue(of dataset: String) -> DispatchQueue {
        if let queue = queues[dataset] { return queue }
        let queue = DispatchQueue(label: "ingest-\(dataset)", qos: .utility)
        queues[dataset] = queue
        return queue
    }
}
