import Base
package import Transport
package import Wire

/// What the two ends of a channel do with what arrives.
package protocol ChannelDelegate: AnyObject {
    /// A message; its payload is lent for the call. Opening and closing runs goes through `channel`.
    func channel(
        _ channel: Channel,
        received kind: FrameKind,
        payload: UnsafeRawBufferPointer
    ) throws(WireError)

    /// The connection ended; comes exactly once and last.
    func channel(_ channel: Channel, closed reason: String)
}

/// The wire protocol on one connection: frames in both directions with back-pressure.
///
/// Lives on the loop of its connection; nothing here may be called from elsewhere.
package final class Channel: ConnectionHandler {
    /// Bytes handed to the connection before its queue must drain.
    ///
    /// Two frames keep the socket busy, and a message never waits behind more than these.
    private static let queuedBytesLimit = 2 * Limits.framePayloadBytes

    private let connection: Connection
    private let reader: FrameReader
    private var queue = FrameQueue()
    private weak var delegate: (any ChannelDelegate)?
    private var isClosed = false

    /// Frames over `payloadLimit` end the connection until ``liftPayloadLimit()``.
    package init(
        connection: Connection,
        delegate: any ChannelDelegate,
        payloadLimit: Int = Limits.framePayloadBytes
    ) {
        self.connection = connection
        reader = FrameReader(payloadLimit: payloadLimit)
        self.delegate = delegate
    }

    /// Begins to read.
    ///
    /// The connection keeps the channel alive until it is closed.
    package func start() { connection.start(handler: self) }

    package var peer: String { connection.peer }

    /// Takes frames of any allowed size from now on: the peer is known.
    package func liftPayloadLimit() { reader.liftPayloadLimit() }

    package func send(_ message: [UInt8]) {
        guard !isClosed else { return }
        queue.append(message)
        pump()
        if queue.messageBytes > Limits.queuedMessageBytes {
            close("the peer does not read what it is told")
        }
    }

    package func send(_ run: OutgoingRun) {
        guard !isClosed else { return run.released() }
        queue.append(run)
        pump()
    }

    /// Opens a run whose data goes to `memory`, which must live until it ends or the channel closes.
    package func beginRun(into memory: UnsafeMutableRawBufferPointer) throws(WireError) {
        try reader.beginRun(into: memory)
    }

    /// Closes the run and checks that all of its data came.
    package func endRun() throws(WireError) { try reader.endRun() }

    package func close(_ reason: String) { connection.close(reason) }

    private func pump() {
        while !isClosed, connection.queuedBytes < Self.queuedBytesLimit, let piece = queue.next() {
            switch piece {
            case .bytes(let bytes):
                connection.send(bytes)
            case .data(let header, let payload, let released):
                connection.send(header)
                connection.send(payload) { released?() }
            }
        }
    }

    // MARK: ConnectionHandler

    package func readBuffer(for connection: Connection) -> UnsafeMutableRawBufferPointer? {
        reader.destination
    }

    package func connection(_ connection: Connection, didRead count: Int) {
        do throws(WireError) {
            try reader.received(count) { kind, payload throws(WireError) in
                try delegate?.channel(self, received: kind, payload: payload)
            }
        } catch {
            connection.close(error.description)
        }
    }

    package func connectionDidDrain(_ connection: Connection) { pump() }

    package func connection(_ connection: Connection, closedBy reason: CloseReason) {
        isClosed = true
        queue.releaseAll()
        delegate?.channel(self, closed: reason.description)
    }
}
