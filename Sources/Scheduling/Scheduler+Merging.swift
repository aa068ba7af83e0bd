import Base

/// Tables whose rows are sorted: a step's second stage.
///
/// The tasks of the chunks sort them; when all of these are durable, tasks are planned that merge what
/// was sorted, and are leased, lost and tried again like any others.
extension Scheduler {
    /// Has the merging of every step planned whose chunks are all sorted.
    ///
    /// Rows that are not to be published need not be merged.
    mutating func planMerges() {
        for id in progressed.sorted() where jobs[id]?.state == .running {
            for step in jobs[id]?.steps ?? [] where step.waitsForMerge {
                if let reason = rejectReason(of: step) ?? emptyReason(of: step) {
                    end(id, .failed(reason: reason), failing: step.id)
                    break
                }
                update(step.id) { $0.merge = .planning }
                commands.append(.planMerge(step.id))
            }
        }
    }

    mutating func applyMergeEvent(_ event: Event) {
        switch event {
        case .mergePlanned(let id, let chunks):
            guard let step = step(id), !step.state.isEnded, step.merge == .planning else { return }
            update(id) { $0.appendMerge(chunks) }
            listReadyStep(id)
            noteProgress(of: id.job)
            commands.append(.stepChanged(id))
        case .mergeFailed(let id, let reason):
            guard let step = step(id), !step.state.isEnded else { return }
            end(id.job, .failed(reason: reason), failing: id)
        default:
            preconditionFailure("not an event of a merge: \(event)")
        }
    }
}
