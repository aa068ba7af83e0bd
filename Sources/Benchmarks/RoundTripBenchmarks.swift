import Base
import Channel
import Dispatch
import Scheduling
import Transport
import Wire
import Working

/// One task after another from the scheduler to a worker's core and back, over a connection between
/// two threads: as the scheduler sees it, so what is to be stored is answered at once.
extension Benchmark {
    static let roundTrips = [
        Benchmark("scheduler.round-trip", .task) { extent in
            let count = extent.choose(2000, small: 3)
            return Workload(count: count) { stopwatch in
                let connected = try ConnectedEnds()
                stopwatch.measure { connected.run(count) }
                connected.stop()
            }
        }
    ]
}

/// A scheduler's end and a worker's, each on a loop and thread of its own.
private struct ConnectedEnds {
    private let loops: [EventLoop]
    private let listener: Listener
    private let coordinator: LoopBound<CoordinatorEnd>
    /// Kept: a channel does not keep its delegate.
    private let worker: WorkerEnd
    private let isDone: DispatchSemaphore

    init() throws(TransportError) {
        // Until a loop runs, its maker's thread is the loop's.
        let (here, there) = (
            try EventLoop(name: "bench-scheduler"), try EventLoop(name: "bench-worker")
        )
        let end = CoordinatorEnd()
        isDone = end.isDone
        listener = try Listener(loop: here, address: HostPort(host: "127.0.0.1", port: 0)) {
            end.take($0)
        }
        worker = WorkerEnd()
        worker.connect(to: HostPort(host: "127.0.0.1", port: listener.port), on: there)
        coordinator = LoopBound(end, loop: here)
        loops = [here, there]
        let hasJoined = end.hasJoined
        for loop in loops { loop.start() }
        hasJoined.wait()
    }

    func run(_ tasks: Int) {
        loops[0].execute { [coordinator] in coordinator.value.run(tasks) }
        isDone.wait()
    }

    func stop() {
        for loop in loops { loop.stop() }
    }
}

/// Jobs of one task, each submitted when the one before has ended.
private final class CoordinatorEnd: ChannelDelegate {
    let hasJoined = DispatchSemaphore(value: 0)
    let isDone = DispatchSemaphore(value: 0)
    private let worker = WorkerID(1)
    private var scheduler = MadeUpCluster.makeScheduler()
    private var channel: Channel?
    private var jobs: Int64 = 0
    private var jobsLeft = 0

    func take(_ connection: Connection) {
        let channel = Channel(connection: connection, delegate: self)
        self.channel = channel
        channel.start()
    }

    func run(_ count: Int) {
        jobsLeft = count
        submit()
    }

    private func submit() {
        guard jobsLeft > 0 else {
            isDone.signal()
            return
        }
        jobsLeft -= 1
        jobs += 1
        let step = StepPlan(source: .synthetic(tasks: 1))
        handle(.submitted(JobPlan(id: JobID(jobs), name: "job", steps: [step])))
    }

    private func handle(_ event: Event) {
        var events = [event]
        var endedJob: JobID?
        while !events.isEmpty {
            for command in scheduler.handle(events.removeFirst(), at: EventLoop.now()) {
                switch command {
                case .leaseSynthetic(let batch, _): lease(batch)
                case .storeFinished(_, let batch):
                    events.append(.finishedStored(batch.map(\.attempt)))
                case .jobEnded(let job, _): endedJob = job
                default: break
                }
            }
        }
        guard let endedJob else { return }
        scheduler.forget(endedJob)
        submit()
    }

    private func lease(_ batch: [SyntheticAttempt]) {
        let leases = batch.map {
            SyntheticLease(attempt: $0.attempt, sleepMicroseconds: 0, outcome: .succeed)
        }
        channel?.send(CoordinatorMessage.leaseSynthetic(leases).encoded)
    }

    func channel(
        _ channel: Channel,
        received kind: FrameKind,
        payload: UnsafeRawBufferPointer
    ) throws(WireError) {
        switch try WorkerMessage(kind: kind, payload: payload) {
        case .hello:
            let welcome = Welcome(
                worker: worker,
                heartbeatMilliseconds: 2000,
                lostAfterMilliseconds: 30_000,
                resultCreditBytes: 1
            )
            channel.send(CoordinatorMessage.welcome(welcome).encoded)
            handle(.workerJoined(worker, MadeUpCluster.pool, slots: 1, wasLaunched: false))
            hasJoined.signal()
        case .finished(let attempts):
            handle(.workerHeard(worker))
            handle(.syntheticFinished(attempts))
        default: break
        }
    }

    func channel(_ channel: Channel, closed reason: String) { self.channel = nil }
}

/// A worker's core and its connection.
private final class WorkerEnd: ChannelDelegate {
    private var core: WorkerCore
    private var channel: Channel?

    init() {
        let hello = Hello(
            protocolVersion: protocolVersion,
            productVersion: productVersion,
            pool: MadeUpCluster.pool.rawValue,
            host: "localhost",
            processID: 1,
            slots: 1
        )
        core = WorkerCore(hello: hello, coordinator: "", seed: 1, at: EventLoop.now())
    }

    func connect(to coordinator: HostPort, on loop: EventLoop) {
        Connection.connect(to: coordinator, loop: loop, timeout: .seconds(5)) { [self] outcome in
            guard case .success(let connection) = outcome else {
                preconditionFailure("no connection on this machine: \(outcome)")
            }
            let channel = Channel(connection: connection, delegate: self)
            self.channel = channel
            channel.start()
            carryOut(core.handle(.connected, at: EventLoop.now()))
        }
    }

    private func carryOut(_ commands: [WorkerCommand]) {
        for case .send(let message) in commands { channel?.send(message.encoded) }
    }

    func channel(
        _ channel: Channel,
        received kind: FrameKind,
        payload: UnsafeRawBufferPointer
    ) throws(WireError) {
        let message = try CoordinatorMessage(kind: kind, payload: payload)
        carryOut(try core.receive(message, at: EventLoop.now()))
    }

    func channel(_ channel: Channel, closed reason: String) { self.channel = nil }
}
