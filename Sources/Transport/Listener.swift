import CEvent
import Glibc

/// Accepts connections on one address.
///
/// The loop keeps it alive until it is closed. THREADING: belongs to the loop's thread.
package final class Listener {
    /// Rest after a failed `accept`, which is nearly always a want of descriptors.
    ///
    /// Without one the loop would spin on a socket that stays ready. The length is a guess.
    private static let restAfterFailure = Duration.milliseconds(100)

    /// The port that is listened on: the kernel's choice when 0 was asked for.
    package let port: UInt16

    private let loop: EventLoop
    private let onAccept: (Connection) -> Void
    private var listener: OpaquePointer?
    private var rest: Timer?

    /// Binds and listens at once; a name in `address` is resolved here, which may block.
    package init(
        loop: EventLoop,
        address: HostPort,
        onAccept: @escaping (Connection) -> Void
    ) throws(TransportError) {
        loop.preconditionInLoop()
        let descriptor = try ListeningSocket.open(on: address)
        self.loop = loop
        self.onAccept = onAccept
        port = SocketAddress(boundTo: descriptor)?.port ?? address.port
        let context = Unmanaged.passUnretained(self).toOpaque()
        listener = evconnlistener_new(
            loop.base,
            { _, descriptor, address, length, context in
                callbackOwner(context, as: Listener.self).accept(descriptor, address, length)
            },
            context,
            UInt32(LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC),
            0,
            descriptor
        )
        guard listener != nil else {
            let code = errno
            Glibc.close(descriptor)
            throw .listenFailed(address, errno: code)
        }
        evconnlistener_set_error_cb(listener) { _, context in
            callbackOwner(context, as: Listener.self).acceptFailed()
        }
        loop.register(self)
    }

    private func accept(
        _ descriptor: Int32,
        _ address: UnsafeMutablePointer<sockaddr>?,
        _ length: Int32
    ) {
        let peer = address.flatMap { SocketAddress($0, length: socklen_t(length)).hostPort }
        let name = peer?.description ?? "unknown address"
        onAccept(Connection(takingOver: descriptor, peer: name, loop: loop))
    }

    private func acceptFailed() {
        guard let listener else { return }
        evconnlistener_disable(listener)
        rest = loop.schedule(after: Self.restAfterFailure) { [unowned self] in
            if let listener = self.listener { evconnlistener_enable(listener) }
        }
    }

    /// Stops listening; the connections accepted so far go on.
    package func close() {
        loop.preconditionInLoop()
        guard let listener else { return }
        self.listener = nil
        rest = nil
        evconnlistener_free(listener)
        loop.unregister(self)
    }
}

extension Listener: LoopResource {
    package func loopDidStop() { close() }
}
