import HTTP
import Testing
import Transport

/// Answers that take their time, and clients that do not wait for them.
@Suite("Late answers and streams")
struct LateAnswerTests {
    @Test("events arrive in order with their names and lines, until the stream ends")
    func events() throws {
        let server = try LiveServer(routes: { router in
            router.add(.get, "/events") { _, _, exchange in
                let stream = exchange.beginStream(contentType: "text/event-stream")
                for index in 0..<500 { stream.sendEvent(name: "tick", data: "\(index)\nline 2") }
                stream.end()
            }
        })
        var seen: [ServerSentEvent] = []
        try server.client().events("/events") {
            seen.append($0)
            return true
        }
        let expected = (0..<500).map { ServerSentEvent(name: "tick", data: "\($0)\nline 2") }
        #expect(seen == expected)
    }

    @Test("a client that has seen enough leaves, and the stream is told")
    func clientStops() throws {
        let closed = Outcome<Bool>()
        let server = try LiveServer(routes: { router in
            router.add(.get, "/events") { _, _, exchange in
                let stream = exchange.beginStream(contentType: "text/event-stream")
                stream.onClose = { closed.finish(stream.isOpen) }
                stream.sendEvent(name: "one", data: "1")
            }
        })
        var seen: [String] = []
        try server.client().events("/events") {
            seen.append($0.name)
            return false
        }
        #expect(seen == ["one"])
        #expect(try closed.wait() == false)
    }

    @Test("sending to a client that left mid-stream does nothing, and the server goes on")
    func sendAfterLeaving() throws {
        let ended = Outcome<Bool>()
        let server = try LiveServer(routes: { router in
            router.add(.get, "/health") { _, _, exchange in exchange.respond(.text("well")) }
            router.add(.get, "/flood") { request, _, exchange in
                let stream = exchange.beginStream(contentType: "text/plain")
                stream.onClose = {
                    stream.send([1, 2, 3])
                    stream.end()
                    ended.finish(stream.isOpen)
                }
                stream.send(Array(repeating: 0x61, count: 512 << 10))
            }
        })
        do {
            let raw = RawClient(port: server.port)
            raw.write("GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n")
            _ = raw.read(until: { $0.count > 100 })
        }
        #expect(try ended.wait() == false)
        #expect(try server.client().send(.get, "/health").status == 200)
    }

    @Test("a client that does not read its stream is cut off")
    func slowReader() throws {
        let closed = Outcome<Int>()
        let server = try LiveServer.holding { loop, exchange in
            let stream = exchange.beginStream(contentType: "text/plain")
            let piece = [UInt8](repeating: 0x61, count: 64 << 10)
            var pieces = 0
            var pump: Timer?
            stream.onClose = {
                pump = nil
                closed.finish(pieces)
            }
            pump = loop.schedule(every: .milliseconds(1)) {
                pieces += 1
                stream.send(piece)
            }
            if pump == nil { closed.finish(0) }
        }
        let raw = RawClient(port: server.port)
        raw.write("GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(try closed.wait() > 8)
    }

    @Test("an answer given later, to a client that left before it, is dropped")
    func leftBeforeAnswer() throws {
        let waiting = Outcome<LoopBound<HTTPExchange>>()
        let server = try LiveServer.holding { loop, exchange in
            waiting.finish(LoopBound(exchange, loop: loop))
        }
        do {
            let raw = RawClient(port: server.port)
            raw.write("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
            _ = try waiting.wait()
        }
        let exchange = try waiting.wait()
        let answered = Outcome<Bool>()
        server.loop.execute {
            exchange.value.respond(.text("too late"))
            answered.finish(true)
        }
        #expect(try answered.wait())
        #expect(try server.client().send(.get, "/health").status == 200)
    }

    @Test("closing the server ends open streams and answers that are still owed")
    func closeServer() throws {
        let waiting = Outcome<LoopBound<HTTPExchange>>()
        let server = try LiveServer.holding { loop, exchange in
            waiting.finish(LoopBound(exchange, loop: loop))
        }
        let raw = RawClient(port: server.port)
        raw.write("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let exchange = try waiting.wait()
        server.close()
        #expect(raw.read() == "")
        let answered = Outcome<Bool>()
        server.loop.execute {
            exchange.value.respond(.text("nobody is there"))
            answered.finish(true)
        }
        #expect(try answered.wait())
        #expect(throws: HTTPError.self) { try server.client().send(.get, "/health") }
    }

    @Test("the 65th connection of one address takes the place of the one that idles longest")
    func connectionCap() throws {
        let server = try LiveServer.withEcho()
        let clients = (0..<64).map { _ in RawClient(port: server.port) }
        // Served, so that the cap is known to be reached before one more comes.
        for client in clients.reversed() {
            client.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(client.read(until: { $0.hasSuffix("well") }).hasPrefix("HTTP/1.1 200 "))
        }
        let extra = RawClient(port: server.port)
        #expect(clients[63].read() == "", "closed without a word")
        for client in [extra, clients[0]] {
            client.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(client.read(until: { $0.hasSuffix("well") }).hasPrefix("HTTP/1.1 200 "))
        }
    }
}
