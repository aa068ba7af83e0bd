import Base
import COpenSSL
import Identity
import Testing
import Transport

@Suite("TLS settles who is who before the first byte")
struct TLSTests {
    private let home = TestAuthority()

    /// What became of one attempt to connect.
    private struct Meeting: Sendable {
        /// Whom the server took; nil when it refused, with why.
        var taken: Subject?
        var refusal: String?
        /// What the client saw: in TLS 1.3 it may be done before the server has judged it.
        var clientsEnd: String?
        var received: [UInt8] = []
    }

    /// Lets a client connect and say a word, and waits for what the server makes of it.
    private func meet(
        _ server: TLSContext,
        _ client: TLSContext?,
        host: String = "127.0.0.1"
    ) throws -> Meeting {
        try onLoop { loop, outcome in
            var meeting = Meeting()
            let (here, there) = (Recorder(), Recorder())
            func finishIfKnown() {
                let isOver = meeting.clientsEnd != nil && meeting.refusal != nil
                if isOver || !meeting.received.isEmpty { outcome.finish(meeting) }
            }
            let listener = listen(on: loop, security: server) { connection in
                meeting.taken = connection.certificate?.subject
                here.onRead = { _, bytes in
                    meeting.received += bytes
                    finishIfKnown()
                }
                connection.start(handler: here)
            }
            listener.onRefusal = { _, reason in
                meeting.refusal = reason
                finishIfKnown()
            }
            there.onClose = { reason in
                meeting.clientsEnd = reason.description
                finishIfKnown()
            }
            let address = HostPort(host: host, port: listener.port)
            Connection.connect(to: address, loop: loop, security: client, timeout: .seconds(30)) {
                switch $0 {
                case .success(let connection):
                    connection.start(handler: there)
                    connection.send([42])
                case .failure(let error):
                    meeting.clientsEnd = error.description
                    finishIfKnown()
                }
            }
        }
    }

    @Test("both sides know each other by their certificates")
    func mutual() throws {
        let meeting = try meet(home.server(), home.client())
        #expect(meeting.taken == TestAuthority.worker)
        #expect(meeting.received == [42])
        #expect(meeting.refusal == nil)
    }

    @Test("a server may be found by its name as well as by its address")
    func byName() throws {
        let server = home.server(hosts: ["localhost"])
        #expect(try meet(server, home.client(), host: "localhost").received == [42])
        let wrong = try meet(server, home.client(), host: "127.0.0.1")
        #expect(wrong.received == [])
        #expect(wrong.clientsEnd?.contains("IP address mismatch") == true, "\(wrong)")
    }

    @Test("a client of another role, one without a certificate, or too late is refused")
    func clients() throws {
        let operators = Subject.operator(name: "root")
        let coordinator = Subject.coordinator(name: "test")
        let refused: [(TLSContext, String)] = [
            (home.client(operators), "role"),
            (home.client(coordinator), "certificate"),
            (home.client(lifetime: .seconds(-60)), "expired"),
            (TLSContext(authority: home.authority.certificate), "did not return a certificate"),
        ]
        for (client, word) in refused {
            let meeting = try meet(home.server(), client)
            #expect(meeting.taken == nil, "\(word)")
            #expect(meeting.received == [], "\(word)")
            #expect(meeting.refusal?.contains(word) == true, "\(word): \(meeting)")
        }
    }

    @Test("a server that is no coordinator of the authority is refused")
    func servers() throws {
        let worker = TLSContext(server: home.credentials(), clients: .worker)
        let foreign = TestAuthority().server()
        for server in [worker, foreign] {
            let meeting = try meet(server, home.client())
            #expect(meeting.received == [])
            #expect(meeting.clientsEnd != nil)
        }
    }

    @Test("who knows the authority's fingerprint alone takes its coordinator and no other")
    func fingerprint() throws {
        let open = home.server(clients: nil)
        let right = TLSContext(authorityFingerprint: home.authority.certificate.fingerprint)
        #expect(try meet(open, right).received == [42])
        let wrong = TLSContext(authorityFingerprint: Array(repeating: 7, count: 32))
        let meeting = try meet(open, wrong)
        #expect(meeting.received == [])
        #expect(meeting.clientsEnd?.contains("another cluster's authority") == true, "\(meeting)")
        let foreign = TestAuthority().server(clients: nil)
        #expect(try meet(foreign, right).received == [])
    }

    @Test("a client without TLS is refused by its first bytes")
    func plainClient() throws {
        let meeting: Meeting = try onLoop { [home] loop, outcome in
            var meeting = Meeting()
            let listener = listen(on: loop, security: home.server()) { _ in }
            listener.onRefusal = {
                meeting.refusal = $1
                outcome.finish(meeting)
            }
            let raw = RawClient(port: listener.port)
            raw.write(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
            loop.atEndOfTurn { raw.keepOpen() }
        }
        #expect(meeting.refusal == "http request")
    }

    @Test("TLS 1.2 is refused")
    func oldVersion() throws {
        let client = CarelessClient(credentials: home.credentials(), version: TLS1_2_VERSION)
        #expect(try refusal(of: client) == "unsupported protocol")
    }

    @Test("a client whose certificate is another authority's is refused")
    func foreignClient() throws {
        let foreign = CarelessClient(credentials: TestAuthority().credentials())
        let text = "the other side's certificate is of another cluster's authority"
        #expect(try refusal(of: foreign) == text)
    }

    private func refusal(of client: CarelessClient) throws -> String {
        try onLoop { [home] loop, outcome in
            let listener = listen(on: loop, security: home.server()) { _ in
                outcome.finish("it was taken")
            }
            listener.onRefusal = { outcome.finish($1) }
            let port = listener.port
            RawThread.run { client.greet(port: port) }
        }
    }

    @Test("a handshake that does not go on is cut off at its deadline")
    func halfOpen() throws {
        let refusal: String = try onLoop { [home] loop, outcome in
            let limit = Duration.milliseconds(50)
            let listener = listen(on: loop, security: home.server(), handshakeLimit: limit) { _ in }
            let raw = RawClient(port: listener.port)
            // The head of a record that is said to be long, and nothing more.
            raw.write([22, 3, 1, 1, 0])
            listener.onRefusal = {
                raw.keepOpen()
                outcome.finish($1)
            }
        }
        #expect(refusal == "TLS was not settled within 0.05 seconds")
    }

    @Test(
        "an address with too many handshakes gives up its oldest, and who has an identity gets in"
    )
    func flood() throws {
        struct Seen: Sendable { var refusals: [String] = [], taken: Subject? }
        let seen: Seen = try onLoop { [home] loop, outcome in
            var seen = Seen()
            let strangers = Listener.handshakes.placesPerAddress + 10
            var listener: Listener?
            let recorder = Recorder()
            listener = listen(on: loop, security: home.server()) { connection in
                seen.taken = connection.certificate?.subject
                connection.start(handler: recorder)
                outcome.finish(seen)
            }
            guard let listener else { return }
            listener.onRefusal = { seen.refusals.append("\($0) \($1)") }
            // One of another address is older than all of them, and stays.
            let other = RawClient(port: listener.port, from: 2)
            let raws = [other] + (0..<strangers).map { _ in RawClient(port: listener.port) }
            let address = HostPort(host: "127.0.0.1", port: listener.port)
            let client = home.client()
            Connection.connect(to: address, loop: loop, security: client, timeout: .seconds(30)) {
                for raw in raws { raw.keepOpen() }
                if case .success(let connection) = $0 { connection.start(handler: Recorder()) }
            }
        }
        #expect(seen.taken == TestAuthority.worker)
        #expect(seen.refusals.count == 11)
        #expect(seen.refusals.allSatisfy { $0.contains("without an identity") })
        #expect(seen.refusals.allSatisfy { $0.hasPrefix("127.0.0.1:") })
    }
}

/// A client that takes any server, and shows what it has.
private struct CarelessClient: Sendable {
    var credentials: Credentials
    var version = TLS1_3_VERSION

    func greet(port: UInt16) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { return }
        defer { SSL_CTX_free(context) }
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version), nil)
        SSL_CTX_use_certificate(context, credentials.certificate.pointer)
        SSL_CTX_use_PrivateKey(context, credentials.key.pointer)
        guard let session = SSL_new(context) else { return }
        defer { SSL_free(session) }
        let raw = RawClient(port: port)
        raw.lend { descriptor in
            SSL_set_fd(session, descriptor)
            SSL_connect(session)
        }
    }
}
