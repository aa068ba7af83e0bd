import CEvent
import Transport

/// A request in libevent's hands, from the call of the handler to the end of the answer.
///
/// ```
/// waiting --reply()-----------------------> answered
///    \----beginStream()--> streaming --endStream()--/
///     \-----the connection closes-----\--> gone
/// ```
///
/// Lifetimes. libevent owns the `evhttp_request`; after the last call of an answer it frees it at a
/// time of its own, so the pointer is forgotten there. When the client goes away before that,
/// libevent takes the request off its connection and leaves it to us to free; when the server is
/// freed, the request goes with its connection. The close callback is told of both and has to look
/// which of the two it is. It holds this object unretained, so every end takes the callback off, and
/// the owner (exchange or stream) ends the answer before it lets go.
///
/// Before the answer begins libevent does not read, so a client's going is noticed in writing only.
final class LiveRequest {
    /// Bytes that a stream may have queued for a client that does not read them.
    ///
    /// One more and it is cut off. A guess: some minutes of events.
    private static let streamQueueBytes = 1 << 20

    private let loop: EventLoop
    private let connections: ConnectionTable
    /// Nil from the end of the answer on.
    private var request: OpaquePointer?
    /// Valid as long as `request` is not nil.
    private let connection: OpaquePointer
    /// Called at the end of the turn in which the client goes away before the answer's end.
    var onGone: (() -> Void)?

    init(
        _ request: OpaquePointer,
        on connection: OpaquePointer,
        loop: EventLoop,
        connections: ConnectionTable
    ) {
        self.request = request
        self.connection = connection
        self.loop = loop
        self.connections = connections
        let context = Unmanaged.passUnretained(self).toOpaque()
        evhttp_connection_set_closecb(
            connection,
            { _, context in callbackOwner(context, as: LiveRequest.self).connectionCloses() },
            context
        )
    }

    deinit { precondition(request == nil, "an answer was dropped before its end") }

    var isLive: Bool { request != nil }

    /// Whether answers of others fill the memory that there is for them.
    var isCrowded: Bool { connections.isCrowded }

    private var channel: OpaquePointer? { evhttp_connection_get_bufferevent(connection) }

    // MARK: Answering

    /// Sends the whole answer; nothing happens when the client is gone.
    func reply(_ response: HTTPResponse) {
        guard let request = takeRequest() else { return }
        add(response.headers, to: request)
        withBuffer(response.body) { evhttp_send_reply(request, Int32(response.status), nil, $0) }
        connections.requestEnded(on: channel)
    }

    /// Sends the head of an answer whose body follows in pieces.
    func beginStream(_ headers: [(String, String)]) {
        guard let request else { return }
        // Whatever a client sends meanwhile would wait for as long as the stream goes on.
        add(headers + [("Connection", "close"), ("Cache-Control", "no-store")], to: request)
        evhttp_send_reply_start(request, 200, nil)
        connections.streamBegan(on: channel)
    }

    func sendPiece(_ bytes: [UInt8]) {
        guard let request, let channel, !bytes.isEmpty else { return }
        let queued = evbuffer_get_length(bufferevent_get_output(channel))
        guard queued + bytes.count <= Self.streamQueueBytes else {
            // libevent sees the end of the stream and calls the close callback.
            connections.cutOff(channel)
            return
        }
        withBuffer(bytes) { evhttp_send_reply_chunk(request, $0) }
    }

    func endStream() {
        guard let request = takeRequest() else { return }
        evhttp_send_reply_end(request)
    }

    private func add(_ headers: [(String, String)], to request: OpaquePointer) {
        let list = evhttp_request_get_output_headers(request)
        for (name, value) in headers {
            let code = evhttp_add_header(list, name, value)
            precondition(code == 0, "a line break in the header \(name)")
        }
    }

    private func withBuffer(_ bytes: [UInt8], _ body: (OpaquePointer) -> Void) {
        guard let buffer = evbuffer_new(), evbuffer_add(buffer, bytes, bytes.count) == 0 else {
            preconditionFailure("no memory for an answer of \(bytes.count) bytes")
        }
        body(buffer)
        evbuffer_free(buffer)
    }

    // MARK: Ending

    /// The request for the last call of the answer, after which it is libevent's alone.
    private func takeRequest() -> OpaquePointer? {
        guard let request else { return nil }
        loop.preconditionInLoop()
        self.request = nil
        onGone = nil
        evhttp_connection_set_closecb(connection, nil, nil)
        return request
    }

    private func connectionCloses() {
        guard let request else { return }
        self.request = nil
        let wasLeftToUs = evhttp_request_get_connection(request) == nil
        let onGone = onGone
        self.onGone = nil
        // libevent is in the midst of closing.
        loop.atEndOfTurn {
            if wasLeftToUs { evhttp_request_free(request) }
            onGone?()
        }
    }
}
