import Base
import HTTP
import Identity
import Testing
import Transport

@Suite("HTTP over TLS")
struct TLSTests {
    private struct Home {
        let authority: CertificateAuthority
        let server: TLSContext

        init(hosts: [String] = ["127.0.0.1"]) throws {
            let now = EventLoop.wallTime()
            authority = try CertificateAuthority(cluster: "test", at: now)
            let credentials = try authority.makeCoordinator(name: "test", hosts: hosts, at: now)
            server = TLSContext(server: credentials, clients: nil)
        }

        var access: ClientAccess {
            ClientAccess(security: TLSContext(authority: authority.certificate))
        }
    }

    private func serve(_ home: Home) throws -> LiveServer {
        try LiveServer(security: home.server) { _, request, exchange in
            if request.path == "/stream" {
                let stream = exchange.beginStream(contentType: "text/event-stream")
                for number in 0..<3 { stream.sendEvent(name: "n", data: "\(number)") }
                return stream.end()
            }
            let token = request.header("Authorization") ?? "no token"
            exchange.respond(.text("\(token) \(request.body.count)"))
        }
    }

    private func client(_ server: LiveServer, _ access: ClientAccess) throws -> HTTPClient {
        try HTTPClient(baseURL: "https://127.0.0.1:\(server.port)", access: access)
    }

    @Test("requests, large bodies and streams get through")
    func exchange() throws {
        let home = try Home()
        let server = try serve(home)
        let client = try client(server, home.access)
        let body = [UInt8](repeating: 1, count: 1 << 20)
        let response = try client.send(.post, "/", body: body)
        #expect(String(decoding: response.body, as: UTF8.self) == "no token 1048576")
        var events: [String] = []
        try client.events("/stream") { event in
            events.append(event.data)
            return true
        }
        #expect(events == ["0", "1", "2"])
    }

    @Test("the token is sent along")
    func token() throws {
        let home = try Home()
        let server = try serve(home)
        var access = home.access
        access.token = Secret(Array("hunter2".utf8))
        let response = try client(server, access).send(.get, "/")
        #expect(String(decoding: response.body, as: UTF8.self) == "Bearer hunter2 0")
    }

    @Test("a server of another authority, or for another host, gets no request")
    func strangers() throws {
        let home = try Home()
        let server = try serve(home)
        let foreign = try Home().access
        let refusal = #expect(throws: HTTPError.self) {
            try client(server, foreign).send(.get, "/")
        }
        #expect("\(String(describing: refusal))".contains("another cluster's authority"))
        let elsewhere = try Home(hosts: ["10.0.0.1"])
        let wrongHost = try serve(elsewhere)
        let mismatch = #expect(throws: HTTPError.self) {
            try client(wrongHost, elsewhere.access).send(.get, "/")
        }
        #expect("\(String(describing: mismatch))".contains("IP address mismatch"))
    }

    @Test("without an authority nobody is trusted, and a token stays off the open network")
    func refusals() throws {
        let token = ClientAccess(token: Secret(Array("hunter2".utf8)))
        for (url, access) in [("https://127.0.0.1:1", ClientAccess.none), ("http://a.b:1", token)] {
            let error = #expect(throws: HTTPError.self) {
                try HTTPClient(baseURL: url, access: access)
            }
            #expect(!"\(String(describing: error))".contains("hunter2"))
        }
        #expect(throws: Never.self) { try HTTPClient(baseURL: "http://127.0.0.1:1", access: token) }
    }

    @Test("plain HTTP at a port that speaks TLS gets no answer, and harms nobody")
    func plain() throws {
        let home = try Home()
        let server = try serve(home)
        let raw = RawClient(port: server.port)
        raw.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        #expect(!raw.read().contains("HTTP/1.1 200"))
        #expect(try client(server, home.access).send(.get, "/").status == 200)
    }
}
