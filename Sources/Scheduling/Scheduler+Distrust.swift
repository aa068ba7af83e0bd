package import Base

/// Inputs that are not what they were read as.
///
/// A split index may pass all of its own checks and still say something else than its file does, and
/// what shows that may come late: a worker inflates another text, or chunks that an earlier
/// coordinator has cut are other ones now. Nobody can say then which of the results before were
/// right. So none of them is believed: the step forgets all of them, durable ones too, and its input
/// is read once more, from the files alone.
extension Scheduler {
    /// Whether chunks of the step are being cut.
    ///
    /// What was asked of an input that was closed may be answered before the next one is open: that
    /// does not count.
    package func isCutting(_ id: StepID) -> Bool {
        reading == id && step(id)?.state == .reading
    }

    /// Begins a step anew, from its files alone; the second time the job fails.
    mutating func distrustInput(of id: StepID, reason: String) {
        guard let step = step(id), step.state == .reading || step.state == .read else { return }
        // Nor has a worker anything to distrust of tasks without an input.
        guard step.source.isInput, !step.isReadAnew else {
            return end(id.job, .failed(reason: reason), failing: id)
        }
        abandonTasks(of: step, .inputDistrusted)
        clearReadyTasks(of: id)
        postponed.removeAll { $0.task.step == id }
        if reading == id {
            reading = nil
            commands.append(.closeInput(id))
        }
        update(id) { $0.beginAnew(reason: reason) }
        changes.formUnion(.jobs)
        let text = "step \(id.index) begins anew, no result of it is believed: \(reason)"
        commands.append(.note(id.job, text))
        commands.append(.stepChanged(id))
    }
}
