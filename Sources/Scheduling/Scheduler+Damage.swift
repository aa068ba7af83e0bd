import Base

/// Damaged inputs whose lines are wrong before their checksum says so.
///
/// The CRC of a gzip member stands at its end. A flipped bit may make a thousand lines unreadable
/// long before that, and who is told of lines looks for them in vain. So where lines fail a job
/// whose input was not read to its end, that is looked into before the job is said to have ended.
extension Scheduler {
    /// Fails a step for what is in its lines.
    mutating func failForLines(of id: StepID, reason: String) {
        if reading == id, step(id)?.state == .reading { searched = id }
        end(id.job, .failed(reason: reason), failing: id)
    }

    /// Takes the answer to `searchDamage`: what damage there is, if any.
    mutating func noteDamage(_ damage: String?, of id: StepID) {
        guard searched == id else { return }
        searched = nil
        changes.formUnion(.jobs)
        if let damage, case .ended(.failed(let reason)) = jobs[id.job]?.state {
            let both = "\(damage); that may be why \(reason)"
            jobs[id.job]?.state = .ended(.failed(reason: both))
            update(id) { $0.state = .failed(reason: both) }
            commands.append(.stepChanged(id))
        }
        announceEnd(id.job)
    }

    /// Ends the search of a job that somebody wants to see ended.
    mutating func stopSearch(of job: JobID) {
        guard let step = searched, step.job == job else { return }
        commands.append(.closeInput(step))
        noteDamage(nil, of: step)
    }
}
