import Base
import HTTP
import Testing
import Transport

/// An HTTP server beside plain connections, as the coordinator has them.
@Suite("HTTP and other connections on one loop")
struct SharedLoopTests {
    /// Answers with what it reads.
    private final class Echo: ConnectionHandler {
        private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 16)

        deinit { buffer.deallocate() }

        func readBuffer(for connection: Connection) -> UnsafeMutableRawBufferPointer? { buffer }

        func connection(_ connection: Connection, didRead count: Int) {
            connection.send(Array(buffer[..<count]))
        }

        func connectionDidDrain(_ connection: Connection) {}

        func connection(_ connection: Connection, closedBy reason: CloseReason) {}
    }

    private static func listen(on loop: EventLoop) throws -> UInt16 {
        let port = Outcome<UInt16?>()
        loop.execute {
            let address = HostPort(host: "127.0.0.1", port: 0)
            let listener = try? Listener(loop: loop, address: address) { $0.start(handler: Echo()) }
            port.finish(listener?.port)
        }
        return try #require(try port.wait())
    }

    @Test("a connection that takes the place of an HTTP client that left is read")
    func reusedDescriptor() throws {
        let server = try LiveServer.withEcho()
        let port = try Self.listen(on: server.loop)
        // Kept open, so that each round has a socket number that an HTTP client had before.
        var clients: [RawClient] = []
        for round in 0..<40 {
            let visitor = RawClient(port: server.port)
            visitor.write("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            try #require(visitor.read().hasSuffix("well"), "round \(round)")
            let client = RawClient(port: port)
            client.write("hello")
            try #require(client.read { $0.count == 5 } == "hello", "round \(round)")
            clients.append(client)
        }
        #expect(clients.count == 40)
    }
}
