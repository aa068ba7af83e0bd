import CEvent
import Glibc

/// Accepts connections on one address.
///
/// With TLS a connection is handed over when its handshake has settled who the other side is. Until
/// then it costs a descriptor and OpenSSL's state, has ten seconds, and when there are too many, those
/// of the address with the most give way: whoever holds connections open keeps nobody else out.
///
/// The loop keeps it alive until it is closed. THREADING: belongs to the loop's thread.
package final class Listener {
    /// Rest after a failed `accept`, which is nearly always a want of descriptors.
    ///
    /// Without one the loop would spin on a socket that stays ready. The length is a guess.
    private static let restAfterFailure = Duration.milliseconds(100)

    /// Handshakes at a time: more than several racks of workers that start at once, and a large
    /// part of one rack of an address.
    package static let handshakes = FairShare(places: 256, placesPerAddress: 64)
    /// Time for a handshake: some round trips over a bad network.
    package static let handshakeLimit = Duration.seconds(10)

    /// The port that is listened on: the kernel's choice when 0 was asked for.
    package let port: UInt16

    private let loop: EventLoop
    private let security: TLSContext?
    private let handshakeLimit: Duration
    private let onAccept: (Connection) -> Void
    /// Told of connections that did not get through the handshake: the other side, and why.
    package var onRefusal: (_ peer: String, _ reason: String) -> Void = { _, _ in }
    private var handshakes = Newcomers<Handshake>(share: handshakes)
    private var listener: OpaquePointer?
    private var rest: Timer?

    /// Binds and listens at once; a name in `address` is resolved here, which may block.
    package init(
        loop: EventLoop,
        address: HostPort,
        security: TLSContext? = nil,
        handshakeLimit: Duration = handshakeLimit,
        onAccept: @escaping (Connection) -> Void
    ) throws(TransportError) {
        loop.preconditionInLoop()
        let descriptor = try ListeningSocket.open(on: address)
        self.loop = loop
        self.security = security
        self.handshakeLimit = handshakeLimit
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
        guard let security else {
            return onAccept(Connection(takingOver: descriptor, nil, peer: name, loop: loop))
        }
        settle(TLSSession(security, on: descriptor, host: nil), on: descriptor, name)
    }

    private func settle(_ session: TLSSession, on descriptor: Int32, _ peer: String) {
        let handshake = Handshake(session, on: descriptor, loop: loop) { [self] handshake, result in
            handshakes.remove(handshake)
            switch result {
            case .success(let session):
                onAccept(Connection(takingOver: descriptor, session, peer: peer, loop: loop))
            case .failure(let error): onRefusal(peer, error.reason)
            }
        }
        // One whose other side is gone already ends by itself, at its first step.
        let leaving =
            PeerAddress(of: descriptor).map { handshakes.insert(handshake, from: $0) } ?? []
        handshake.start(within: handshakeLimit)
        for surplus in leaving {
            surplus.cancel("more connections than may be without an identity")
        }
    }

    private func acceptFailed() {
        guard let listener else { return }
        evconnlistener_disable(listener)
        rest = loop.schedule(after: Self.restAfterFailure) { [unowned self] in
            if let listener = self.listener { evconnlistener_enable(listener) }
        }
    }

    /// Stops listening; the connections handed over so far go on.
    package func close() {
        loop.preconditionInLoop()
        guard let listener else { return }
        self.listener = nil
        rest = nil
        evconnlistener_free(listener)
        for handshake in handshakes.members { handshake.cancel("the port was closed") }
        loop.unregister(self)
    }
}

extension Listener: LoopResource {
    package func loopDidStop() { close() }
}
