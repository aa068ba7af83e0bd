import Base
import HTTP
import Testing
import Transport

@Suite("HTTP server")
struct ServerTests {
    @Test("a route gets the parameters of its path and query, decoded once")
    func parameters() throws {
        let client = try LiveServer.withEcho()
        let response = try client.client().send(.get, "/jobs/a b%", query: [("view", "f&ll +")])
        #expect(response.status == 200)
        #expect(String(decoding: response.body, as: UTF8.self) == "a b% f&ll +")
        #expect(response.header("content-type") == "text/plain; charset=utf-8")
    }

    @Test("text behind a parameter belongs to the route")
    func customVerb() throws {
        let server = try LiveServer.withEcho()
        let response = try server.client().send(.post, "/jobs/17:cancel")
        #expect(String(decoding: response.body, as: UTF8.self) == "cancel 17")
    }

    @Test(
        "a body comes back byte for byte, up to the limit",
        arguments: [0, 1, Limits.httpBodyBytes]
    )
    func echo(count: Int) throws {
        let server = try LiveServer.withEcho()
        var generator = SeededGenerator(seed: 5)
        let body = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let response = try server.client().send(.post, "/echo", body: body)
        #expect(response.status == 200)
        #expect(response.body == body)
    }

    @Test("an answer without a body is one")
    func noContent() throws {
        let server = try LiveServer.withEcho()
        let response = try server.client().send(.delete, "/jobs/1")
        #expect(response.status == 204)
        #expect(response.body == [])
    }

    @Test("an unknown path is 404 with a JSON error that escapes it")
    func notFound() throws {
        let server = try LiveServer.withEcho()
        let response = try server.client().send(.get, "/a\"\\\u{1}")
        #expect(response.status == 404)
        #expect(response.header("Content-Type") == "application/json")
        let expected =
            #"{"error":{"code":404,"status":"NOT_FOUND","#
            + #""message":"there is nothing at /a\"\\\u0001"}}"#
        #expect(String(decoding: response.body, as: UTF8.self) == expected)
    }

    @Test("a method that a path does not take is 405 and names those it does")
    func wrongMethod() throws {
        let server = try LiveServer.withEcho()
        let response = try server.client().send(.put, "/jobs/1")
        #expect(response.status == 405)
        #expect(response.header("Allow") == "GET, DELETE")
        #expect(String(decoding: response.body, as: UTF8.self).contains(#""code":405"#))
    }

    @Test("a body over the limit is 413, announced or not")
    func tooLarge() throws {
        let server = try LiveServer.withEcho()
        let body = [UInt8](repeating: 0x20, count: Limits.httpBodyBytes + 1)
        #expect(try server.client().send(.post, "/echo", body: body).status == 413)

        let raw = RawClient(port: server.port)
        raw.write("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        raw.write("200000\r\n")
        raw.write(body + body)
        raw.endWriting()
        let text = raw.read()
        #expect(text.isEmpty || isJSONError(text, 413), "an answer may be lost with what is unread")
    }

    /// Whether it is a whole answer of ours.
    private func isJSONError(_ text: String, _ status: Int) -> Bool {
        text.hasPrefix("HTTP/1.1 \(status) ")
            && text.contains(#"{"error":{"code":\#(status),"status":""#)
            && text.contains("\r\nContent-Type: application/json\r\n")
            && text.hasSuffix(#""}}"#)
    }

    @Test(
        "what libevent refuses by itself is answered in JSON, too",
        arguments: [
            ("nonsense", 400), ("GET /health HTTP/9.9", 400), ("GET /health", 400),
            ("GET /health HTTP/1.1\r\nHost", 400), ("FOO /health HTTP/1.1", 405),
            ("TRACE /health HTTP/1.1", 405),
            ("POST /echo HTTP/1.1\r\nContent-Length: -1", 400),
            ("POST /echo HTTP/1.1\r\nContent-Length: x", 400),
            ("POST /echo HTTP/1.1\r\nContent-Length: 9\r\nExpect: x", 417),
            ("POST /echo HTTP/1.1\r\nContent-Length: 9999999\r\nExpect: 100-continue", 413),
        ]
    )
    func errorPages(head: String, status: Int) throws {
        let server = try LiveServer.withEcho()
        let raw = RawClient(port: server.port)
        raw.write(head + "\r\n\r\n")
        // The end of a body that is too large is waited for.
        if status == 413 { raw.write([UInt8](repeating: 0x20, count: 9_999_999)) }
        let text = raw.read()
        #expect(isJSONError(text, status), "\(text)")
    }

    @Test("a body that waits to be asked for is asked for")
    func expectation() throws {
        let server = try LiveServer.withEcho()
        let raw = RawClient(port: server.port)
        raw.write("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        raw.write("Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(raw.read(until: { $0.hasSuffix("\r\n\r\n") }) == "HTTP/1.1 100 Continue\r\n\r\n")
        raw.write("{}")
        #expect(raw.read(until: { $0.hasSuffix("{}") }).hasPrefix("HTTP/1.1 200 "))
    }

    @Test("a head over the limit is refused")
    func longHead() throws {
        let server = try LiveServer.withEcho()
        let raw = RawClient(port: server.port)
        let filler = String(repeating: "x", count: Limits.httpHeaderBytes)
        raw.write("GET /health HTTP/1.1\r\nHost: localhost\r\nX: \(filler)\r\n\r\n")
        #expect(isJSONError(raw.read(), 400))
    }

    @Test(
        "a request that a foreign page could have made is refused",
        arguments: [
            ("GET", "Host: evil.example", 403), ("GET", "Host: 127.0.0.1.evil.example:1", 403),
            ("GET", "X: no host", 400), ("GET", "Host: LOCALHOST:9", 200),
            ("GET", "Host: [::1]:9", 200),
            ("GET", "Host: localhost\r\nOrigin: http://evil.example", 200),
            ("POST", "Host: localhost\r\nOrigin: http://evil.example", 403),
            ("POST", "Host: localhost\r\nOrigin: null", 403),
            ("POST", "Host: localhost:1\r\nOrigin: http://localhost:1", 405),
            ("HEAD", "Host: localhost", 405), ("OPTIONS", "Host: localhost", 405),
        ]
    )
    func foreignPages(method: String, headers: String, status: Int) throws {
        let server = try LiveServer.withEcho()
        let raw = RawClient(port: server.port)
        raw.write("\(method) /health HTTP/1.1\r\n\(headers)\r\nConnection: close\r\n\r\n")
        #expect(raw.read().hasPrefix("HTTP/1.1 \(status) "))
    }

    @Test(
        "a request may name the address it comes in on, and hosts that are listed",
        arguments: [
            ("127.0.0.1", 200), ("localhost", 200), ("0.0.0.0", 200), ("Ott.Example:80", 200),
            ("[fd00::1]:80", 200), ("127.0.0.2", 403), ("192.0.2.1", 403), ("example", 403),
        ]
    )
    func hosts(host: String, status: Int) throws {
        let hosts = ["ott.example", "FD00::1"]
        let server = try LiveServer(host: "0.0.0.0", moreHosts: hosts) { _, _, exchange in
            exchange.respond(.text("well"))
        }
        let raw = RawClient(port: server.port)
        raw.write("GET / HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        #expect(raw.read().hasPrefix("HTTP/1.1 \(status) "))
    }

    @Test("the address that a request comes in on need not be that of the listener")
    func localAddress() throws {
        let server = try LiveServer(host: "0.0.0.0") { _, _, exchange in
            exchange.respond(.text("well"))
        }
        let raw = RawClient(port: server.port, host: 0x7F00_0009)
        raw.write("GET / HTTP/1.1\r\nHost: 127.0.0.9\r\nConnection: close\r\n\r\n")
        #expect(raw.read().hasPrefix("HTTP/1.1 200 "))
    }

    @Test(
        "a body that is not JSON is 415",
        arguments: [
            ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("", 415),
            ("application/json", 200), ("Application/JSON; charset=utf-8", 200),
        ]
    )
    func contentTypes(type: String, status: Int) throws {
        let server = try LiveServer.withEcho()
        let raw = RawClient(port: server.port)
        raw.write("POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n")
        raw.write("Content-Type: \(type)\r\nContent-Length: 2\r\n\r\n{}")
        #expect(raw.read().hasPrefix("HTTP/1.1 \(status) "))
    }

    @Test(
        "a form is taken in where forms may be, and only of our own origin",
        arguments: [
            ("/forms/a", "http://localhost", "application/x-www-form-urlencoded", 200),
            ("/forms/a", "http://elsewhere", "application/x-www-form-urlencoded", 403),
            ("/forms/a", "null", "application/x-www-form-urlencoded", 403),
            ("/forms/a", nil, "application/x-www-form-urlencoded", 403),
            ("/forms/a", "http://localhost", "application/json", 415),
            ("/form", "http://localhost", "application/x-www-form-urlencoded", 415),
        ]
    )
    func forms(path: String, origin: String?, type: String, status: Int) throws {
        let server = try LiveServer(formPaths: "/forms/") { _, request, exchange in
            exchange.respond(.text(request.form?["name"] ?? "none"))
        }
        let raw = RawClient(port: server.port)
        raw.write("POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n")
        if let origin { raw.write("Origin: \(origin)\r\n") }
        raw.write("Content-Type: \(type)\r\nContent-Length: 13\r\n\r\nname=a+%C3%A9")
        let answer = raw.read()
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
        #expect(status != 200 || answer.hasSuffix("a é"))
    }

    @Test("cookies are told apart by their names")
    func cookies() {
        let headers = [("Cookie", "a=1; session=x=y;b=; c")]
        let request = HTTPRequest(method: .get, path: "/", headers: headers)
        #expect(request.cookie("a") == "1")
        #expect(request.cookie("session") == "x=y")
        #expect(request.cookie("b") == nil)
        #expect(request.cookie("ession") == nil)
    }

    @Test(
        "a path or query that is not properly encoded is 400",
        arguments: ["/%", "/%4", "/%zz", "/%00", "/%ff", "/health?a=%", "/health?%c3=1"]
    )
    func badEncoding(target: String) throws {
        let server = try LiveServer.withEcho()
        let raw = RawClient(port: server.port)
        raw.write("GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        #expect(raw.read().hasPrefix("HTTP/1.1 400 "))
    }

    @Test("more than a hundred header fields are 431")
    func manyHeaders() throws {
        let server = try LiveServer.withEcho()
        let raw = RawClient(port: server.port)
        let fields = (0..<100).map { "X\($0): 1\r\n" }.joined()
        raw.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\(fields)Connection: close\r\n\r\n")
        #expect(raw.read().hasPrefix("HTTP/1.1 431 "))
    }

    @Test("a connection serves 200 requests, one after the other")
    func keepAlive() throws {
        let server = try LiveServer.withEcho()
        let raw = RawClient(port: server.port)
        var answered = 0
        for _ in 0..<200 {
            raw.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if raw.read(until: { $0.hasSuffix("\r\n\r\nwell") }).hasPrefix("HTTP/1.1 200 ") {
                answered += 1
            }
        }
        #expect(answered == 200)
    }

    @Test("requests that are sent without waiting are answered in order")
    func pipelining() throws {
        let server = try LiveServer.withEcho()
        let raw = RawClient(port: server.port)
        let get = "GET /jobs/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let last = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        raw.write(get + get + last)
        let text = raw.read()
        #expect(text.split(separator: "HTTP/1.1 200 ").count == 3)
        #expect(text.hasSuffix("well"))
    }

    @Test("a request whose handler forgets it is answered with 500")
    func forgotten() throws {
        let server = try LiveServer.withEcho()
        #expect(try server.client().send(.get, "/lost").status == 500)
    }

    @Test("bytes that are no HTTP harm nobody", arguments: 0..<20 as Range<UInt64>)
    func garbage(seed: UInt64) throws {
        let server = try LiveServer.withEcho()
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...20_000, using: &generator)
        var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        // Half of them with a first line that leads further in.
        if seed % 2 == 0 { bytes = Array("POST /echo HTTP/1.1\r\n".utf8) + bytes }
        let raw = RawClient(port: server.port)
        raw.write(bytes)
        raw.endWriting()
        #expect(!raw.read().hasPrefix("HTTP/1.1 200"))
        #expect(try server.client().send(.get, "/health").status == 200)
    }

    @Test("a port that is taken is an error that says what to do")
    func taken() throws {
        let server = try LiveServer.withEcho()
        let loop = try EventLoop(name: "second")
        let error = #expect(throws: HTTPError.self) {
            let address = HostPort(host: "127.0.0.1", port: server.port)
            _ = try HTTPServer(loop: loop, address: address) { _, _ in }
        }
        #expect(error?.description.contains("configure another port") == true)
    }
}
