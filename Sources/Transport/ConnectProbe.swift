import Glibc

/// Finds out why a connection did not come about, for callers whose library does not tell.
package enum ConnectProbe {
    /// The reason in words; nil when connecting works now.
    ///
    /// Blocks until the kernel knows, so it belongs behind a failure that was quick.
    package static func failure(of address: HostPort) -> String? {
        let candidates: [SocketAddress]
        do {
            candidates = try SocketAddress.resolve(address)
        } catch {
            return error.description
        }
        var code = EADDRNOTAVAIL
        for candidate in candidates {
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            let descriptor = socket(candidate.family, kind, 0)
            let result = candidate.withPointer { connect(descriptor, $0, $1) }
            code = result == 0 ? 0 : errno
            close(descriptor)
            if code == 0 { return nil }
        }
        return errnoText(code)
    }
}
