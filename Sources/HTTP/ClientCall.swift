import Base
import CEvent
import Glibc
import Identity
import Transport

/// One request of a client on a private event loop, run on the calling thread.
///
/// Lifetimes. libevent owns the request and frees it after its callback, or with the connection.
/// Both hold this object unretained; the connection is freed before `run` returns.
final class ClientCall {
    enum End {
        case answered(HTTPResponse)
        case notConnected(String)
        /// TLS was not settled.
        case distrusted(String)
        case failed(String)
        case timedOut
        /// `onPiece` wanted no more.
        case stopped
    }

    /// Most bytes of an answer; a guess, far above what the coordinator sends.
    private static let answerBytes = 64 << 20

    /// Seconds of silence that a call without a time limit endures: a year, as libevent takes 0 for
    /// its own 50 seconds.
    private static let patienceSeconds: Int32 = 365 * 86_400

    private let address: HostPort
    private let token: Secret?
    private let timeout: Duration?
    private let base: OpaquePointer
    private let connection: OpaquePointer
    private var failure: evhttp_request_error?

    /// The body so far of an answer that is not for `onPiece`; libevent throws away what it offered.
    private var refusal: [UInt8] = []

    /// How it ended; a call that did not end by itself was too slow.
    private(set) var end = End.timedOut
    /// Takes the body of an answer with status 200 as it arrives, until it returns false.
    var onPiece: (([UInt8]) -> Bool)?

    init(address: HostPort, access: ClientAccess, timeout: Duration?) throws(HTTPError) {
        guard let base = event_base_new() else { throw .outOfResources("an event loop") }
        guard let connection = Self.makeConnection(to: address, access.security, on: base) else {
            event_base_free(base)
            throw .outOfResources("a connection to \(address)")
        }
        self.address = address
        token = access.token
        self.timeout = timeout
        self.base = base
        self.connection = connection
        evhttp_connection_set_max_body_size(connection, Self.answerBytes)
    }

    private static func makeConnection(
        to address: HostPort,
        _ security: TLSContext?,
        on base: OpaquePointer
    ) -> OpaquePointer? {
        guard let security else {
            return evhttp_connection_base_new(base, nil, address.host, address.port)
        }
        let options = Int32(bitPattern: BEV_OPT_CLOSE_ON_FREE.rawValue)
        let channel = security.makeBufferevent(on: base, host: address.host, options: options)
        return evhttp_connection_base_bufferevent_new(
            base,
            nil,
            channel,
            address.host,
            address.port
        )
    }

    deinit {
        evhttp_connection_free(connection)
        event_base_free(base)
    }

    /// Sends the request and waits for the end.
    func run(_ method: HTTPMethod, _ target: String, body: [UInt8]?) {
        signal(SIGPIPE, SIG_IGN)
        limitTime()
        guard let request = makeRequest(body: body) else {
            preconditionFailure("no memory for a request")
        }
        // On failure libevent has freed the request.
        guard evhttp_make_request(connection, request, method.command, target) == 0 else {
            end = .notConnected(whyNotConnected())
            return
        }
        event_base_loop(base, 0)
    }

    private func limitTime() {
        guard let timeout else {
            evhttp_connection_set_timeout(connection, Self.patienceSeconds)
            return
        }
        let nanoseconds = max(0, timeout.nanoseconds)
        var limit = timeval(
            tv_sec: Int(nanoseconds / 1_000_000_000),
            tv_usec: Int(nanoseconds % 1_000_000_000 / 1000)
        )
        event_base_loopexit(base, &limit)
    }

    private func makeRequest(body: [UInt8]?) -> OpaquePointer? {
        let context = Unmanaged.passUnretained(self).toOpaque()
        guard
            let request = evhttp_request_new(
                { request, context in
                    callbackOwner(context, as: ClientCall.self).ended(request)
                },
                context
            )
        else { return nil }
        evhttp_request_set_error_cb(request) { failure, context in
            callbackOwner(context, as: ClientCall.self).failure = failure
        }
        if onPiece != nil {
            evhttp_request_set_chunked_cb(request) { request, context in
                guard let request else { return }
                callbackOwner(context, as: ClientCall.self).pieceArrived(request)
            }
        }
        var headers = [("Host", address.description), ("Connection", "close")]
        if let body {
            headers.append(("Content-Type", "application/json"))
            headers.append(("Content-Length", String(body.count)))
            evbuffer_add(evhttp_request_get_output_buffer(request), body, body.count)
        }
        if let token {
            let text = token.withBytes { String(decoding: $0, as: UTF8.self) }
            headers.append(("Authorization", "Bearer \(text)"))
        }
        let list = evhttp_request_get_output_headers(request)
        for (name, value) in headers { evhttp_add_header(list, name, value) }
        return request
    }

    private func pieceArrived(_ request: OpaquePointer) {
        let piece = RequestReader.takeBody(of: request)
        guard evhttp_request_get_response_code(request) == 200, let onPiece else {
            refusal += piece
            return
        }
        guard !onPiece(piece) else { return }
        end = .stopped
        event_base_loopbreak(base)
    }

    private func ended(_ request: OpaquePointer?) {
        defer { event_base_loopbreak(base) }
        if case .stopped = end { return }
        if let failure {
            end = Self.end(after: failure, distrust: whyNotTrusted())
            return
        }
        guard let request, evhttp_request_get_response_code(request) != 0 else {
            end =
                whyNotTrusted().map(End.distrusted) ?? .notConnected(whyNotConnected())
            return
        }
        end = .answered(
            HTTPResponse(
                status: Int(evhttp_request_get_response_code(request)),
                headers: RequestReader.headers(of: request),
                body: refusal + RequestReader.takeBody(of: request)
            )
        )
    }

    private static func end(after failure: evhttp_request_error, distrust: String?) -> End {
        if let distrust { return .distrusted(distrust) }
        return failure == EVREQ_HTTP_TIMEOUT ? .timedOut : .failed(text(of: failure))
    }

    /// libevent loses the error of `connect` while it tidies up, so it is asked for again.
    private func whyNotConnected() -> String {
        ConnectProbe.failure(of: address) ?? "the connection was closed at once"
    }

    /// Why TLS failed; nil without TLS, or when it did not.
    private func whyNotTrusted() -> String? {
        let channel = evhttp_connection_get_bufferevent(connection)
        guard let session = bufferevent_openssl_get_ssl(channel) else { return nil }
        return TLSReason.text(of: session, bufferevent_get_openssl_error(channel))
    }

    private static func text(of failure: evhttp_request_error) -> String {
        switch failure {
        case EVREQ_HTTP_EOF: "the connection was closed"
        case EVREQ_HTTP_INVALID_HEADER: "what came back is not HTTP"
        case EVREQ_HTTP_DATA_TOO_LONG: "the answer is over \(ByteCount(answerBytes))"
        case EVREQ_HTTP_BUFFER_ERROR: "reading or writing failed"
        default: "libevent's error \(failure.rawValue)"
        }
    }
}
