import Base

/// The virtual clock: what is going to happen, in the order of time.
///
/// What is planned for the same instant happens in the order in which it was planned, so a run
/// depends on nothing but its seed.
final class Agenda {
    private struct Entry {
        let time: Instant
        let number: Int
        let action: () -> Void

        func isBefore(_ other: Entry) -> Bool {
            (time, number) < (other.time, other.number)
        }
    }

    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var events = 0
    private var planned = 0
    /// A binary heap; the next entry is the first.
    private var heap: [Entry] = []

    func after(_ delay: Duration, _ action: @escaping () -> Void) {
        planned += 1
        heap.append(Entry(time: now + delay, number: planned, action: action))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Lets the next thing happen; false when nothing is planned.
    func step() -> Bool {
        guard let first = heap.first else { return false }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        now = first.time
        events += 1
        first.action()
        return true
    }

    /// Forgets everything: who planned it may be let go of.
    func clear() { heap = [] }

    private func sink() {
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].isBefore(heap[smallest]) { smallest = child }
            }
            guard smallest != parent else { return }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}

/// A process: what it has planned happens only while it runs.
///
/// Stopped, it does nothing until it continues, and then everything that came due at once.
final class SimulatedProcess {
    enum State { case running, paused, ended }

    let agenda: Agenda
    private(set) var state = State.running
    private var deferred: [() -> Void] = []

    init(_ agenda: Agenda) { self.agenda = agenda }

    func after(_ delay: Duration, _ action: @escaping () -> Void) {
        agenda.after(delay) { [self] in run(action) }
    }

    /// Does it now, when the process continues, or never.
    func run(_ action: @escaping () -> Void) {
        switch state {
        case .running: action()
        case .paused: deferred.append(action)
        case .ended: break
        }
    }

    func pause() {
        if state == .running { state = .paused }
    }

    func resume() {
        guard state == .paused else { return }
        state = .running
        let due = deferred
        deferred = []
        for action in due { run(action) }
    }

    func end() {
        state = .ended
        deferred = []
    }
}

/// A thread of a process that does one thing after another, each of which takes its time.
final class SimulatedQueue {
    private let process: SimulatedProcess
    private var waiting: [(@escaping () -> Void) -> Void] = []
    private var isBusy = false

    init(_ process: SimulatedProcess) { self.process = process }

    /// Does the work when it is its turn; the next one's comes when `done` is called.
    func perform(_ work: @escaping (_ done: @escaping () -> Void) -> Void) {
        waiting.append(work)
        next()
    }

    private func next() {
        guard !isBusy, !waiting.isEmpty else { return }
        isBusy = true
        let work = waiting.removeFirst()
        work { [self] in
            isBusy = false
            next()
        }
    }
}
