import Base

/// What all parts of a simulation share.
final class World {
    let agenda = Agenda()
    let dice: Dice
    let faults: FaultPlan
    let scenario: Scenario
    let network: Network
    let disk: SimulatedDisk
    let catalog = SimulatedCatalog()
    let store = SimulatedJobStore()
    let oracle: Oracle
    let trace: Trace
    let bug: PlantedBug?

    /// Steps whose split index was removed.
    var withoutIndex: Set<StepID> = []
    /// Steps that began anew because of it.
    var distrusted = 0
    /// The next place at which the coordinator's host loses power.
    var armedPoint: CrashPoint?
    var onCrashPoint: () -> Void = {}

    /// The coordinator is at a place where a crash hurts.
    func passes(_ point: CrashPoint) {
        guard armedPoint == point else { return }
        armedPoint = nil
        agenda.after(.zero) { [self] in onCrashPoint() }
    }

    /// Signs of life; short, so that a run needs little time until silence tells.
    static let heartbeat = Duration.seconds(1)
    static let lostAfter = Duration.seconds(6)

    init(seed: UInt64, bug: PlantedBug?, trace: Trace) {
        dice = Dice(seed: seed)
        faults = FaultPlan(dice)
        scenario = Scenario(dice, faults)
        network = Network(agenda, random: dice, faults: faults)
        disk = SimulatedDisk(agenda, random: dice)
        oracle = Oracle(scenario)
        self.trace = trace
        self.bug = bug
        trace.clock = { [unowned agenda] in agenda.now }
    }

    /// A removed index may be back: nobody waits until that it is gone is on the disk.
    func losePower() {
        disk.losePower()
        for step in withoutIndex.sorted() where dice.once(in: 3) { withoutIndex.remove(step) }
    }

    /// Cuts bytes into the parts of a run, each a frame of its own.
    func parts(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        guard bytes.count > 1, dice.once(in: 3) else { return [bytes[...]] }
        let middle = dice.number(1...bytes.count - 1)
        return [bytes[..<middle], bytes[middle...]]
    }
}

/// Places between two effects: a crash there leaves the one without the other.
enum CrashPoint: CaseIterable {
    case recordWritten, segmentsRenamed, committed, jobRecorded
}

/// What happened, line by line; written only when somebody wants to know.
package final class Trace {
    package enum Mode: Sendable {
        case off
        /// Only the hash of all lines.
        case hash
        /// The last lines.
        case keep(Int)
        case print
    }

    private let mode: Mode
    package private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    package private(set) var lines: [String] = []
    var clock: () -> Instant = { Instant(nanoseconds: 0) }

    package init(_ mode: Mode) { self.mode = mode }

    func note(_ text: @autoclosure () -> String) {
        if case .off = mode { return }
        let line = "\(clock().nanoseconds / 1000) \(text())"
        for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        switch mode {
        case .off, .hash: break
        case .keep(let count):
            lines.append(line)
            if lines.count > 2 * count { lines.removeFirst(count) }
        case .print: print(line)
        }
    }
}
