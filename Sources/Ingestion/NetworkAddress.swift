/// An IP address that a name was resolved to.
package struct NetworkAddress: Hashable, Sendable {
    /// 4 bytes of IPv4, 16 of IPv6, as they go over the network.
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        precondition(bytes.count == 4 || bytes.count == 16, "no IP address: \(bytes)")
        self.bytes = bytes
    }

    /// Whether anybody on the internet may have it: no loopback, no private and no special address.
    ///
    /// The IANA registries of special-purpose addresses (RFC 6890). A name that leads to one of these
    /// would let who controls the name reach what only this machine can.
    package var isPublic: Bool {
        if bytes.count == 4 { return Self.isPublic(bytes[...]) }
        // IPv4 in IPv6: mapped (RFC 4291), translated (RFC 6052), 6to4 (RFC 3056).
        if bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
            || bytes.starts(with: [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0])
        {
            return Self.isPublic(bytes[12...])
        }
        if bytes.starts(with: [0x20, 0x02]) { return Self.isPublic(bytes[2..<6]) }
        // 2000::/3 is what is given out; of it not Teredo and documentation.
        return bytes[0] & 0xe0 == 0x20 && !bytes.starts(with: [0x20, 0x01, 0, 0])
            && !bytes.starts(with: [0x20, 0x01, 0x0d, 0xb8])
            && !bytes.starts(with: [0x3f, 0xff])
    }

    private static func isPublic(_ address: ArraySlice<UInt8>) -> Bool {
        let value = address.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return !special.contains { value & $0.mask == $0.network }
    }

    private static let special: [(network: UInt32, mask: UInt32)] = [
        (0x0000_0000, 0xff00_0000),  // 0.0.0.0/8, this network
        (0x0a00_0000, 0xff00_0000),  // 10.0.0.0/8, private
        (0x6440_0000, 0xffc0_0000),  // 100.64.0.0/10, carriers
        (0x7f00_0000, 0xff00_0000),  // 127.0.0.0/8, loopback
        (0xa9fe_0000, 0xffff_0000),  // 169.254.0.0/16, link-local; metadata of clouds
        (0xac10_0000, 0xfff0_0000),  // 172.16.0.0/12, private
        (0xc000_0000, 0xffff_ff00),  // 192.0.0.0/24, protocols
        (0xc000_0200, 0xffff_ff00),  // 192.0.2.0/24, documentation
        (0xc0a8_0000, 0xffff_0000),  // 192.168.0.0/16, private
        (0xc612_0000, 0xfffe_0000),  // 198.18.0.0/15, benchmarks
        (0xc633_6400, 0xffff_ff00),  // 198.51.100.0/24, documentation
        (0xcb00_7100, 0xffff_ff00),  // 203.0.113.0/24, documentation
        (0xe000_0000, 0xe000_0000),  // 224.0.0.0/3, multicast, reserved, broadcast
    ]
}
