import Ingestion
import Testing

@Suite("URLs are taken in one spelling only")
struct SourceAddressTests {
    @Test(
        "what every reader reads alike is taken",
        arguments: [
            ("https://datasets.imdbws.com/title.akas.tsv.gz", "datasets.imdbws.com", 443),
            ("http://127.0.0.1:8099/a/b.gz?x=1&y=2", "127.0.0.1", 8099),
            ("https://EXAMPLE.org:443/x", "example.org", 443),
            ("https://h", "h", 443),
        ]
    )
    func taken(text: String, host: String, port: Int) throws {
        let address = try SourceAddress(text)
        #expect(address.host == host)
        #expect(address.port == port)
        // Read again, it is the same.
        #expect(try SourceAddress("\(address)") == address)
    }

    @Test(
        "what could lead elsewhere is refused",
        arguments: [
            ("ftp://h/x", SourceAddressError.otherScheme),
            ("HTTPS://h/x", .otherScheme),
            ("file:///etc/passwd", .otherScheme),
            ("https://good.org@evil.org/x", .badCharacter),
            ("https://good.org\\@evil.org/x", .badCharacter),
            ("https://good.org#.evil.org/x", .badCharacter),
            ("https://h/a b", .badCharacter),
            ("https://h/\u{e4}", .badCharacter),
            ("https://h/\r\nHost: evil.org", .badCharacter),
            ("https:///x", .badHost),
            ("https://[::1]/x", .badHost),
            ("https://h:1:2/x", .badHost),
            ("https://a..b/x", .badHost),
            ("https://-a/x", .badHost),
            ("https://a_b/x", .badHost),
            ("https://127.1/x", .badHost),
            ("https://0x7f000001/x", .badHost),
            ("https://2130706433/x", .badHost),
            ("https://127.0.0.01/x", .badHost),
            ("https://h:0/x", .badPort),
            ("https://h:65536/x", .badPort),
            ("https://h:+80/x", .badPort),
            ("https://h:/x", .badPort),
            ("https://h?x", .noPath),
            ("https://h/" + String(repeating: "a", count: 2048), .tooLong),
        ]
    )
    func refused(text: String, error: SourceAddressError) {
        #expect(throws: error) { try SourceAddress(text) }
    }

    @Test("a file is named by the last part of the path")
    func fileName() throws {
        #expect(try SourceAddress("https://h/a/b.gz?c=/d").fileName == "b.gz")
        #expect(try SourceAddress("https://h/a/").fileName.isEmpty)
    }
}

@Suite("Only public addresses are reached by name")
struct NetworkAddressTests {
    @Test(
        "of IPv4",
        arguments: [
            ([8, 8, 8, 8], true), ([172, 15, 0, 1], true), ([172, 32, 0, 1], true),
            ([100, 63, 0, 1], true), ([223, 255, 255, 255], true),
            ([127, 0, 0, 1], false), ([127, 255, 0, 1], false), ([10, 0, 0, 1], false),
            ([172, 16, 0, 1], false), ([172, 31, 255, 255], false), ([192, 168, 1, 1], false),
            ([169, 254, 169, 254], false), ([100, 64, 0, 1], false), ([0, 0, 0, 0], false),
            ([224, 0, 0, 1], false), ([255, 255, 255, 255], false), ([198, 18, 0, 1], false),
        ] as [([UInt8], Bool)]
    )
    func version4(bytes: [UInt8], isPublic: Bool) {
        #expect(NetworkAddress(bytes).isPublic == isPublic)
        // The same address within IPv6, by every way there is.
        let zeros = [UInt8](repeating: 0, count: 16)
        let mapped = zeros[..<10] + [0xff, 0xff] + bytes
        let translated = [0, 0x64, 0xff, 0x9b] + zeros[..<8] + bytes
        let sixToFour = [0x20, 0x02] + bytes + zeros[..<10]
        for address in [Array(mapped), translated, sixToFour] {
            #expect(NetworkAddress(address).isPublic == isPublic, "\(address)")
        }
    }

    @Test(
        "of IPv6",
        arguments: [
            ([0x26, 0x06, 0x47, 0x00], true), ([0x20, 0x01, 0x48, 0x60], true),
            ([0xfe, 0x80], false), ([0xfc, 0x00], false), ([0xfd, 0x12], false),
            ([0xff, 0x02], false), ([0x20, 0x01, 0x0d, 0xb8], false), ([0x20, 0x01, 0, 0], false),
        ] as [([UInt8], Bool)]
    )
    func version6(prefix: [UInt8], isPublic: Bool) {
        let rest = [UInt8](repeating: 0, count: 15 - prefix.count)
        #expect(NetworkAddress(prefix + rest + [1]).isPublic == isPublic)
    }

    @Test("loopback and the unspecified address are none")
    func loopback() {
        let zeros = [UInt8](repeating: 0, count: 15)
        #expect(!NetworkAddress(zeros + [1]).isPublic)
        #expect(!NetworkAddress(zeros + [0]).isPublic)
    }
}
