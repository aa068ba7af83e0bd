import Base

/// What came of many runs.
package struct Summary: Sendable {
    package private(set) var runs = 0
    package private(set) var calmRuns = 0
    package private(set) var time = Duration.zero
    package private(set) var events = 0
    package private(set) var faults: [Fault: Int] = [:]
    /// Of all traces, whatever the order of the runs.
    package private(set) var hash: UInt64 = 0
    /// Runs in which something was wrong, by seed.
    package private(set) var failures: [Report] = []

    package init() {}

    package mutating func add(_ report: Report) {
        runs += 1
        if report.faults.isEmpty { calmRuns += 1 }
        time += report.time
        events += report.events
        faults.merge(report.faults, uniquingKeysWith: +)
        hash &+= report.hash &* (report.seed | 1)
        if report.violation != nil { failures.append(report) }
    }

    package mutating func add(_ other: Summary) {
        runs += other.runs
        calmRuns += other.calmRuns
        time += other.time
        events += other.events
        faults.merge(other.faults, uniquingKeysWith: +)
        hash &+= other.hash
        failures = (failures + other.failures).sorted { $0.seed < $1.seed }
    }

    /// For people, line by line.
    package var lines: [String] {
        let kinds = Fault.allCases.compactMap { fault in
            faults[fault].map { "\(fault.rawValue) \($0)" }
        }
        return [
            "\(runs) seeds, \(failures.count) bad; \(calmRuns) of them without a fault",
            "\(Int(time.seconds / 3600)) simulated hours, \(events) events",
            "faults: \(kinds.joined(separator: ", "))",
        ]
    }
}

/// Seeds that have shown a mistake of the product; they are run first.
///
/// What a seed does depends on how scenarios are drawn: after a change of that it is another run,
/// as good as any.
package let knownSeeds: [(seed: UInt64, story: String)] = [
    (5, "finished tasks without data were done again: their spool file went with their step"),
    (169, "a job failed, its results were removed, and a crash brought it back to do all again"),
    (47, "after a failed sync the header of a new spool file was written over"),
    (488, "a restart relied on records that no sync had reached, and the next sync failed"),
    (255, "a worker that was let go was cut off amid a result, before it read why"),
    (85727, "a started worker whose connection ended with its hello was awaited for ever"),
]
