import Base
import Scheduling
import Testing

/// Random starts, ends, joins and losses of workers, against a world in which they really run.
///
/// The world knows what the book cannot: whether a command that failed has started something all the
/// same, and whether a stopped worker is gone.
private struct StartedWorkersWalk {
    private var workers: StartedWorkers
    private var random: SeededGenerator
    private var now = Instant(nanoseconds: 0)
    private var lastWorker: Int64 = 0
    /// Commands that run, and what they do.
    private var commands: [(name: WorkerName, isStart: Bool)] = []
    /// Workers that run, somewhere, with their connection.
    private(set) var running: [WorkerName: WorkerID?] = [:]
    /// Starts that the scheduler waits for.
    private(set) var launches = 0
    private(set) var complaints: [String] = []
    private(set) var starts = 0
    private(set) var stopFailures = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        workers = StartedWorkers(
            pools: [.init(id: zoneA, maxWorkers: 4, patience: .seconds(20), hosts: ["h1", "h2"])],
            prefix: "ott-1",
            at: now
        )
    }

    var isBusy: Bool { workers.isBusy }

    mutating func step() {
        now = now + .milliseconds(Int64.random(in: 0...4000, using: &random))
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1: want()
        case 2: cancel()
        case 3, 4, 5: endCommand(fails: Int.random(in: 0..<4, using: &random) == 0)
        case 6, 7: join()
        case 8: leave()
        case 9: dismiss()
        default: send(.tick)
        }
    }

    /// From now on all commands succeed.
    mutating func settle() {
        now = now + .seconds(5)
        send(.tick)
        endCommand(fails: false)
        join()
    }

    mutating func end() { send(.endRequested) }

    private mutating func send(_ event: StartedWorkers.Event) {
        for command in workers.handle(event, at: now) {
            switch command {
            case .start(let worker):
                starts += 1
                begin(worker.name, isStart: true)
            case .stop(let name): begin(name, isStart: false)
            case .launchFailed:
                launches -= 1
                if launches < 0 { complaints.append("a start fails that nobody waits for") }
            }
        }
        if commands.count > StartedWorkers.commandsAtOnce { complaints.append("too many commands") }
    }

    private mutating func begin(_ name: WorkerName, isStart: Bool) {
        if commands.contains(where: { $0.name == name }) {
            complaints.append("two commands of \(name) at a time")
        }
        commands.append((name, isStart))
    }

    private mutating func want() {
        guard launches < 4 else { return }
        launches += 1
        send(.startWanted(zoneA))
    }

    private mutating func cancel() {
        guard launches > 0 else { return }
        let count = Int.random(in: 1...launches, using: &random)
        launches -= count
        send(.startsCancelled(zoneA, count))
    }

    private mutating func endCommand(fails: Bool) {
        guard !commands.isEmpty else { return }
        let (name, isStart) = commands.remove(at: Int.random(in: commands.indices, using: &random))
        guard isStart else {
            if fails {
                stopFailures += 1
            } else if let connection = running.removeValue(forKey: name), let connection {
                send(.left(name, connection))
            }
            return send(.stopEnded(name, failure: fails ? "no route" : nil))
        }
        guard fails else {
            running[name] = .some(running[name] ?? nil)
            return send(.startEnded(name, .started))
        }
        if Bool.random(using: &random) {
            running[name] = nil
            return send(.startEnded(name, .notRun(reason: "no such program")))
        }
        // Whether it started something, nobody knows.
        if Bool.random(using: &random) { running[name] = .some(running[name] ?? nil) }
        send(.startEnded(name, .failed(reason: "timeout")))
    }

    private mutating func join() {
        let apart = running.filter { $0.value == nil }.keys.sorted()
        guard let name = apart.randomElement(using: &random) else { return }
        guard workers.refusal(of: name, in: zoneA) == nil else {
            // A worker that is refused ends; its machine may not.
            return send(.stopWanted(name))
        }
        lastWorker += 1
        running[name] = .some(WorkerID(lastWorker))
        if workers.isLaunch(name) { launches -= 1 }
        send(.joined(name, WorkerID(lastWorker)))
    }

    private mutating func leave() {
        let joined = running.filter { $0.value != nil }.keys.sorted()
        guard let name = joined.randomElement(using: &random), let worker = running[name] ?? nil
        else { return }
        running[name] = .some(nil)
        send(.left(name, worker))
    }

    /// The scheduler lets go of a worker: drained, or silent.
    private mutating func dismiss() {
        let joined = running.filter { $0.value != nil }.keys.sorted()
        guard let name = joined.randomElement(using: &random) else { return }
        running[name] = .some(nil)
        send(.stopWanted(name))
    }
}

@Suite("Seeded random walks through what commands can do to workers")
struct StartedWorkersWalkTests {
    private static let seeds = UInt64(0)..<300

    @Test("nothing that was started runs after the end, and every start is answered once")
    func walks() {
        var (starts, failures) = (0, 0)
        for seed in Self.seeds {
            var walk = StartedWorkersWalk(seed: seed)
            for _ in 0..<200 { walk.step() }
            // What was stranded is tried again at the end.
            walk.end()
            var rounds = 0
            while walk.isBusy, rounds < 1000 {
                walk.settle()
                rounds += 1
            }
            #expect(walk.complaints.isEmpty, "seed \(seed)")
            #expect(walk.running.isEmpty, "seed \(seed): \(walk.running.keys.sorted())")
            starts += walk.starts
            failures += walk.stopFailures
        }
        // A walk in which little goes wrong would show little.
        #expect(starts > 2000 && failures > 500, "\(starts) starts, \(failures) failed stops")
    }
}
