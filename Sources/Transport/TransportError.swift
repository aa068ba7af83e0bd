import Glibc

/// What can go wrong with the loop, a listener or a connection that is being made.
///
/// An open connection does not throw: it ends with a ``CloseReason``.
package enum TransportError: Error, Equatable, CustomStringConvertible {
    /// The kernel gave no event queue; the process is out of descriptors or memory.
    case loopUnavailable(name: String, errno: Int32)
    /// The loop was stopped before the connection was made.
    case loopStopped(HostPort)
    case unknownHost(HostPort, reason: String)
    case addressInUse(HostPort)
    case listenFailed(HostPort, errno: Int32)
    case connectFailed(HostPort, errno: Int32)
    case connectTimedOut(HostPort, after: Duration)
    /// The other side is there, and one of both does not trust the other.
    case untrusted(HostPort, reason: String)

    package var description: String {
        switch self {
        case .loopUnavailable(let name, let code):
            "cannot create the event loop \"\(name)\": \(errnoText(code)); "
                + "raise the limit of open files (ulimit -n) or free memory"
        case .loopStopped(let address):
            "did not connect to \(address): this process is stopping"
        case .unknownHost(let address, let reason):
            "cannot find the host of \(address): \(reason); check its spelling and the name service"
        case .addressInUse(let address):
            "cannot listen on \(address): the port is taken by another process; "
                + "stop that process (ss -ltnp shows it) or configure another port"
        case .listenFailed(let address, let code):
            "cannot listen on \(address): \(errnoText(code)); "
                + "check that the address belongs to this host and the port may be used"
        case .connectFailed(let address, let code):
            "cannot connect to \(address): \(errnoText(code)); "
                + "check that the other side runs and listens there"
        case .connectTimedOut(let address, let limit):
            "no answer from \(address) within \(limit); check the network and firewalls between"
        case .untrusted(let address, let reason):
            "no TLS with \(address): \(reason)"
        }
    }
}

/// The C library's words for an error number, as in `Connection refused (errno 111)`.
package func errnoText(_ code: Int32) -> String {
    let text = strerror(code).map { String(cString: $0) } ?? "unknown error"
    return "\(text) (errno \(code))"
}
