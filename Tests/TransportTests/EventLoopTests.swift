import Base
import Dispatch
import Glibc
import Synchronization
import Testing
import Transport

@Suite("Event loop")
struct EventLoopTests {
    @Test("work of each thread runs in the order it was handed in")
    func executeOrder() throws {
        let threads = 4
        let perThread = 2000
        let seen: [[Int]] = try onLoop { loop, outcome in
            let log = Mutex([[Int]](repeating: [], count: threads))
            let left = Atomic(threads * perThread)
            let shared = Shared(log: log, left: left)
            for thread in 0..<threads {
                DispatchQueue.global().async {
                    for index in 0..<perThread {
                        loop.execute {
                            shared.log.withLock { $0[thread].append(index) }
                            if shared.left.subtract(1, ordering: .relaxed).newValue == 0 {
                                outcome.finish(shared.log.withLock { $0 })
                            }
                        }
                    }
                }
            }
        }
        #expect(seen == Array(repeating: Array(0..<perThread), count: threads))
    }

    /// Noncopyable guards have to be owned by something that closures can share.
    private final class Shared: Sendable {
        let log: Mutex<[[Int]]>
        let left: Atomic<Int>
        init(log: consuming Mutex<[[Int]]>, left: consuming Atomic<Int>) {
            self.log = log
            self.left = left
        }
    }

    @Test("work handed in before the loop runs is done when it starts, in order")
    func workBeforeRun() throws {
        let loop = try EventLoop(name: "early")
        let order = Outcome<[Int]>()
        let box = LoopBound(Log(), loop: loop)
        for index in 0..<3 { loop.execute { box.value.entries.append(index) } }
        loop.execute { order.finish(box.value.entries) }
        loop.start()
        defer { loop.stop() }
        #expect(try order.wait() == [0, 1, 2])
    }

    private final class Log { var entries: [Int] = [] }

    @Test("stop ends run() after the work handed in so far, also from within the loop")
    func stopEndsRun() throws {
        let loop = try EventLoop(name: "stopping")
        let ended = Outcome<[Int]>()
        let box = LoopBound(Log(), loop: loop)
        DispatchQueue.global().async {
            loop.execute { box.value.entries.append(1) }
            loop.execute { loop.stop() }
            loop.execute { box.value.entries.append(2) }
            loop.run()
            ended.finish(box.value.entries)
        }
        #expect(try ended.wait() == [1, 2])
    }

    @Test("only the thread that runs the loop is in it")
    func belonging() throws {
        let inside: Bool = try onLoop { loop, outcome in outcome.finish(loop.isInLoop) }
        #expect(inside)
        let loop = try EventLoop(name: "setup")
        #expect(loop.isInLoop, "before it runs, the thread that made it sets it up")
        let elsewhere = Outcome<Bool>()
        RawThread.run { elsewhere.finish(loop.isInLoop) }
        #expect(try elsewhere.wait() == false)
    }

    @Test("timers fire in the order they are due, and none early")
    func timersInOrder() throws {
        let (order, early): ([Int], Bool) = try onLoop { loop, outcome in
            var timers: [Timer] = []
            var order: [Int] = []
            var early = false
            let start = EventLoop.now()
            for milliseconds in [30, 10, 20] {
                timers.append(
                    loop.schedule(after: .milliseconds(milliseconds)) {
                        order.append(milliseconds)
                        early = early || EventLoop.now() - start < .milliseconds(milliseconds)
                        if order.count == timers.count { outcome.finish((order, early)) }
                    }
                )
            }
        }
        #expect(order == [10, 20, 30])
        #expect(!early)
    }

    @Test("a repeating timer may cancel itself, and a dropped timer never fires")
    func timersEnd() throws {
        let (ticks, dropped): (Int, Bool) = try onLoop { loop, outcome in
            var ticks = 0
            var dropped = false
            var ticker: Timer?
            var later: [Timer] = []
            _ = loop.schedule(after: .milliseconds(1)) { dropped = true }
            ticker = loop.schedule(every: .milliseconds(1)) {
                ticks += 1
                guard ticks == 3 else { return }
                ticker?.cancel()
                later.append(
                    loop.schedule(after: .milliseconds(20)) {
                        outcome.finish((ticks, dropped))
                        later = []
                    }
                )
            }
        }
        #expect(ticks == 3)
        #expect(!dropped)
    }

    @Test("what is put off to the end of a turn runs after the callback that put it off")
    func endOfTurn() throws {
        let order: [Int] = try onLoop { loop, outcome in
            var order: [Int] = []
            loop.atEndOfTurn { order.append(2) }
            loop.atEndOfTurn { loop.atEndOfTurn { outcome.finish(order + [4]) } }
            loop.atEndOfTurn { order.append(3) }
            order.append(1)
        }
        #expect(order == [1, 2, 3, 4])
    }

    @Test("a signal calls back on the loop")
    func signals() throws {
        let inLoop: Bool = try onLoop { loop, outcome in
            var source: SignalSource?
            source = loop.onSignal(SIGUSR2) {
                source?.cancel()
                outcome.finish(loop.isInLoop)
            }
            kill(getpid(), SIGUSR2)
        }
        #expect(inLoop)
    }

    @Test("the clocks tell the time")
    func clocks() {
        let first = EventLoop.now()
        #expect(EventLoop.now() >= first)
        #expect(EventLoop.wallTime().rfc3339 > "2024-")
    }
}
