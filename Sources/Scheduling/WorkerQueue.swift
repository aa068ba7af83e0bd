import Base

/// The workers of a pool that may be given work, the one with the most free slots first.
///
/// A binary heap that knows where each worker stands in it: a change of load costs O(log n), and
/// no lease walks the pool. Of equally loaded workers the oldest comes first.
struct WorkerQueue: Sendable {
    private struct Entry: Comparable, Sendable {
        var load: Int
        let worker: WorkerID

        static func < (left: Self, right: Self) -> Bool {
            left.load == right.load ? left.worker < right.worker : left.load < right.load
        }
    }

    private var entries: [Entry] = []
    private var places: [WorkerID: Int] = [:]

    var count: Int { entries.count }

    /// The least loaded worker, or the least loaded other than `excluded`.
    func first(except excluded: WorkerID? = nil) -> WorkerID? {
        guard let first = entries.first else { return nil }
        guard first.worker == excluded else { return first.worker }
        // The second of a heap is one of the first's two children.
        return entries.dropFirst().prefix(2).min()?.worker
    }

    /// The load a worker is queued under; nil when it is not.
    func load(of worker: WorkerID) -> Int? { places[worker].map { entries[$0].load } }

    /// Queues a worker, or changes its load.
    mutating func update(_ worker: WorkerID, load: Int) {
        if let place = places[worker] {
            let old = entries[place].load
            guard old != load else { return }
            entries[place].load = load
            if load < old { siftUp(from: place) } else { siftDown(from: place) }
        } else {
            entries.append(Entry(load: load, worker: worker))
            places[worker] = entries.count - 1
            siftUp(from: entries.count - 1)
        }
    }

    mutating func remove(_ worker: WorkerID) {
        guard let place = places.removeValue(forKey: worker), let last = entries.popLast(),
            last.worker != worker
        else { return }
        entries[place] = last
        places[last.worker] = place
        siftUp(from: place)
        if let place = places[last.worker] { siftDown(from: place) }
    }

    private mutating func siftUp(from start: Int) {
        var place = start
        while place > 0, entries[place] < entries[(place - 1) / 2] {
            exchange(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private mutating func siftDown(from start: Int) {
        var place = start
        while true {
            let left = 2 * place + 1
            guard left < entries.count else { return }
            let right = left + 1
            let child = right < entries.count && entries[right] < entries[left] ? right : left
            guard entries[child] < entries[place] else { return }
            exchange(place, child)
            place = child
        }
    }

    private mutating func exchange(_ left: Int, _ right: Int) {
        entries.swapAt(left, right)
        places[entries[left].worker] = left
        places[entries[right].worker] = right
    }

    /// Stops the process where the heap contradicts itself.
    func checkInvariants() {
        precondition(places.count == entries.count, "a worker is queued twice")
        for (place, entry) in entries.enumerated() {
            precondition(places[entry.worker] == place, "worker \(entry.worker) stands elsewhere")
            precondition(place == 0 || !(entry < entries[(place - 1) / 2]), "the heap is no heap")
        }
    }
}
