import Base
import Scheduling
import Wire

/// The coordinator's end of one worker's connection: what `WorkerLink` is on a real one.
final class SimulatedLink {
    private static let leaveTimeout = Duration.seconds(1)

    private(set) var id: WorkerID?
    private(set) var hello: Hello?
    private unowned let coordinator: SimulatedCoordinator
    private let world: World
    private var channel: SimulatedChannel?
    private var declared: Set<StepID> = []
    private var incoming: (attempt: AttemptID, result: TransformResult, block: MemoryBlock)?
    private var isDismissed = false

    init(_ coordinator: SimulatedCoordinator, _ end: ConnectionEnd) {
        self.coordinator = coordinator
        world = coordinator.world
        let channel = SimulatedChannel(end, random: world.dice) {
            [unowned self] kind, payload throws(WireError) in
            try receive(kind, payload)
        } onClose: { [unowned self] reason in
            self.channel = nil
            incoming = nil
            coordinator.closed(self, reason: reason)
        }
        channel.onProtocolError = { [unowned self] error in
            world.oracle.expect(false, "a worker breaks the protocol: \(error)")
        }
        self.channel = channel
    }

    func send(_ message: CoordinatorMessage) { channel?.send(message.encoded) }

    func close(_ reason: String) { channel?.close(reason) }

    /// Sends the last message of a connection; a worker that does not take its leave is cut off.
    func dismiss(_ message: CoordinatorMessage, _ reason: String) {
        guard !isDismissed, channel != nil else { return }
        send(message)
        isDismissed = true
        coordinator.process.after(Self.leaveTimeout) { [self] in close(reason) }
    }

    func lease(_ chunk: TableInput.Chunk, attempt: AttemptID, step: StepID) {
        if declared.insert(step).inserted { send(.declare(step, TableInput.declaration)) }
        let lease = TransformLease(
            attempt: attempt,
            step: step,
            source: "input",
            firstLine: chunk.firstLine,
            sizeBytes: chunk.text.count
        )
        channel?.sendRun(
            head: CoordinatorMessage.lease(lease).encoded,
            parts: world.parts(of: chunk.text),
            end: CoordinatorMessage.runEnd(crc32: checksum(chunk.text)).encoded
        )
    }

    func forget(_ step: StepID) {
        if declared.remove(step) != nil { send(.forget(step)) }
    }

    private func receive(_ kind: FrameKind, _ payload: UnsafeRawBufferPointer) throws(WireError) {
        let message = try WorkerMessage(kind: kind, payload: payload)
        guard let channel else { return }
        guard !isDismissed else { return try ignore(message, on: channel) }
        guard let id else { return try receiveFirst(message) }
        world.trace.note("from worker \(id): \(message)")
        coordinator.handle(.workerHeard(id))
        switch message {
        case .hello: throw .unexpectedData("a second hello")
        case .heartbeat:
            if world.bug != .heartbeatsNotAnswered { send(.credit(bytes: 0)) }
        case .result(let attempt, let result, _): try begin(attempt, result, on: channel)
        case .runEnd(let hash):
            try channel.endRun()
            guard let run = incoming else { throw .unexpectedData("the end of no result") }
            incoming = nil
            let payload = Array(run.block.prefix(run.result.payloadSizeBytes))
            world.oracle.expect(digest(payload) == hash, "a result arrived damaged")
            coordinator.received(run.result, payload, of: run.attempt, from: self)
        case .failed(let attempt, let failure, let message, _):
            coordinator.failed(attempt, failure, message: message, from: self)
        case .finished(let attempts):
            coordinator.finished(attempts, from: self)
        case .renew: throw .unexpectedData("certificates are not simulated")
        }
    }

    private func ignore(_ message: WorkerMessage, on channel: SimulatedChannel) throws(WireError) {
        switch message {
        case .result(let attempt, let result, _): try begin(attempt, result, on: channel)
        case .runEnd: try channel.endRun()
        case .hello, .heartbeat, .failed, .finished, .renew: break
        }
    }

    private func begin(
        _ attempt: AttemptID,
        _ result: TransformResult,
        on channel: SimulatedChannel
    ) throws(WireError) {
        let block = MemoryPool(keptBlocks: 0).take(capacity: max(1, result.payloadSizeBytes))
        incoming = (attempt, result, block)
        try channel.beginRun(
            into: UnsafeMutableRawBufferPointer(rebasing: block.bytes[..<result.payloadSizeBytes])
        )
    }

    private func receiveFirst(_ message: WorkerMessage) throws(WireError) {
        guard case .hello(let hello) = message else {
            throw .unexpectedData("the first message is no hello")
        }
        self.hello = hello
        let welcome = coordinator.admit(self, hello)
        id = welcome.worker
        send(.welcome(welcome))
    }
}
