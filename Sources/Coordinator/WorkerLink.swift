import Base
import Channel
import Columns
import Storage
import Transport
import Wire

/// What a worker's connection tells the shell.
protocol WorkerLinkDelegate: AnyObject {
    /// A worker says who it is; the answer is its identity, or why it is refused.
    func admit(_ link: WorkerLink, _ hello: Hello) -> Result<Welcome, RefusedError>
    /// A worker gives a sign of life; one that must not go on is dismissed in the call.
    func heard(_ link: WorkerLink)
    /// A worker asks for a new certificate.
    func renew(_ link: WorkerLink, request: String)
    func received(
        _ result: TransformResult,
        of attempt: AttemptID,
        block: MemoryBlock,
        sha256: [UInt8],
        report: AttemptReport,
        from link: WorkerLink
    )
    func finished(_ attempts: [AttemptID], from link: WorkerLink)
    func failed(
        _ attempt: AttemptID,
        _ failure: FailureClass,
        message: String,
        report: AttemptReport,
        from link: WorkerLink
    )
    func closed(_ link: WorkerLink, reason: String)
}

/// Why a worker was not taken in.
struct RefusedError: Error { let reason: String }

/// The coordinator's end of one worker's connection.
///
/// Lives on the loop.
final class WorkerLink: ChannelDelegate {
    /// Connections without a hello: more in all than several racks of workers that start at once,
    /// and one rack of an address.
    static let strangers = FairShare(places: 512, placesPerAddress: 256)
    /// Time for the first message of a connection; after it, the connection is closed.
    private static let helloTimeout = Duration.seconds(10)
    /// Time for a dismissed worker to go by itself.
    private static let leaveTimeout = Duration.seconds(1)

    private(set) var id: WorkerID?
    private(set) var hello: Hello?
    /// Nil where the port is plain.
    var proof: WorkerProof?
    private let loop: EventLoop
    /// Where the pages of results are received.
    private let memory: MemoryPool
    private unowned let delegate: any WorkerLinkDelegate
    private var channel: Channel?
    private var helloTimer: Timer?
    private var dismissal: Timer?
    private var declared: Set<StepID> = []
    private var incoming: IncomingResult?

    /// A result whose pages are being received.
    private struct IncomingResult {
        let attempt: AttemptID
        let result: TransformResult
        var report: AttemptReport
        let block: MemoryBlock
        let begun: Instant
    }
    /// Where the worker's process takes memory over, once it has said so there.
    private var handover: MemoryHandover?
    private var sharesMemory = false
    /// Chunks that the worker reads in our memory, until it has answered for their attempts.
    ///
    /// Of an attempt that is revoked, or whose connection ends, nobody knows when its slot stops
    /// reading: such a block is never written again.
    private var shared: [AttemptID: SharedBlock] = [:]

    /// A block that may go at any time: its reader keeps what it has mapped.
    private struct SharedBlock { weak var block: MemoryBlock? }

    init(
        connection: Connection,
        loop: EventLoop,
        memory: MemoryPool,
        delegate: any WorkerLinkDelegate
    ) {
        self.loop = loop
        self.memory = memory
        self.delegate = delegate
        proof = connection.certificate.map {
            WorkerProof($0, at: EventLoop.now(), EventLoop.wallTime())
        }
        let channel = Channel(
            connection: connection,
            delegate: self,
            payloadLimit: Limits.helloPayloadBytes
        )
        self.channel = channel
        helloTimer = loop.schedule(after: Self.helloTimeout) { [weak channel] in
            channel?.close("no hello within \(Int(Self.helloTimeout.seconds)) s")
        }
        channel.start()
    }

    func send(_ message: CoordinatorMessage) { channel?.send(message.encoded) }

    func close(_ reason: String) { channel?.close(reason) }

    /// Sends the last message of a connection; a worker that does not take its leave is cut off.
    func dismiss(_ message: CoordinatorMessage, _ reason: String) {
        guard dismissal == nil, channel != nil else { return }
        send(message)
        // Keeps the link until then: nobody else may have it any more.
        dismissal = loop.schedule(after: Self.leaveTimeout) { [self] in close(reason) }
    }

    /// Sends a chunk; the step is declared before its first one.
    func lease(
        _ text: CutText,
        attempt: AttemptID,
        step: StepID,
        declaration: TransformDeclaration
    ) {
        if declared.insert(step).inserted { send(.declare(step, declaration)) }
        let lease = TransformLease(
            attempt: attempt,
            step: step,
            source: text.source,
            firstLine: text.firstLine,
            sizeBytes: text.sizeBytes,
            slice: text.slice
        )
        let block = text.block
        if share(block, as: attempt) {
            return send(.leaseShared(lease, crc32: text.storedCRC32))
        }
        channel?.send(
            OutgoingRun(
                head: CoordinatorMessage.lease(lease).encoded,
                data: text.storedSizeBytes == 0 ? [] : [block.prefix(text.storedSizeBytes)],
                end: CoordinatorMessage.runEnd(crc32: text.storedCRC32).encoded,
                // The closure keeps the text alive until it is written.
                released: { withExtendedLifetime(block) {} }
            )
        )
    }

    /// Takes the way on which the process behind the worker was started to take memory over.
    func share(through handover: MemoryHandover?) { self.handover = handover }

    /// Lets the worker read a chunk where it lies; false where it has to be sent.
    private func share(_ block: MemoryBlock, as attempt: AttemptID) -> Bool {
        guard let handover, let id else { return false }
        // The process id of the hello is the worker's word; what comes out of the socket is not.
        if let worker = handover.receiveNumber() { sharesMemory = worker == id.rawValue }
        guard sharesMemory, handover.send(attempt.rawValue, block) else { return false }
        shared[attempt] = SharedBlock(block: block)
        return true
    }

    private func endSharing(of attempt: AttemptID) {
        shared.removeValue(forKey: attempt)?.block?.endReading()
    }

    func revoke(_ attempt: AttemptID) {
        shared[attempt] = nil
        send(.revoke(attempt))
    }

    func forget(_ step: StepID) {
        if declared.remove(step) != nil { send(.forget(step)) }
    }

    // MARK: ChannelDelegate

    func channel(
        _ channel: Channel,
        received kind: FrameKind,
        payload: UnsafeRawBufferPointer
    ) throws(WireError) {
        let message = try WorkerMessage(kind: kind, payload: payload)
        guard dismissal == nil else { return try ignore(message, on: channel) }
        guard id != nil else { return try receiveFirst(message) }
        delegate.heard(self)
        guard dismissal == nil else { return try ignore(message, on: channel) }
        switch message {
        case .hello: throw .unexpectedData("a second hello")
        case .heartbeat:
            // The answer tells the worker that its coordinator lives.
            send(.credit(bytes: 0))
        case .result(let attempt, let result, let report):
            try begin(attempt, result, report, on: channel)
        case .runEnd(let hash):
            try channel.endRun()
            guard var run = incoming else { throw .unexpectedData("the end of no result") }
            incoming = nil
            run.report.add(EventLoop.now() - run.begun, to: .sent)
            delegate.received(
                run.result,
                of: run.attempt,
                block: run.block,
                sha256: hash,
                report: run.report,
                from: self
            )
        case .failed(let attempt, let failure, let message, let report):
            endSharing(of: attempt)
            delegate.failed(attempt, failure, message: message, report: report, from: self)
        case .finished(let attempts):
            delegate.finished(attempts, from: self)
        case .renew(let request):
            delegate.renew(self, request: request)
        }
    }

    /// Whatever a dismissed worker still has to say comes too late; its runs must be read to the end.
    private func ignore(_ message: WorkerMessage, on channel: Channel) throws(WireError) {
        switch message {
        case .result(let attempt, let result, let report):
            try begin(attempt, result, report, on: channel)
        case .runEnd: try channel.endRun()
        case .hello, .heartbeat, .failed, .finished, .renew: break
        }
    }

    private func receiveFirst(_ message: WorkerMessage) throws(WireError) {
        guard case .hello(let hello) = message else {
            throw .unexpectedData("the first message is no hello")
        }
        helloTimer = nil
        self.hello = hello
        switch delegate.admit(self, hello) {
        case .success(let welcome):
            id = welcome.worker
            channel?.liftPayloadLimit()
            send(.welcome(welcome))
        case .failure(let refusal):
            dismiss(.refuse(reason: refusal.reason), "refused: \(refusal.reason)")
        }
    }

    private func begin(
        _ attempt: AttemptID,
        _ result: TransformResult,
        _ report: AttemptReport,
        on channel: Channel
    ) throws(WireError) {
        endSharing(of: attempt)
        let block = memory.take(capacity: max(1, result.payloadSizeBytes))
        incoming = IncomingResult(
            attempt: attempt,
            result: result,
            report: report,
            block: block,
            begun: EventLoop.now()
        )
        try channel.beginRun(
            into: UnsafeMutableRawBufferPointer(
                rebasing: block.bytes[..<result.payloadSizeBytes]
            )
        )
    }

    func channel(_ channel: Channel, closed reason: String) {
        self.channel = nil
        helloTimer = nil
        dismissal = nil
        incoming = nil
        shared = [:]
        delegate.closed(self, reason: reason)
    }
}
