import Dispatch
import Glibc
import Simulation
import Synchronization

/// Runs seeds of the simulation on all processors, and tells what came of them.
struct Options {
    var seeds: UInt64 = 1000
    var first: UInt64 = 1
    var bug: PlantedBug?
    var isTracing = false
    /// Hash the traces, to be compared with those of another process.
    var isHashing = false

    static let usage = """
        Usage: scripts/simulate [--seeds N] [--first S] [--bug NAME] [--trace | --hash]
        Runs the simulator with the seeds S (1), S + 1, ...; N (1000) of them. Exit code 1 when one of
        them shows something wrong. --trace prints all that happens, for one seed; --hash a number
        that two processes must agree on. --bug plants a mistake that is to be found:
        \(PlantedBug.allCases.map(\.rawValue).joined(separator: "\n"))
        """

    init?(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let argument = rest.popFirst() {
            switch argument {
            case "--trace": isTracing = true
            case "--hash": isHashing = true
            case "--seeds":
                guard let value = rest.popFirst().flatMap(UInt64.init), value > 0 else {
                    return nil
                }
                seeds = value
            case "--first":
                guard let value = rest.popFirst().flatMap(UInt64.init) else { return nil }
                first = value
            case "--bug":
                guard let bug = rest.popFirst().flatMap(PlantedBug.init) else { return nil }
                self.bug = bug
            default: return nil
            }
        }
        if isTracing { seeds = 1 }
    }

    /// The known seeds first, unless a part is asked for.
    var allSeeds: [UInt64] {
        let asked = first..<first + seeds
        guard bug == nil, !isTracing, !isHashing, seeds > 1 else { return Array(asked) }
        return knownSeeds.map(\.seed).filter { !asked.contains($0) } + asked
    }

    var traceMode: Trace.Mode { isTracing ? .print : isHashing ? .hash : .off }
}

/// The seed that each thread runs, for when a precondition of the product stops the process.
nonisolated(unsafe) let seedsUnderWay = UnsafeMutablePointer<UInt64>.allocate(capacity: 64)
let threads = min(64, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

func tellSeedsWhenStopped() {
    seedsUnderWay.initialize(repeating: 0, count: 64)
    for number in [SIGILL, SIGTRAP] {
        signal(number) { number in
            for thread in 0..<threads where seedsUnderWay[thread] != 0 {
                print("stopped in seed \(seedsUnderWay[thread]), or in one that is told here, too")
            }
            signal(number, SIG_DFL)
            raise(number)
        }
    }
}

func run(_ options: Options) -> Summary {
    let seeds = options.allSeeds
    let total = Mutex(Summary())
    DispatchQueue.concurrentPerform(iterations: options.isTracing ? 1 : threads) { thread in
        var summary = Summary()
        for index in stride(from: thread, to: seeds.count, by: options.isTracing ? 1 : threads) {
            seedsUnderWay[thread] = seeds[index]
            let trace = Trace(options.traceMode)
            summary.add(Simulation(seed: seeds[index], bug: options.bug, trace: trace).run())
        }
        seedsUnderWay[thread] = 0
        total.withLock { $0.add(summary) }
    }
    return total.withLock { $0 }
}

/// Tells of a bad seed: how to see it again, and what happened last.
func describe(_ report: Report, _ options: Options) {
    let bug = options.bug.map { " --bug \($0.rawValue)" } ?? ""
    print("seed \(report.seed): \(report.violation ?? "")")
    print("  again: scripts/simulate --first \(report.seed) --trace\(bug)")
    let trace = Trace(.keep(12))
    _ = Simulation(seed: report.seed, bug: options.bug, trace: trace).run()
    for line in trace.lines.suffix(12) { print("  \(line.prefix(200))") }
}

guard let options = Options(CommandLine.arguments) else {
    print(Options.usage)
    exit(2)
}
tellSeedsWhenStopped()
let start = ContinuousClock.now
let summary = run(options)
if options.isHashing {
    print(String(summary.hash, radix: 16))
} else {
    for failure in summary.failures.prefix(options.isTracing ? 0 : 3) { describe(failure, options) }
    for line in summary.lines { print(line) }
    if options.isTracing, let failure = summary.failures.first { print(failure.violation ?? "") }
    print("\(start.duration(to: .now).components.seconds) s on \(threads) threads")
}
exit(summary.failures.isEmpty ? 0 : 1)
