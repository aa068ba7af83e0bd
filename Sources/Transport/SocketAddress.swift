import Glibc

/// A resolved address in the form the kernel takes.
struct SocketAddress: Sendable {
    private var storage: sockaddr_storage
    private var length: socklen_t

    init(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
        storage = sockaddr_storage()
        self.length = min(length, socklen_t(MemoryLayout<sockaddr_storage>.size))
        let count = Int(self.length)
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: count))
        }
    }

    /// The address that an open socket is bound to; nil when the kernel does not tell.
    init?(boundTo descriptor: Int32) {
        storage = sockaddr_storage()
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var size = length
        let code = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &size)
            }
        }
        guard code == 0 else { return nil }
        length = size
    }

    /// All addresses of a host; asks the name service, so may block unless the host is numeric.
    static func resolve(_ address: HostPort) throws(TransportError) -> [Self] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (address.isNumeric ? AI_NUMERICHOST : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(address.host, String(address.port), &hints, &list)
        guard code == 0 else {
            let reason = gai_strerror(code).map { String(cString: $0) } ?? "error \(code)"
            throw .unknownHost(address, reason: reason)
        }
        defer { freeaddrinfo(list) }
        return sequence(first: list, next: { $0?.pointee.ai_next }).compactMap { node in
            guard let node, let address = node.pointee.ai_addr else { return nil }
            return Self(address, length: node.pointee.ai_addrlen)
        }
    }

    var family: Int32 { Int32(storage.ss_family) }

    var port: UInt16 { hostPort?.port ?? 0 }

    /// The numeric host and port; nil for a family other than IPv4 and IPv6.
    var hostPort: HostPort? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var service = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let flags = NI_NUMERICHOST | NI_NUMERICSERV
        let code = withPointer { address, length in
            getnameinfo(
                address,
                length,
                &host,
                socklen_t(host.count),
                &service,
                socklen_t(service.count),
                flags
            )
        }
        guard code == 0, let port = UInt16(text(of: service)) else { return nil }
        return HostPort(host: text(of: host), port: port)
    }

    private func text(of characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Lends the address to a system call.
    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
