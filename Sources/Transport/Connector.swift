import Base
import CEvent
import Dispatch
import Glibc

/// A connection being made: resolves the name, tries its addresses one after the other, settles TLS.
///
/// The loop keeps it alive until it has called its completion, exactly once. THREADING: belongs to
/// the loop's thread; only names are resolved elsewhere, because the name service blocks.
final class Connector: LoopResource {
    private let address: HostPort
    private let loop: EventLoop
    private let security: TLSContext?
    private let limit: Duration
    private var completion: ((Result<Connection, TransportError>) -> Void)?
    private var deadline: Timer?
    private var candidates: ArraySlice<SocketAddress> = []
    private var attempt: Attempt?
    private var handshake: Handshake?
    private var lastError: Int32 = EADDRNOTAVAIL

    /// A socket whose connecting is under way.
    private struct Attempt {
        let descriptor: Int32
        let peer: SocketAddress
        let writable: LoopEvent
    }

    init(
        to address: HostPort,
        loop: EventLoop,
        security: TLSContext?,
        timeout: Duration,
        completion: @escaping (Result<Connection, TransportError>) -> Void
    ) {
        self.address = address
        self.loop = loop
        self.security = security
        self.limit = timeout
        self.completion = completion
    }

    func start() {
        loop.register(self)
        deadline = loop.schedule(after: limit) { [unowned self] in
            finish(.failure(.connectTimedOut(address, after: limit)))
        }
        if address.isNumeric {
            // Put off, so that the completion is never called within connect().
            loop.atEndOfTurn { [self] in resolved(Self.resolve(address)) }
            return
        }
        let me = LoopBound(self, loop: loop)
        DispatchQueue.global().async { [address, loop] in
            let result = Self.resolve(address)
            loop.execute { me.value.resolved(result) }
        }
    }

    func loopDidStop() { finish(.failure(.loopStopped(address))) }

    private static func resolve(_ address: HostPort) -> Result<[SocketAddress], TransportError> {
        Result { () throws(TransportError) in try SocketAddress.resolve(address) }
    }

    private func resolved(_ result: Result<[SocketAddress], TransportError>) {
        guard completion != nil else { return }
        switch result {
        case .failure(let error): finish(.failure(error))
        case .success(let addresses):
            candidates = addresses[...]
            tryNext()
        }
    }

    private func tryNext() {
        while let peer = candidates.popFirst() {
            let kind = Int32(
                SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
            )
            let descriptor = socket(peer.family, kind, 0)
            guard descriptor >= 0 else {
                lastError = errno
                continue
            }
            let code = peer.withPointer { Glibc.connect(descriptor, $0, $1) }
            if code == 0 || errno == EINPROGRESS {
                waitFor(descriptor, peer)
                return
            }
            lastError = errno
            Glibc.close(descriptor)
        }
        finish(.failure(.connectFailed(address, errno: lastError)))
    }

    private func waitFor(_ descriptor: Int32, _ peer: SocketAddress) {
        let writable = LoopEvent(
            on: loop.eventBase,
            descriptor: descriptor,
            kinds: EV_WRITE,
            context: self
        ) { _, _, context in
            callbackOwner(context, as: Connector.self).socketIsReady()
        }
        writable.add()
        attempt = Attempt(descriptor: descriptor, peer: peer, writable: writable)
    }

    private func socketIsReady() {
        guard let attempt else { return }
        self.attempt = nil
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        if getsockopt(attempt.descriptor, SOL_SOCKET, SO_ERROR, &code, &size) != 0 { code = errno }
        guard code == 0 else {
            lastError = code
            Glibc.close(attempt.descriptor)
            tryNext()
            return
        }
        let peer = attempt.peer.hostPort?.description ?? address.description
        guard let security else { return connected(attempt.descriptor, nil, peer) }
        let session = TLSSession(security, on: attempt.descriptor, host: address.host)
        let handshake = Handshake(session, on: attempt.descriptor, loop: loop) { [unowned self] in
            self.handshake = nil
            switch $1 {
            case .success(let session): connected(attempt.descriptor, session, peer)
            case .failure(let error): finish(.failure(.untrusted(address, reason: error.reason)))
            }
        }
        self.handshake = handshake
        handshake.start(within: limit)
    }

    private func connected(_ descriptor: Int32, _ session: TLSSession?, _ peer: String) {
        let connection = Connection(takingOver: descriptor, session, peer: peer, loop: loop)
        finish(.success(connection))
    }

    private func finish(_ result: Result<Connection, TransportError>) {
        guard let completion else { return }
        self.completion = nil
        deadline = nil
        if let attempt { Glibc.close(attempt.descriptor) }
        attempt = nil
        // Its own completion finds this one gone.
        handshake?.cancel("no time is left")
        loop.unregister(self)
        completion(result)
    }
}
