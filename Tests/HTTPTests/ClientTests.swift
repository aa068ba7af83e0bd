import HTTP
import Testing
import Transport

@Suite("HTTP client")
struct ClientTests {
    @Test("a coordinator that does not run is unreachable, by name and reason")
    func unreachable() throws {
        let server = try LiveServer.withEcho()
        let client = try server.client()
        #expect(try client.send(.get, "/health").status == 200)
        server.close()
        // The port is free once the connection is refused; the server closes in its own time.
        let refusal = #expect(throws: HTTPError.self) {
            for _ in 0..<1000 { _ = try client.send(.get, "/health") }
        }
        guard case .unreachable(let url, let reason) = refusal else {
            // The last request may have met the closing itself.
            guard case .interrupted = refusal else {
                Issue.record("not .unreachable but \(String(describing: refusal))")
                return
            }
            return
        }
        #expect(url == server.url)
        #expect(reason.contains("Connection refused"))
    }

    @Test("an answer that does not come is a time-out")
    func timeout() throws {
        let held = Outcome<LoopBound<HTTPExchange>>()
        let server = try LiveServer.holding { loop, exchange in
            held.finish(LoopBound(exchange, loop: loop))
        }
        let error = #expect(throws: HTTPError.self) {
            try server.client().send(.get, "/never", timeout: .milliseconds(50))
        }
        guard case .timedOut(let url, .milliseconds(50)) = error else {
            Issue.record("not .timedOut but \(String(describing: error))")
            return
        }
        #expect(url == server.url + "/never")
        let exchange = try held.wait()
        let answered = Outcome<Bool>()
        server.loop.execute {
            exchange.value.respond(.text("too late"))
            answered.finish(true)
        }
        #expect(try answered.wait())
    }

    @Test("asking for events where there are none returns the answer as an error")
    func notAStream() throws {
        let server = try LiveServer.withEcho()
        let error = #expect(throws: HTTPError.self) {
            try server.client().events("/nothing") { _ in true }
        }
        guard case .notAStream(_, let response) = error else {
            Issue.record("not .notAStream but \(String(describing: error))")
            return
        }
        #expect(response.status == 404)
        #expect(String(decoding: response.body, as: UTF8.self).contains("NOT_FOUND"))
    }

    @Test(
        "a base URL that is none is an error",
        arguments: ["", "127.0.0.1:8080", "https://host", "http://", "http://a/b", "http://a:x"]
    )
    func badURL(url: String) {
        #expect(throws: HTTPError.self) { try HTTPClient(baseURL: url) }
    }
}
