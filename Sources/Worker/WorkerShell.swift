import Base
import Channel
import Columns
import Glibc
import Transport
import Wire

/// The worker process around its slots: one connection to the coordinator, leases in, results out.
///
/// Everything here happens on `loop`; only a slot's transform runs elsewhere. A connection that ends
/// takes all work of it along: the worker knocks again and comes back as a new worker.
final class WorkerShell: ChannelDelegate {
    /// How often an unreachable coordinator is tried again, and for how long; product.md section 3.
    private static let knockInterval = Duration.milliseconds(200)
    private static let knockingTime = Duration.seconds(60)
    private static let connectTimeout = Duration.seconds(5)

    private let loop: EventLoop
    private let coordinator: HostPort
    private let pool: String
    private var slots: [Slot]
    private var generator: SeededGenerator

    private var channel: Channel?
    private var session = Session()
    private var heartbeatTimer: Timer?
    private var knockTimer: Timer?
    private var signals: [SignalSource] = []
    private var lastContact: Instant
    private var isStopping = false
    private(set) var exitCode: Int32 = 0

    /// What belongs to one connection.
    private struct Session {
        /// Counts connections, so that work begun under an earlier one is recognised.
        var number = 0
        var welcome: Welcome?
        var declarations: [StepID: TransformDeclaration] = [:]
        /// The chunk that is being received.
        var incoming: ChunkWork?
        var waiting: [SlotWork] = []
        var running: Set<AttemptID> = []
        var revoked: Set<AttemptID> = []
        /// Results that wait for credit.
        var results: [SlotResult] = []
        var creditBytes: Int64 = 0
    }

    init(loop: EventLoop, coordinator: HostPort, pool: String, slotCount: Int) {
        self.loop = loop
        self.coordinator = coordinator
        self.pool = pool
        let chunks = MemoryPool(keptBlocks: slotCount + 1)
        chunkMemory = chunks
        slots = (0..<slotCount).map { Slot(index: $0) }
        generator = SeededGenerator(seed: UInt64(getpid()))
        lastContact = EventLoop.now()
    }

    private let chunkMemory: MemoryPool

    func start() {
        for number in [SIGTERM, SIGINT] {
            signals.append(
                loop.onSignal(number) { [unowned self] in
                    stop("signal \(number)", exitCode: 0)
                }
            )
        }
        connect()
    }

    private func stop(_ reason: String, exitCode: Int32) {
        guard !isStopping else { return }
        isStopping = true
        self.exitCode = exitCode
        WorkerLog.write("ends: \(reason)")
        channel?.close(reason)
        loop.stop()
    }

    // MARK: Connection

    private func connect() {
        Connection.connect(to: coordinator, loop: loop, timeout: Self.connectTimeout) {
            [unowned self] result in
            switch result {
            case .success(let connection): begin(connection)
            case .failure: knockLater()
            }
        }
    }

    private func begin(_ connection: Connection) {
        let channel = Channel(connection: connection, delegate: self)
        self.channel = channel
        channel.start()
        let hello = Hello(
            protocolVersion: protocolVersion,
            productVersion: productVersion,
            pool: pool,
            host: hostName(),
            processID: getpid(),
            slots: UInt16(slots.count)
        )
        channel.send(WorkerMessage.hello(hello).encoded)
    }

    private func knockLater() {
        guard !isStopping else { return }
        guard EventLoop.now() - lastContact < Self.knockingTime else {
            let text =
                "no coordinator at \(coordinator) for \(Int(Self.knockingTime.seconds)) s; "
                + "start it with otjob up"
            return stop(text, exitCode: 3)
        }
        // Workers that lost the same coordinator must not knock in step.
        let jitter = Double.random(in: 0.75...1.25, using: &generator)
        knockTimer = loop.schedule(after: Self.knockInterval * jitter) { [unowned self] in
            connect()
        }
    }

    func channel(_ channel: Channel, closed reason: String) {
        guard channel === self.channel else { return }
        self.channel = nil
        heartbeatTimer = nil
        let number = session.number + 1
        session = Session()
        session.number = number
        guard !isStopping else { return }
        WorkerLog.write("lost the coordinator: \(reason)")
        knockLater()
    }

    private func beat() {
        guard let welcome = session.welcome, let channel else { return }
        let silence = EventLoop.now() - lastContact
        guard silence < .milliseconds(Int64(welcome.lostAfterMilliseconds)) else {
            return channel.close("no word from the coordinator for \(Int(silence.seconds)) s")
        }
        channel.send(WorkerMessage.heartbeat(running: session.running.sorted()).encoded)
    }

    // MARK: Messages

    func channel(
        _ channel: Channel,
        received kind: FrameKind,
        payload: UnsafeRawBufferPointer
    ) throws(WireError) {
        lastContact = EventLoop.now()
        switch try CoordinatorMessage(kind: kind, payload: payload) {
        case .welcome(let welcome): accept(welcome)
        case .refuse(let reason): stop("refused: \(reason)", exitCode: 2)
        case .stop(let reason): stop(reason, exitCode: 0)
        case .declare(let step, let declaration): session.declarations[step] = declaration
        case .forget(let step): session.declarations[step] = nil
        case .lease(let lease): try receive(lease, on: channel)
        case .runEnd(let crc32):
            try channel.endRun()
            if var chunk = session.incoming {
                session.incoming = nil
                chunk.crc32 = crc32
                enqueue(.chunk(chunk))
            }
        case .leaseSynthetic(let leases): take(leases)
        case .revoke(let attempt): revoke(attempt)
        case .credit(let bytes):
            session.creditBytes += bytes
            sendResults()
        }
    }

    private func accept(_ welcome: Welcome) {
        WorkerLog.write("joined \(coordinator) as worker \(welcome.worker) of pool \(pool)")
        session.welcome = welcome
        session.creditBytes = welcome.resultCreditBytes
        let interval = Duration.milliseconds(Int64(max(1, welcome.heartbeatMilliseconds)))
        heartbeatTimer = loop.schedule(every: interval) { [unowned self] in beat() }
    }

    private func receive(_ lease: TransformLease, on channel: Channel) throws(WireError) {
        guard let declaration = session.declarations[lease.step] else {
            throw .unexpectedData("a lease of step \(lease.step), which was not declared")
        }
        let block = chunkMemory.take(capacity: lease.sizeBytes + Limits.textSlackBytes)
        session.incoming = ChunkWork(lease: lease, declaration: declaration, block: block)
        try channel.beginRun(
            into: UnsafeMutableRawBufferPointer(rebasing: block.bytes[..<lease.sizeBytes])
        )
    }

    /// Answers what takes no time in one message, and gives the rest to the slots.
    private func take(_ leases: [SyntheticLease]) {
        let instant = leases.filter(\.isInstant).map(\.attempt)
        if !instant.isEmpty { channel?.send(WorkerMessage.finished(instant).encoded) }
        for lease in leases where !lease.isInstant { enqueue(.synthetic(lease)) }
    }

    private func revoke(_ attempt: AttemptID) {
        let held = session.waiting.count + session.results.count
        session.waiting.removeAll { $0.attempt == attempt }
        session.results.removeAll { $0.attempt == attempt }
        let isGone = session.waiting.count + session.results.count < held
        // It runs, is still to come, or was answered for already.
        if !isGone { session.revoked.insert(attempt) }
    }

    // MARK: Slots

    private func enqueue(_ work: SlotWork) {
        if session.revoked.remove(work.attempt) != nil { return }
        session.waiting.append(work)
        fillSlots()
    }

    private func fillSlots() {
        for slot in slots where !slot.isBusy && !session.waiting.isEmpty {
            let work = session.waiting.removeFirst()
            session.running.insert(work.attempt)
            let number = session.number
            let shell = LoopBound(self, loop: loop)
            slot.run(work) { [loop] result in
                loop.execute { shell.value.slotEnded(result, session: number) }
            }
        }
    }

    private func slotEnded(_ result: SlotResult, session number: Int) {
        slots[result.slot].isBusy = false
        defer { fillSlots() }
        guard number == session.number else { return }
        session.running.remove(result.attempt)
        guard session.revoked.remove(result.attempt) == nil else { return }
        switch result.outcome {
        case .transformed:
            session.results.append(result)
            sendResults()
        case .finished:
            channel?.send(WorkerMessage.finished([result.attempt]).encoded)
        case .failed(let kind, let message):
            channel?.send(WorkerMessage.failed(result.attempt, kind, message: message).encoded)
        }
    }

    /// Sends results while there is credit; one may overdraw it, so that a large one is not stuck.
    private func sendResults() {
        while session.creditBytes > 0, !session.results.isEmpty {
            let result = session.results.removeFirst()
            guard case .transformed(let output) = result.outcome else { continue }
            session.creditBytes -= Int64(output.result.payloadSizeBytes)
            channel?.send(
                OutgoingRun(
                    head: WorkerMessage.result(result.attempt, output.result).encoded,
                    data: output.bytes.isEmpty ? [] : [output.bytes],
                    end: WorkerMessage.runEnd(hash: output.sha256).encoded,
                    // The closure keeps the pages alive until they are written.
                    released: { withExtendedLifetime(output) {} }
                )
            )
        }
    }
}

extension SyntheticLease {
    /// Whether there is nothing to do but to answer.
    fileprivate var isInstant: Bool { sleepMicroseconds == 0 && outcome == .succeed }
}

/// The machine's name, as workers are listed by.
private func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
