import Base

/// What the scheduler knows of room on the coordinator's disks.
///
/// Short of room, nothing new is begun: no chunk is cut, no attempt leased, no job started. What
/// runs may end, and a finished table may be published, which frees its spool file: that is what the
/// reserve is for. Once a disk is full, publishing waits as well, for a while that doubles.
package struct SpaceState: Sendable, Equatable {
    /// How long nothing is tried after a disk was found full; a guess at how soon somebody deletes
    /// something.
    static let firstDelay = Duration.seconds(1)
    static let lastDelay = Duration.seconds(30)

    /// Why there is less than the reserve; nil when there is enough.
    package internal(set) var shortage: String?
    /// Since when nothing could be stored; nil while something can.
    private(set) var fullSince: Instant?
    private var full: Full?
    private var delay = firstDelay

    /// Why something could not be stored, and until when nothing is stored.
    private struct Full: Equatable {
        let reason: String
        let until: Instant
    }

    /// Why nothing new is begun; nil when there is room.
    func reason(at now: Instant) -> String? { fullReason(at: now) ?? shortage }

    /// Why nothing is stored for now.
    func fullReason(at now: Instant) -> String? {
        full.flatMap { now < $0.until ? "a disk is full: \($0.reason)" : nil }
    }

    /// What the last failure to store said.
    var lastFullReason: String? { full?.reason }

    /// Notes that something could not be stored; what fails within one pause makes it no longer.
    mutating func noteFull(_ reason: String, at now: Instant) {
        guard fullReason(at: now) == nil else { return }
        fullSince = fullSince ?? now
        full = Full(reason: reason, until: now + delay)
        delay = min(delay * 2, Self.lastDelay)
    }

    /// Notes that something was stored: there is room again.
    mutating func noteStored() {
        full = nil
        fullSince = nil
        delay = Self.firstDelay
    }
}

extension Scheduler {
    /// Ends the oldest job when nothing could be stored for as long as a job may wait.
    ///
    /// What it held goes with it, so the next ones are tried anew; one that does not fit on the disk
    /// would otherwise wait for ever (failure-model.md, P4).
    mutating func checkSpace() {
        guard let since = space.fullSince, now - since > settings.queueTimeout,
            let id = runningJobs.first, let reason = space.lastFullReason
        else { return }
        let time = Int((now - since).seconds)
        end(id, .failed(reason: "a disk was full for \(time) s: \(reason)"), failing: nil)
    }

    /// Lets jobs say that they wait for room on a disk, and no longer than they do.
    mutating func tellSpace() {
        let reason = space.reason(at: now)
        guard reason != nil || toldSpaceReason != nil else { return }
        for id in runningJobs {
            let told = jobs[id]?.waitingReason
            // A job without a pool says that: it would wait with room, too.
            if told == nil || told == toldSpaceReason { jobs[id]?.waitingReason = reason }
        }
        toldSpaceReason = reason
    }

    /// What a full disk prevented is done again, and not counted: the task is not at fault.
    mutating func tryAgain(_ attempt: AttemptID, reason: String) {
        guard let task = endAttempt(attempt, .notStored(reason: reason)) else {
            lateReports += 1
            return
        }
        space.noteFull(reason, at: now)
        returnTask(task, of: attempt)
    }

    /// Publishes a step again once there may be room.
    mutating func publishLater(_ id: StepID, reason: String) {
        space.noteFull(reason, at: now)
        update(id) { $0.state = .read }
        noteProgress(of: id.job)
        commands.append(.note(id.job, "step \(id.index) is published again later: \(reason)"))
        commands.append(.stepChanged(id))
    }
}
