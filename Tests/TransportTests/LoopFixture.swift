import Base
import Dispatch
import Glibc
import Synchronization
import Transport

/// What a test waits for: one value, handed over from any thread, the first one counts.
final class Outcome<Value: Sendable>: Sendable {
    struct TimedOut: Error, CustomStringConvertible {
        var description: String { "nothing happened within \(Outcome.deadlineSeconds) s" }
    }

    /// No test takes a second; the rest is for machines that are starved of CPU.
    private static var deadlineSeconds: Int { 60 }

    private let stored = Mutex<Value?>(nil)
    private let arrived = DispatchSemaphore(value: 0)

    func finish(_ value: Value) {
        let isFirst = stored.withLock { stored in
            guard stored == nil else { return false }
            stored = value
            return true
        }
        if isFirst { arrived.signal() }
    }

    func wait() throws -> Value {
        guard arrived.wait(timeout: .now() + .seconds(Self.deadlineSeconds)) == .success,
            let value = stored.withLock({ $0 })
        else { throw TimedOut() }
        // For whoever waits next.
        arrived.signal()
        return value
    }
}

/// Runs `body` on a loop of its own and waits for what it finishes with.
///
/// Expectations belong behind this call: on the loop's thread they would not find their test.
func onLoop<Value: Sendable>(
    _ body: @escaping @Sendable (EventLoop, Outcome<Value>) -> Void
) throws -> Value {
    let loop = try EventLoop(name: "test")
    let outcome = Outcome<Value>()
    loop.start()
    defer { loop.stop() }
    loop.execute { body(loop, outcome) }
    return try outcome.wait()
}

/// A handler that keeps what it reads, and calls back.
final class Recorder: ConnectionHandler {
    private let buffer: UnsafeMutableRawBufferPointer
    var received: [UInt8] = []
    var drains = 0
    var closings: [CloseReason] = []
    /// While true no buffer is handed out.
    var isFull = false
    var timesFull = 0
    var onRead: (Connection, ArraySlice<UInt8>) -> Void = { _, _ in }
    var onDrain: (Connection) -> Void = { _ in }
    var onClose: (CloseReason) -> Void = { _ in }

    init(bufferBytes: Int = 64 << 10) {
        buffer = .allocate(byteCount: bufferBytes, alignment: 16)
    }

    deinit { buffer.deallocate() }

    func readBuffer(for connection: Connection) -> UnsafeMutableRawBufferPointer? {
        if isFull { timesFull += 1 }
        return isFull ? nil : buffer
    }

    func connection(_ connection: Connection, didRead count: Int) {
        let start = received.count
        received.append(contentsOf: buffer[..<count])
        onRead(connection, received[start...])
    }

    func connectionDidDrain(_ connection: Connection) {
        drains += 1
        onDrain(connection)
    }

    func connection(_ connection: Connection, closedBy reason: CloseReason) {
        closings.append(reason)
        onClose(reason)
    }
}

/// Both ends of a connection over loopback, started with recorders.
final class Pair {
    let client: Connection
    let server: Connection
    let clientSide: Recorder
    let serverSide: Recorder

    private init(client: Connection, server: Connection, bufferBytes: Int) {
        self.client = client
        self.server = server
        clientSide = Recorder(bufferBytes: bufferBytes)
        serverSide = Recorder(bufferBytes: bufferBytes)
        client.start(handler: clientSide)
        server.start(handler: serverSide)
    }

    /// Connects on the loop and hands the pair over when both ends are there.
    static func make(
        on loop: EventLoop,
        _ protection: Protection = .none,
        bufferBytes: Int = 64 << 10,
        _ body: @escaping (Pair) -> Void
    ) {
        var ends: (client: Connection?, server: Connection?)
        func check() {
            guard let client = ends.client, let server = ends.server else { return }
            body(Pair(client: client, server: server, bufferBytes: bufferBytes))
        }
        let listener = listen(on: loop, security: protection.server) {
            ends.server = $0
            check()
        }
        let address = HostPort(host: "127.0.0.1", port: listener.port)
        let client = protection.client
        Connection.connect(to: address, loop: loop, security: client, timeout: .seconds(30)) {
            ends.client = connected($0)
            check()
        }
    }
}

/// A listener on a free port of 127.0.0.1.
func listen(
    on loop: EventLoop,
    security: TLSContext? = nil,
    handshakeLimit: Duration = Listener.handshakeLimit,
    _ onAccept: @escaping (Connection) -> Void
) -> Listener {
    do {
        let address = HostPort(host: "127.0.0.1", port: 0)
        return try Listener(
            loop: loop,
            address: address,
            security: security,
            handshakeLimit: handshakeLimit,
            onAccept: onAccept
        )
    } catch {
        preconditionFailure("no port for a test: \(error)")
    }
}

func connected(_ result: Result<Connection, TransportError>) -> Connection {
    switch result {
    case .success(let connection): return connection
    case .failure(let error): preconditionFailure("no connection for a test: \(error)")
    }
}
