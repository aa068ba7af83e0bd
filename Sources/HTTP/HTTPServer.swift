import Base
import CEvent
import Glibc
package import Transport

/// Serves HTTP/1.1 on one address, with libevent's parser.
///
/// Before the handler sees a request it has passed the limits of failure-model.md section 4 and
/// ``RequestGuard``. Every error has a JSON body.
///
/// The loop keeps the server alive until it is closed. THREADING: belongs to the loop's thread; the
/// handler is called there.
package final class HTTPServer {
    /// Fields of one request's head; failure-model.md section 4.
    private static let headerFields = 100

    package let port: UInt16

    private let loop: EventLoop
    private let requestGuard: RequestGuard
    private let handler: (HTTPRequest, HTTPExchange) -> Void
    private let connections: ConnectionTable
    private var server: OpaquePointer?

    /// Binds and listens at once; without `security` there is no TLS.
    ///
    /// Requests may name loopback, the host of `address`, the address they come in on, and
    /// `moreHosts`. Forms are taken in at paths that begin with `formPaths`, else nowhere.
    package init(
        loop: EventLoop,
        address: HostPort,
        moreHosts: [String] = [],
        formPaths: String? = nil,
        security: TLSContext? = nil,
        handler: @escaping (HTTPRequest, HTTPExchange) -> Void
    ) throws(HTTPError) {
        loop.preconditionInLoop()
        self.loop = loop
        self.handler = handler
        connections = ConnectionTable(loop: loop, security: security)
        requestGuard = RequestGuard(
            address: address,
            moreHosts: moreHosts,
            formPaths: formPaths
        )
        let descriptor: Int32
        do {
            descriptor = try ListeningSocket.open(on: address)
        } catch {
            throw .cannotListen(error)
        }
        port = ListeningSocket.port(of: descriptor) ?? address.port
        guard let server = evhttp_new(loop.base), evhttp_accept_socket(server, descriptor) == 0
        else {
            Glibc.close(descriptor)
            throw .outOfResources("an HTTP server")
        }
        self.server = server
        configure(server)
        loop.register(self)
    }

    private func configure(_ server: OpaquePointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        evhttp_set_max_headers_size(server, Limits.httpHeaderBytes)
        evhttp_set_max_body_size(server, Limits.httpBodyBytes)
        evhttp_set_default_content_type(server, nil)
        // A body over the limit is read to its end and thrown away: closing on unread bytes would
        // reset the connection and lose the answer.
        evhttp_set_flags(server, EVHTTP_SERVER_LINGERING_CLOSE)
        let methods = [
            EVHTTP_REQ_GET, EVHTTP_REQ_POST, EVHTTP_REQ_PUT, EVHTTP_REQ_PATCH, EVHTTP_REQ_DELETE,
            // Let in to be refused with a JSON body.
            EVHTTP_REQ_HEAD, EVHTTP_REQ_OPTIONS,
        ]
        evhttp_set_allowed_methods(server, methods.reduce(0) { $0 | UInt16($1.rawValue) })
        evhttp_set_bevcb(
            server,
            { _, context in callbackOwner(context, as: HTTPServer.self).connections.makeChannel() },
            context
        )
        evhttp_set_gencb(
            server,
            { request, context in
                guard let request else { return }
                callbackOwner(context, as: HTTPServer.self).serve(request)
            },
            context
        )
    }

    private func serve(_ request: OpaquePointer) {
        guard let connection = evhttp_request_get_connection(request) else {
            preconditionFailure("libevent handed over a request without a connection")
        }
        connections.requestBegan(on: evhttp_connection_get_bufferevent(connection))
        let live = LiveRequest(request, on: connection, loop: loop, connections: connections)
        let exchange = HTTPExchange(live)
        let headers = RequestReader.headers(of: request)
        guard headers.count <= Self.headerFields else {
            exchange.respond(.error(431, "more than \(Self.headerFields) header fields"))
            return
        }
        guard let decoded = RequestReader.read(request, on: connection, headers: headers) else {
            exchange.respond(.error(400, "the path or the query is not properly encoded"))
            return
        }
        let descriptor = bufferevent_getfd(evhttp_connection_get_bufferevent(connection))
        let refusal = requestGuard.refusal(of: decoded) {
            ListeningSocket.address(of: descriptor)?.host
        }
        if let refusal {
            exchange.respond(refusal)
        } else {
            handler(decoded, exchange)
        }
    }

    /// Stops listening and closes all connections, answered or not.
    ///
    /// Put off to the end of the turn, so that a handler may call it.
    package func close() {
        loop.preconditionInLoop()
        loop.atEndOfTurn { [self] in free() }
    }

    private func free() {
        guard let server else { return }
        self.server = nil
        // Frees the listener and the connections; their close callbacks tell the answers.
        evhttp_free(server)
        loop.unregister(self)
    }
}

extension HTTPServer: LoopResource {
    package func loopDidStop() { free() }
}
