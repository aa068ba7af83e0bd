import Base

/// Whether a worker fails more than others do: what its own failures and all successes tell.
struct WorkerHealth: Sendable {
    private struct Failure: Sendable {
        var time: Instant
        /// Attempts that the worker had finished by then, and its pool without it.
        var own: Int
        var others: Int
    }

    /// Failures further back say nothing about a worker's health now; a guess.
    static let window = Duration.seconds(600)
    /// Failures before a worker is judged: fewer may be chance.
    static let failureLimit = 3
    /// The first time a worker is set aside for; each following one is twice as long.
    static let firstPause = Duration.seconds(30)
    static let lastPause = Duration.seconds(600)

    private var failures: [Failure] = []
    private var pause = WorkerHealth.firstPause

    /// Notes a failure; returns what is wrong with the worker, if it is the worker.
    ///
    /// It is when it failed several times within the window, at least as often as it succeeded,
    /// while others succeeded more often than that: else the tasks or the cluster are at fault.
    mutating func noteFailure(own: Int, others: Int, at now: Instant) -> String? {
        failures.removeAll { now - $0.time > Self.window }
        failures.append(Failure(time: now, own: own, others: others))
        guard failures.count >= Self.failureLimit, let first = failures.first,
            own - first.own <= failures.count, others - first.others > failures.count
        else {
            // Only so many can ever count, however many there are.
            failures = failures.suffix(64)
            return nil
        }
        let minutes = Int(Self.window.seconds) / 60
        return "failed \(failures.count) times within \(minutes) minutes and finished "
            + "\(own - first.own) tasks, while others finished \(others - first.others)"
    }

    /// How long the worker is to pause now; a growing time.
    mutating func takePause() -> Duration {
        failures = []
        defer { pause = min(pause * 2, Self.lastPause) }
        return pause
    }
}
