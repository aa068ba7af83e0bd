import Glibc
import Testing
import Transport

@Suite("Listening sockets")
struct ListeningSocketTests {
    @Test("what is accepted sends small pieces at once")
    func acceptedSendsAtOnce() throws {
        let listening = try ListeningSocket.open(on: HostPort(host: "127.0.0.1", port: 0))
        defer { close(listening) }
        let client = RawClient(port: try #require(ListeningSocket.port(of: listening)))
        let accepted = accept(listening, nil, nil)
        try #require(accepted >= 0)
        defer { close(accepted) }
        var isOn: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, &size)
        #expect(isOn != 0)
        client.keepOpen()
    }
}
