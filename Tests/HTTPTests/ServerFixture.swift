import Base
import Dispatch
import Glibc
import HTTP
import Synchronization
import Transport

/// A server with routes of its own on a free port, until it is released.
final class LiveServer: Sendable {
    let loop: EventLoop
    let port: UInt16
    private let server: LoopBound<HTTPServer>

    init(
        host: String = "127.0.0.1",
        moreHosts: [String] = [],
        formPaths: String? = nil,
        security: TLSContext? = nil,
        handler: @escaping @Sendable (EventLoop, HTTPRequest, HTTPExchange) -> Void
    ) throws {
        let loop = try EventLoop(name: "http")
        let server = try HTTPServer(
            loop: loop,
            address: HostPort(host: host, port: 0),
            moreHosts: moreHosts,
            formPaths: formPaths,
            security: security
        ) {
            [unowned loop] in
            handler(loop, $0, $1)
        }
        self.loop = loop
        port = server.port
        self.server = LoopBound(server, loop: loop)
        loop.start()
    }

    convenience init(routes: @escaping @Sendable (inout Router) -> Void) throws {
        try self.init { _, request, exchange in
            var router = Router()
            routes(&router)
            router.route(request, exchange)
        }
    }

    deinit { loop.stop() }

    var url: String { "http://127.0.0.1:\(port)" }

    func client() throws -> HTTPClient { try HTTPClient(baseURL: url) }

    func close() { loop.execute { [server] in server.value.close() } }

    /// The routes that most tests need.
    static func withEcho() throws -> LiveServer {
        try LiveServer(routes: { router in
            router.add(.get, "/health") { _, _, exchange in exchange.respond(.text("well")) }
            router.add(.post, "/echo") { request, _, exchange in
                exchange.respond(.json(request.body))
            }
            router.add(.post, "/jobs/{id}:cancel") { _, parameters, exchange in
                exchange.respond(.text("cancel \(parameters["id"] ?? "")"))
            }
            router.add(.get, "/jobs/{id}") { request, parameters, exchange in
                let view = request.query["view"] ?? "none"
                exchange.respond(.text("\(parameters["id"] ?? "") \(view)"))
            }
            router.add(.delete, "/jobs/{id}") { _, _, exchange in
                exchange.respond(HTTPResponse(status: 204))
            }
            router.add(.get, "/lost") { _, _, _ in }
        })
    }
}

/// What a test waits for: one value, handed over from any thread, the first one counts.
final class Outcome<Value: Sendable>: Sendable {
    struct TimedOut: Error {}

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
        guard arrived.wait(timeout: .now() + .seconds(60)) == .success,
            let value = stored.withLock({ $0 })
        else { throw TimedOut() }
        // For whoever waits next.
        arrived.signal()
        return value
    }
}

/// A blocking client that speaks bytes; a read that takes a minute ends.
final class RawClient {
    private let descriptor: Int32

    /// Connects to a port of 127.0.0.1, or of `host`.
    init(port: UInt16, host: UInt32 = 0x7F00_0001) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        let code = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { [descriptor] in
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(code == 0, "no connection for a test: errno \(errno)")
    }

    deinit { Glibc.close(descriptor) }

    func write(_ text: String) { write(Array(text.utf8)) }

    /// As far as the server takes it.
    func write(_ bytes: [UInt8]) {
        Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads until `text` holds, or to the end.
    func read(until isEnough: (String) -> Bool = { _ in false }) -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let text = String(decoding: all, as: UTF8.self)
            if isEnough(text) { return text }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return text }
            all += buffer[..<count]
        }
    }
}

extension LiveServer {
    /// A server that leaves everything but `/health` to `hold`.
    static func holding(
        _ hold: @escaping @Sendable (EventLoop, HTTPExchange) -> Void
    ) throws -> LiveServer {
        try LiveServer(handler: { loop, request, exchange in
            if request.path == "/health" {
                exchange.respond(.text("well"))
            } else {
                hold(loop, exchange)
            }
        })
    }
}
