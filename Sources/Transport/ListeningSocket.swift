import CEvent
import Glibc

/// Opens sockets that wait for connections, for ``Listener`` and for the HTTP target.
package enum ListeningSocket {
    /// Connections that the kernel holds for us between two turns.
    ///
    /// When they are more, the kernel drops what else asks for one, honest clients included, which
    /// then ask again after a second. The kernel caps it at net.core.somaxconn, by default 4096.
    private static let backlog: Int32 = 4096

    /// A bound, listening, non-blocking socket, which the caller has to close.
    ///
    /// A name in `address` is resolved here, which may block.
    package static func open(on address: HostPort) throws(TransportError) -> Int32 {
        guard let local = try SocketAddress.resolve(address).first else {
            throw .unknownHost(address, reason: "it has no address")
        }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(local.family, kind, 0)
        guard descriptor >= 0 else { throw .listenFailed(address, errno: errno) }
        // A restarted process must not wait for the TIME_WAIT of its predecessor's connections.
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
        // Inherited by what is accepted. An answer over TLS is several records, of which the second
        // would wait for the acknowledgement of the first (RFC 896): 40 ms by Linux's clients.
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
        let code = local.withPointer { bind(descriptor, $0, $1) }
        guard code == 0, listen(descriptor, backlog) == 0 else {
            let code = errno
            close(descriptor)
            throw code == EADDRINUSE ? .addressInUse(address) : .listenFailed(address, errno: code)
        }
        return descriptor
    }

    /// The port that an open socket is bound to; nil when the kernel does not tell.
    package static func port(of descriptor: Int32) -> UInt16? { address(of: descriptor)?.port }

    /// Our side's numeric address of a socket, one that was accepted, too.
    package static func address(of descriptor: Int32) -> HostPort? {
        SocketAddress(boundTo: descriptor)?.hostPort
    }
}
