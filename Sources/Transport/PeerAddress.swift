import Glibc

/// Who is counted as one client: an IPv4 address, or an IPv6 network of 64 bits.
///
/// Whoever has one IPv6 address usually has all of its network (RFC 4291 section 2.5.4).
package struct PeerAddress: Hashable, Comparable, Sendable {
    private let prefix: UInt64

    /// The address with these 4 or 16 bytes, in the order of the network.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == 4 || bytes.count == 16, "an address of \(bytes.count) bytes")
        // An IPv4 address that came in on an IPv6 socket (RFC 4291 section 2.5.5.2).
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        let counted = bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : bytes
        prefix = counted.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The other side of a connected socket; nil when that is gone already.
    package init?(of descriptor: Int32) {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getpeername(descriptor, $0, &size)
            }
        }
        guard code == 0 else { return nil }
        let family = Int32(storage.ss_family)
        let bytes = withUnsafeBytes(of: storage) { storage in
            family == AF_INET6
                ? Self.bytes(of: storage.loadUnaligned(as: sockaddr_in6.self).sin6_addr)
                : Self.bytes(of: storage.loadUnaligned(as: sockaddr_in.self).sin_addr)
        }
        self.init(bytes: bytes)
    }

    package static func < (left: Self, right: Self) -> Bool { left.prefix < right.prefix }

    private static func bytes<Address>(of address: Address) -> [UInt8] {
        withUnsafeBytes(of: address) { Array($0) }
    }
}
