import Testing
import Transport

@Suite("Host and port")
struct HostPortTests {
    @Test(
        "is read and written the same way",
        arguments: [
            ("127.0.0.1:7077", "127.0.0.1", 7077), ("[::1]:7077", "::1", 7077),
            ("worker-1.example:65535", "worker-1.example", 65535), ("localhost:0", "localhost", 0),
        ] as [(String, String, UInt16)]
    )
    func reading(text: String, host: String, port: UInt16) throws {
        let address = try #require(HostPort(text))
        #expect(address == HostPort(host: host, port: port))
        #expect(address.description == text)
    }

    @Test(
        "refuses what is not a host, a colon and a port",
        arguments: [
            "", ":", "host", "host:", ":80", "host:65536", "host:-1", "host:+1", "host:8o",
            "::1:80",
            "[::1]", "[::1]80", "[host]:80", "[]:80", "http://host:80", "a]:80",
        ]
    )
    func refusing(text: String) {
        #expect(HostPort(text) == nil)
    }

    @Test(
        "knows loopback without asking a name service",
        arguments: [
            ("127.0.0.1", true), ("127.8.9.10", true), ("::1", true), ("localhost", true),
            ("0.0.0.0", false), ("::", false), ("127.evil.example", false), ("10.0.0.1", false),
            ("localhost.example", false),
        ]
    )
    func loopback(host: String, expected: Bool) {
        #expect(HostPort(host: host, port: 1).isLoopback == expected)
    }
}
