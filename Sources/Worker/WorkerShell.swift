import Base
import Channel
import Dispatch
import Glibc
import Identity
import Storage
import Transport
import Wire
import Working

/// The worker process around its core: one connection to the coordinator, slots, timers, signals.
///
/// Everything here happens on `loop`; only a slot's transform runs elsewhere. What is to be done is
/// decided by `WorkerCore`; an `if` about leases or credit belongs there.
final class WorkerShell: ChannelDelegate {
    private static let connectTimeout = Duration.seconds(5)

    private let loop: EventLoop
    private let coordinator: HostPort
    /// Nil where the connection is plain.
    private var identity: WorkerIdentity?
    private let slots: [Slot]
    private let chunkMemory: MemoryPool
    /// Where the coordinator that started this process lets it read chunks in its own memory.
    private let handover = MemoryHandover(inherited: MemoryHandover.childDescriptor)
    private var core: WorkerCore

    private var channel: Channel?
    /// Texts of chunks until a slot takes them.
    private var texts: [AttemptID: MemoryBlock] = [:]
    /// Results until they are sent.
    private var outputs: [AttemptID: TransformOutput] = [:]
    private var heartbeatTimer: Timer?
    private var knockTimer: Timer?
    private var renewalTimer: Timer?
    private var signals: [SignalSource] = []
    private(set) var exitCode: Int32 = 0

    init(
        loop: EventLoop,
        coordinator: HostPort,
        pool: String,
        slotCount: Int,
        name: String?,
        identity: WorkerIdentity?
    ) {
        self.loop = loop
        self.coordinator = coordinator
        self.identity = identity
        chunkMemory = MemoryPool(keptBlocks: slotCount + 1)
        slots = (0..<slotCount).map { Slot(index: $0) }
        let hello = Hello(
            protocolVersion: protocolVersion,
            productVersion: productVersion,
            pool: pool,
            host: hostName(),
            processID: getpid(),
            slots: UInt16(slotCount),
            name: name ?? ""
        )
        core = WorkerCore(
            hello: hello,
            coordinator: "\(coordinator)",
            seed: UInt64(getpid()),
            at: EventLoop.now()
        )
    }

    func start() {
        for number in [SIGTERM, SIGINT] {
            signals.append(
                loop.onSignal(number) { [unowned self] in
                    handle(.stopRequested(reason: "signal \(number)"))
                }
            )
        }
        scheduleRenewal()
        handle(.started)
    }

    private func handle(_ event: WorkerEvent) {
        for command in core.handle(event, at: EventLoop.now()) { carryOut(command) }
    }

    private func carryOut(_ command: WorkerCommand) {
        switch command {
        case .connect(let delay): connect(after: delay)
        case .send(let message): channel?.send(message.encoded)
        case .beat(let interval):
            heartbeatTimer = loop.schedule(every: interval) { [unowned self] in handle(.beatDue) }
        case .receive:
            preconditionFailure("a run begins without its head")
        case .askForSharedMemory(let worker): handover?.send(worker.rawValue)
        case .takeShared(let lease): takeShared(lease)
        case .run(let work, let slot): run(work, on: slot)
        case .sendResult(let attempt, let report): sendResult(of: attempt, report)
        case .discard(let attempt):
            texts[attempt] = nil
            outputs[attempt] = nil
        case .adoptCertificate(let pem): adoptCertificate(pem)
        case .close(let reason): channel?.close(reason)
        case .stop(let reason, let exitCode): stop(reason, exitCode: exitCode)
        case .note(let text): WorkerLog.write(text)
        }
    }

    private func stop(_ reason: String, exitCode: Int32) {
        self.exitCode = exitCode
        WorkerLog.write("ends: \(reason)")
        channel?.close(reason)
        loop.stop()
    }

    // MARK: Connection

    private func connect(after delay: Duration) {
        guard delay > .zero else { return connect() }
        knockTimer = loop.schedule(after: delay) { [unowned self] in connect() }
    }

    private func connect() {
        if let identity, identity.timeLeft(at: EventLoop.wallTime()) <= .zero {
            return handle(.identityEnded(reason: identity.expiry))
        }
        Connection.connect(
            to: coordinator,
            loop: loop,
            security: identity?.security,
            timeout: Self.connectTimeout
        ) { [unowned self] result in
            switch result {
            case .success(let connection):
                let channel = Channel(connection: connection, delegate: self)
                self.channel = channel
                channel.start()
                handle(.connected)
            case .failure(let error):
                handle(.connectFailed(reason: error.description))
            }
        }
    }

    func channel(_ channel: Channel, closed reason: String) {
        guard channel === self.channel else { return }
        self.channel = nil
        heartbeatTimer = nil
        handle(.closed(reason: reason))
    }

    func channel(
        _ channel: Channel,
        received kind: FrameKind,
        payload: UnsafeRawBufferPointer
    ) throws(WireError) {
        let message = try CoordinatorMessage(kind: kind, payload: payload)
        if case .runEnd = message { try channel.endRun() }
        for command in try core.receive(message, at: EventLoop.now()) {
            if case .receive(let lease) = command {
                try receive(lease, on: channel)
            } else {
                carryOut(command)
            }
        }
    }

    private func receive(_ lease: TransformLease, on channel: Channel) throws(WireError) {
        let block = chunkMemory.take(capacity: lease.runSizeBytes + Limits.textSlackBytes)
        texts[lease.attempt] = block
        try channel.beginRun(
            into: UnsafeMutableRawBufferPointer(rebasing: block.bytes[..<lease.runSizeBytes])
        )
    }

    // MARK: Identity

    private func scheduleRenewal() {
        guard let identity else { return }
        let delay = identity.timeToRenewal(at: EventLoop.wallTime())
        renewalTimer = loop.schedule(after: delay) { [unowned self] in
            let request = self.identity?.requestRenewal()
            if let request { handle(.renewalDue(request: request)) }
            // Again, unless an answer comes before.
            scheduleRenewal()
        }
    }

    private func adoptCertificate(_ pem: String) {
        guard let adopted = identity?.adopt(pem) else {
            return WorkerLog.write("the coordinator sent a certificate that is not for this worker")
        }
        identity = adopted
        scheduleRenewal()
        // A slow disk must not hold heartbeats up.
        DispatchQueue.global().async {
            do throws(IdentityError) {
                try adopted.save()
            } catch {
                WorkerLog.write("the renewed certificate is not kept: \(error)")
            }
        }
    }

    private func takeShared(_ lease: TransformLease) {
        let sizeBytes = lease.runSizeBytes + Limits.textSlackBytes
        texts[lease.attempt] = handover?.receive(lease.attempt.rawValue, sizeBytes: sizeBytes)
    }

    // MARK: Slots

    private func run(_ work: SlotWork, on slot: Int) {
        let shell = LoopBound(self, loop: loop)
        slots[slot].run(assignment(of: work)) { [loop] result in
            loop.execute { shell.value.slotEnded(slot, result, of: work.attempt) }
        }
    }

    private func assignment(of work: SlotWork) -> Assignment {
        switch work {
        case .synthetic(let lease): return .synthetic(lease)
        case .chunk(let lease, let declaration, let crc32):
            guard let block = texts.removeValue(forKey: lease.attempt) else {
                // Shared memory that could not be mapped; what is sent always has its text here.
                return .missingText
            }
            return .chunk(
                ChunkWork(lease: lease, declaration: declaration, block: block, crc32: crc32)
            )
        }
    }

    private func slotEnded(_ slot: Int, _ result: SlotResult, of attempt: AttemptID) {
        outputs[attempt] = result.output
        handle(.slotEnded(slot, result.outcome))
    }

    private func sendResult(of attempt: AttemptID, _ report: AttemptReport) {
        guard let output = outputs.removeValue(forKey: attempt) else { return }
        channel?.send(
            OutgoingRun(
                head: WorkerMessage.result(attempt, output.result, report).encoded,
                data: output.bytes.isEmpty ? [] : [output.bytes],
                end: WorkerMessage.runEnd(hash: output.sha256).encoded,
                // The closure keeps the pages alive until they are written.
                released: { withExtendedLifetime(output) {} }
            )
        )
    }
}

/// The machine's name, as workers are listed by.
private func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
