import Base
import Testing

// The queues are internal, hence `@testable`: through the scheduler only their ends would be seen.
@testable import Scheduling

@Suite("The scheduler's queues")
struct QueueTests {
    @Test("a heap gives what was put in, in order", arguments: UInt64(0)..<20)
    func heap(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var heap = MinHeap<Int>()
        let numbers = (0..<200).map { _ in Int.random(in: 0..<50, using: &random) }
        for number in numbers { heap.insert(number) }
        var popped: [Int] = []
        while let number = heap.popFirst() { popped.append(number) }
        #expect(popped == numbers.sorted())
        #expect(heap.count == 0)
    }

    @Test("the least loaded worker comes first, whatever changed", arguments: UInt64(0)..<20)
    func workers(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = WorkerQueue()
        var loads: [WorkerID: Int] = [:]
        for _ in 0..<2000 {
            let worker = WorkerID(Int64.random(in: 0..<40, using: &random))
            if Int.random(in: 0..<4, using: &random) == 0 {
                queue.remove(worker)
                loads[worker] = nil
            } else {
                let load = Int.random(in: -3..<3, using: &random)
                queue.update(worker, load: load)
                loads[worker] = load
            }
            queue.checkInvariants()
            let sorted = loads.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
            #expect(queue.first() == sorted.first)
            #expect(queue.first(except: sorted.first) == sorted.dropFirst().first)
            #expect(queue.count == loads.count)
        }
    }

    @Test(
        "a median is at most a quarter above what it stands for",
        arguments: [1, 5, 100, 999, 12_345, 3_600_000] as [Int64]
    )
    func median(milliseconds: Int64) throws {
        var durations = DurationHistogram()
        #expect(durations.median == nil)
        for factor in 1...9 { durations.add(.milliseconds(milliseconds * Int64(factor) / 5)) }
        let median = try #require(durations.median)
        let middle = Duration.milliseconds(milliseconds * 5 / 5)
        #expect(median > middle && median <= middle * 5 / 4)
    }
}
