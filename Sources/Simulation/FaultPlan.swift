import Base

/// Something that goes wrong.
package enum Fault: String, CaseIterable, Sendable {
    // Processes
    case coordinatorKilled
    case coordinatorLosesPower
    case coordinatorPaused
    case workerKilled
    case workerLosesPower
    case workerPaused
    case slowWorker
    /// A chunk that never comes back, although the worker beats on.
    case stuckSlot
    // Network
    case delay
    case cut
    case oneWayCut
    case reset
    /// A report that arrives a second time, on the same connection or a later one.
    case repeatedReport
    // Disk
    case diskFull
    case diskError
    /// A split index that is right by its own checksum, and not what its file holds.
    case wrongIndex
    // Catalog
    case catalogBusy
    case lostCommitAnswer
    case failingLookUp
    // Workers that cannot be started
    case launchFailure
    // What people do
    case drain
    case scale
    case cancel
}

/// Which faults a run has, and how often.
///
/// Few kinds at a time, drawn from the seed: all at once drown each other out.
struct FaultPlan {
    private var enabled: Set<Fault> = []
    /// Time between two faults, at most.
    private(set) var interval = Duration.seconds(5)
    /// How long faults go on.
    private(set) var duration = Duration.seconds(30)

    init(_ dice: Dice) {
        // One run in ten is calm: there, nothing may fail that is not the input's fault.
        guard !dice.once(in: 10) else { return }
        let probability = dice.number(1...5)
        for fault in Fault.allCases where dice.number(1...8) <= probability {
            enabled.insert(fault)
        }
        // A lease is overdue after ten minutes: long to wait for.
        if !dice.once(in: 8) { enabled.remove(.stuckSlot) }
        interval = .milliseconds(Int64(dice.pick([500, 1500, 4000, 8000]) ?? 1000))
        duration = .seconds(Int64(dice.number(8...50)))
    }

    var isCalm: Bool { enabled.isEmpty }

    func isEnabled(_ fault: Fault) -> Bool { enabled.contains(fault) }

    /// Kinds to draw from, in a fixed order.
    var kinds: [Fault] { Fault.allCases.filter(enabled.contains) }
}
