import CEvent
import Glibc
package import Identity

/// One TCP connection, read and written without copying bulk data.
///
/// Reading goes from the socket straight into the handler's buffer: libevent 2.1's own
/// `evbuffer_read` takes at most 4096 bytes a call. Writing gathers references to the sender's
/// memory (`evbuffer_add_reference`) into `writev` calls. With TLS, OpenSSL stands between: it
/// decrypts into the handler's buffer and encrypts from the sender's memory (``SocketStream``).
///
/// ```
/// made --start()--> open --close(), end of stream, failure--> closed
/// ```
///
/// What is sent in one turn of the loop is written together at its end, so that many small
/// messages make one `writev`. The loop keeps a started connection alive until it is closed; one
/// that is dropped before `start(handler:)` is closed silently.
///
/// THREADING: belongs to the loop's thread.
package final class Connection {
    /// Most bytes that one connection reads or writes before the loop looks at the others.
    ///
    /// At 5 GB/s over loopback 4 MiB are under a millisecond.
    private static let turnBytes = 4 << 20

    /// Most calls that one connection reads with before the loop looks at the others: 4 frames.
    private static let turnReads = 4

    private enum State { case made, open, closed }

    /// The numeric address of the other side, as in `127.0.0.1:40312`.
    package let peer: String

    /// The other side's certificate; nil without TLS, and of clients that need none.
    package let certificate: Certificate?

    /// Whom the connection counts for; nil when the other side is gone already.
    package var peerAddress: PeerAddress? {
        state == .closed ? nil : PeerAddress(of: descriptor)
    }

    private let loop: EventLoop
    private let descriptor: Int32
    private let stream: SocketStream
    private let output: OpaquePointer
    private let released = ReleaseList()
    private var state = State.made
    private var handler: (any ConnectionHandler)?
    private var readable: LoopEvent?
    private var writable: LoopEvent?
    private var isWaitingToWrite = false
    private var isReadingPaused = false
    private var isFlushPutOff = false

    /// Takes over a connected, non-blocking socket, and the TLS that was settled on it.
    init(takingOver descriptor: Int32, _ session: TLSSession?, peer: String, loop: EventLoop) {
        loop.preconditionInLoop()
        guard let output = evbuffer_new() else { preconditionFailure("no memory for a buffer") }
        self.descriptor = descriptor
        stream = session.map { .encrypted($0) } ?? .plain(descriptor)
        certificate = session?.peer
        self.peer = peer
        self.loop = loop
        self.output = output
        // Small frames must not wait for the acknowledgement of earlier ones (RFC 896). Failing is
        // harmless. The sizes of the kernel's buffers stay automatic: setting them would cap them
        // at net.core.wmem_max, far below what the kernel grows them to by itself.
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
        makeEvents()
    }

    private func makeEvents() {
        readable = LoopEvent(
            on: loop.eventBase,
            descriptor: descriptor,
            kinds: EV_READ | EV_PERSIST,
            context: self
        ) { _, _, context in
            callbackOwner(context, as: Connection.self).readTurn()
        }
        writable = LoopEvent(
            on: loop.eventBase,
            descriptor: descriptor,
            kinds: EV_WRITE | EV_PERSIST,
            context: self
        ) { _, _, context in
            callbackOwner(context, as: Connection.self).writeTurn()
        }
    }

    deinit {
        // Open connections are kept by the loop, so this one was never started, or is closed.
        guard state != .closed else { return }
        freeSocket()
        released.callAll()
    }

    /// Connects to `address` and settles TLS within `timeout`; without `security` there is none.
    ///
    /// `completion` is called on the loop, never within this call.
    package static func connect(
        to address: HostPort,
        loop: EventLoop,
        security: TLSContext? = nil,
        timeout: Duration,
        completion: @escaping (Result<Connection, TransportError>) -> Void
    ) {
        loop.preconditionInLoop()
        let connector = Connector(
            to: address,
            loop: loop,
            security: security,
            timeout: timeout,
            completion: completion
        )
        connector.start()
    }

    /// Begins to read; the connection keeps `handler` until it has told it of the end.
    package func start(handler: any ConnectionHandler) {
        loop.preconditionInLoop()
        precondition(state != .open, "the connection to \(peer) was started twice")
        guard state == .made else { return }
        state = .open
        self.handler = handler
        loop.register(self)
        waitToRead()
    }

    // MARK: Reading

    /// Reads again after the handler had no buffer to read to.
    package func resumeReading() {
        loop.preconditionInLoop()
        guard isReadingPaused, state == .open else { return }
        isReadingPaused = false
        waitToRead()
    }

    private func waitToRead() {
        readable?.add()
        if stream.hasPending { readable?.activate() }
    }

    private func readTurn() {
        var taken = 0
        for _ in 0..<Self.turnReads where taken < Self.turnBytes {
            guard state == .open, let handler else { return }
            guard let buffer = handler.readBuffer(for: self) else {
                pauseReading()
                return
            }
            guard state == .open else { return }
            precondition(!buffer.isEmpty, "a read buffer holds at least one byte")
            let reading = stream.read(into: buffer)
            if reading.count > 0 {
                taken += reading.count
                handler.connection(self, didRead: reading.count)
            }
            if let reason = reading.end { return end(reason) }
            if reading.isDrained { return }
        }
        if state == .open, stream.hasPending { readable?.activate() }
    }

    private func pauseReading() {
        guard state == .open else { return }
        isReadingPaused = true
        readable?.remove()
    }

    // MARK: Writing

    /// Bytes that were sent and not yet handed to the kernel.
    package var queuedBytes: Int { state == .closed ? 0 : evbuffer_get_length(output) }

    /// Queues a copy of `bytes`, for small messages.
    ///
    /// Nothing happens on a closed connection.
    package func send(_ bytes: [UInt8]) {
        loop.preconditionInLoop()
        guard state != .closed, !bytes.isEmpty else { return }
        let code = evbuffer_add(output, bytes, bytes.count)
        precondition(code == 0, "no memory to send \(bytes.count) bytes")
        putOffFlush()
    }

    /// Queues `memory` itself, which must stay as it is until `released` is called.
    ///
    /// That happens exactly once, on the loop and never within this call: when the last byte was
    /// handed to the kernel, or when the connection is closed.
    package func send(_ memory: UnsafeRawBufferPointer, released: @escaping () -> Void) {
        loop.preconditionInLoop()
        guard state != .closed, let start = memory.baseAddress, !memory.isEmpty else {
            loop.atEndOfTurn(released)
            return
        }
        let lent = Unmanaged.passRetained(LentMemory(released, list: self.released))
        let code = evbuffer_add_reference(
            output,
            start,
            memory.count,
            { _, _, context in LentMemory.giveBack(context) },
            lent.toOpaque()
        )
        precondition(code == 0, "no memory to send \(memory.count) bytes")
        putOffFlush()
    }

    private func putOffFlush() {
        // While waiting for the socket, its readiness writes what was added meanwhile, too.
        guard !isFlushPutOff, !isWaitingToWrite else { return }
        isFlushPutOff = true
        loop.atEndOfTurn { [self] in
            isFlushPutOff = false
            if !isWaitingToWrite { writeTurn() }
        }
    }

    private func writeTurn() {
        guard state != .closed else { return }
        if let reason = writeOnce() { return end(reason) }
        waitToWrite(evbuffer_get_length(output) > 0)
        released.callAll()
        if state == .open, queuedBytes == 0 { handler?.connectionDidDrain(self) }
    }

    /// Hands the kernel what it takes at once; why the connection can take no more, ever.
    private func writeOnce() -> CloseReason? { stream.write(output, atMost: Self.turnBytes) }

    private func waitToWrite(_ mustWait: Bool) {
        guard mustWait != isWaitingToWrite else { return }
        isWaitingToWrite = mustWait
        if mustWait { writable?.add() } else { writable?.remove() }
    }

    // MARK: Closing

    /// Closes the connection; what is queued is written as far as the kernel takes it at once.
    ///
    /// May be called again, and after the other side's end; the first reason counts.
    package func close(_ reason: String) {
        loop.preconditionInLoop()
        guard state != .closed else { return }
        // Whether the farewell got through changes nothing any more.
        _ = writeOnce()
        end(.local(reason))
    }

    private func end(_ reason: CloseReason) {
        guard state != .closed else { return }
        state = .closed
        stream.sayGoodbye()
        freeSocket()
        loop.atEndOfTurn { [self] in
            loop.unregister(self)
            released.callAll()
            let handler = handler
            self.handler = nil
            handler?.connection(self, closedBy: reason)
        }
    }

    private func freeSocket() {
        readable = nil
        writable = nil
        evbuffer_free(output)
        Glibc.close(descriptor)
    }
}

extension Connection: LoopResource {
    package func loopDidStop() { close("the event loop stopped") }
}

/// What libevent has finished with, until it is safe to tell the senders.
///
/// libevent gives memory back from within its buffer functions, which a sender that answers with
/// the next `send` must not re-enter.
private final class ReleaseList {
    var ready: [() -> Void] = []

    func callAll() {
        let batch = ready
        ready = []
        for released in batch { released() }
    }
}

/// A piece of a sender's memory in libevent's hands, which own this object by an unbalanced retain.
private final class LentMemory {
    private let released: () -> Void
    private let list: ReleaseList

    init(_ released: @escaping () -> Void, list: ReleaseList) {
        self.released = released
        self.list = list
    }

    static func giveBack(_ context: UnsafeMutableRawPointer?) {
        guard let context else { preconditionFailure("lent memory without its owner") }
        let lent = Unmanaged<LentMemory>.fromOpaque(context).takeRetainedValue()
        lent.list.ready.append(lent.released)
    }
}
