import Testing

@testable import Scheduling

@Suite("A queue whose front moves on")
struct FrontQueueTests {
    @Test("what came first leaves first, however much has left before")
    func order() {
        var queue = FrontQueue<Int>()
        var (next, taken) = (0, 0)
        for round in 1...300 {
            for _ in 0..<(round % 7 + 1) {
                queue.append(next)
                next += 1
            }
            for _ in 0..<(round % 5) where queue.count > 0 {
                #expect(queue.first == taken)
                #expect(queue.popFirst() == taken)
                taken += 1
            }
            #expect(queue.count == next - taken)
        }
        #expect(queue.prefix { $0 < taken + 3 } == Array(taken..<taken + 3))
        queue.dropFirst { $0 < next - 1 }
        #expect(queue.first == next - 1)
        queue.popFirst()
        #expect(queue.popFirst() == nil)
        #expect(queue.count == 0)
        queue.dropFirst { _ in true }
        #expect(queue.prefix { _ in true } == [])
    }
}
