import Base
import Scheduling
import Testing

@Suite("Workers that commands start")
struct StartedWorkersTests {
    private static let start = Instant(nanoseconds: 0)
    private let pool = StartedWorkers.Pool(id: zoneA, maxWorkers: 3, patience: .seconds(30))
    private let first = WorkerName("ott-1-1")
    private let worker = WorkerID(7)

    /// A book with a clock.
    private struct Book {
        var workers: StartedWorkers
        var now = StartedWorkersTests.start

        init(_ pools: [StartedWorkers.Pool], recovered: [StartedWorkers.Worker] = []) {
            workers = StartedWorkers(pools: pools, prefix: "ott-1", recovered: recovered, at: now)
        }

        @discardableResult
        mutating func send(
            _ event: StartedWorkers.Event,
            after time: Duration = .zero
        ) -> [StartedWorkers.Command] {
            now = now + time
            return workers.handle(event, at: now)
        }
    }

    private func begun() -> Book {
        var book = Book([pool])
        book.send(.startWanted(zoneA))
        return book
    }

    // MARK: Starting

    @Test("a worker is started under a name of its own, on the host with the fewest")
    func names() {
        var pool = pool
        pool.hosts = ["h1", "h2"]
        var book = Book([pool])
        let started = (0..<3).flatMap { _ in book.send(.startWanted(zoneA)) }
        #expect(
            started
                == [("ott-1-1", "h1"), ("ott-1-2", "h2"), ("ott-1-3", "h1")].map {
                    .start(.init(name: WorkerName($0.0), pool: zoneA, host: $0.1))
                }
        )
    }

    @Test("no more than four commands run at a time, and those that stop workers go first")
    func commandsAtOnce() {
        var pool = pool
        pool.maxWorkers = 9
        var book = Book([pool])
        let started = (0..<6).flatMap { _ in book.send(.startWanted(zoneA)) }
        #expect(started.count == 4)
        let next = book.send(.startEnded(first, .failed(reason: "exit code 1")))
        #expect(next == [.launchFailed(zoneA, reason: "exit code 1"), .stop(first)])
        #expect(book.send(.stopEnded(first, failure: nil)).count == 1)
    }

    @Test("one that has joined is a launch of the scheduler's once")
    func joining() {
        var book = begun()
        book.send(.startEnded(first, .started))
        #expect(book.workers.isLaunch(first))
        #expect(book.workers.refusal(of: first, in: zoneA) == nil)
        #expect(book.send(.joined(first, worker)).isEmpty)
        #expect(!book.workers.isLaunch(first))
    }

    @Test("it may join before its command has ended")
    func joiningEarly() {
        var book = begun()
        book.send(.joined(first, worker))
        #expect(book.send(.startEnded(first, .started)).isEmpty)
        #expect(book.send(.tick, after: .seconds(3600)).isEmpty)
    }

    @Test("whatever a failed start left running is stopped")
    func failedStart() {
        var book = begun()
        let commands = book.send(.startEnded(first, .failed(reason: "ssh: exit code 255")))
        #expect(commands == [.launchFailed(zoneA, reason: "ssh: exit code 255"), .stop(first)])
        #expect(book.workers.refusal(of: first, in: zoneA)?.contains("not wanted any more") == true)
    }

    @Test("of a command that did not run there is nothing to stop")
    func notRun() {
        var book = begun()
        let commands = book.send(.startEnded(first, .notRun(reason: "no such program")))
        #expect(commands == [.launchFailed(zoneA, reason: "no such program")])
        #expect(!book.workers.isBusy)
    }

    @Test("one that does not join in time is stopped, and the scheduler is told")
    func lateJoin() {
        var book = begun()
        book.send(.startEnded(first, .started), after: .seconds(20))
        #expect(book.send(.tick, after: .seconds(29)).isEmpty)
        let reason = "ott-1-1 was started and did not join within 30.0 s"
        #expect(
            book.send(.tick, after: .seconds(1))
                == [.launchFailed(zoneA, reason: reason), .stop(first)]
        )
    }

    // MARK: Not wanted any more

    @Test("a start that is cancelled is stopped when its command has ended, not before")
    func cancelled() {
        var book = begun()
        #expect(book.send(.startsCancelled(zoneA, 1)).isEmpty)
        #expect(book.workers.refusal(of: first, in: zoneA) != nil)
        #expect(book.send(.startEnded(first, .started)) == [.stop(first)])
    }

    @Test(
        "the youngest starts are cancelled first, and of those that have not begun nothing is run"
    )
    func cancelYoungest() {
        var pool = pool
        pool.maxWorkers = 9
        var book = Book([pool])
        for _ in 0..<6 { book.send(.startWanted(zoneA)) }
        #expect(book.send(.startsCancelled(zoneA, 3)).isEmpty)
        let fourth = WorkerName("ott-1-4")
        #expect(book.send(.startEnded(fourth, .started)) == [.stop(fourth)])
        #expect(book.send(.stopEnded(fourth, failure: nil)).isEmpty)
        #expect(book.workers.refusal(of: WorkerName("ott-1-3"), in: zoneA) == nil)
    }

    @Test("a worker that leaves is waited for, and stopped when it does not come back")
    func leaving() {
        var book = begun()
        book.send(.startEnded(first, .started))
        book.send(.joined(first, worker))
        book.send(.left(first, worker))
        book.send(.joined(first, WorkerID(8)))
        // The end of its first connection is noticed late.
        book.send(.left(first, worker))
        #expect(book.send(.tick, after: .seconds(60)).isEmpty)
        book.send(.left(first, WorkerID(8)))
        #expect(book.send(.tick, after: .seconds(30)) == [.stop(first)])
    }

    @Test("a worker that joins after it was stopped is stopped again")
    func zombie() {
        var book = begun()
        book.send(.startEnded(first, .failed(reason: "timeout")))
        book.send(.stopEnded(first, failure: nil))
        #expect(book.workers.refusal(of: first, in: zoneA) != nil)
        #expect(book.send(.stopWanted(first)) == [.stop(first)])
        book.send(.stopEnded(first, failure: nil))
        book.send(.tick, after: StartedWorkers.memory)
        #expect(!book.workers.knows(first))
    }

    @Test("who was not started, or says no name, is refused; pools of other kinds are not asked")
    func refusals() {
        let book = begun()
        let refusal = book.workers.refusal
        #expect(refusal(WorkerName("ott-9-9"), zoneA)?.contains("was started") == true)
        #expect(refusal(WorkerName(""), zoneA)?.contains("--name") == true)
        #expect(refusal(WorkerName(""), zoneB) == nil)
    }

    // MARK: Stopping

    @Test("a stop that fails is tried again, ever later, and in the end left to people")
    func stopTries() {
        var book = begun()
        book.send(.startEnded(first, .failed(reason: "x")))
        var delays: [Duration] = []
        for _ in 1..<StartedWorkers.stopTries {
            #expect(book.send(.stopEnded(first, failure: "no route")).isEmpty)
            var delay = Duration.zero
            while book.send(.tick, after: .seconds(1)) != [.stop(first)], delay < .seconds(400) {
                delay += .seconds(1)
            }
            delays.append(delay + .seconds(1))
        }
        #expect(delays.prefix(9).map(\.seconds) == [1, 2, 4, 8, 16, 32, 64, 128, 256])
        #expect(delays.dropFirst(9).allSatisfy { $0 == StartedWorkers.lastStopDelay })
        book.send(.stopEnded(first, failure: "no route"))
        #expect(book.send(.tick, after: .seconds(3600)).isEmpty)
        #expect(book.workers.trouble(of: zoneA) == "could not stop ott-1-1: no route")
        #expect(book.workers.knows(first))
    }

    @Test("a pool that cannot stop its workers starts no others")
    func brake() {
        var book = Book([pool])
        for number in 1...3 {
            book.send(.startWanted(zoneA))
            let name = WorkerName("ott-1-\(number)")
            book.send(.startEnded(name, .failed(reason: "x")))
            book.send(.stopEnded(name, failure: "no route"))
        }
        let text = "3 workers are still to be stopped: no route"
        #expect(book.send(.startWanted(zoneA)) == [.launchFailed(zoneA, reason: text)])
        #expect(book.workers.trouble(of: zoneA)?.contains("and 2 more") == true)
        book.send(.tick, after: .seconds(1))
        book.send(.stopEnded(first, failure: nil))
        #expect(book.send(.startWanted(zoneA)).count == 1)
    }

    @Test("at the end all are stopped, each once, and nothing is started")
    func end() {
        var book = Book([pool])
        for _ in 0..<3 { book.send(.startWanted(zoneA)) }
        book.send(.startEnded(first, .started))
        book.send(.joined(first, worker))
        #expect(book.send(.endRequested) == [.stop(first)])
        #expect(book.send(.startWanted(zoneA)).isEmpty)
        let (second, third) = (WorkerName("ott-1-2"), WorkerName("ott-1-3"))
        #expect(book.send(.startEnded(second, .started)) == [.stop(second)])
        #expect(book.send(.startEnded(third, .notRun(reason: "x"))).count == 1)
        book.send(.stopEnded(first, failure: nil))
        #expect(book.workers.isBusy)
        #expect(book.send(.stopEnded(second, failure: "no route")).isEmpty)
        #expect(!book.workers.isBusy)
    }

    // MARK: Restarts

    @Test("what an earlier coordinator started may come back for a while, and is stopped then")
    func recovery() {
        let (name, other) = (WorkerName("ott-0-1"), WorkerName("ott-0-2"))
        var book = Book(
            [pool],
            recovered: [
                .init(name: name, pool: zoneA), .init(name: other, pool: zoneA),
                .init(name: WorkerName("ott-0-3"), pool: zoneB),
            ]
        )
        // Of a pool that is no more.
        #expect(book.send(.tick) == [.stop(WorkerName("ott-0-3"))])
        #expect(book.workers.refusal(of: name, in: zoneA) == nil)
        #expect(!book.workers.isLaunch(name))
        book.send(.joined(name, worker))
        #expect(book.send(.tick, after: .seconds(30)) == [.stop(other)])
    }
}
