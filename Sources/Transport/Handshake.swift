import CEvent
import Glibc

/// The time between a socket's connecting and TLS's being settled.
///
/// It owns the socket until it ends: a failed one is closed, that of a settled session goes to the
/// completion. The loop keeps it alive until then. THREADING: belongs to the loop's thread.
final class Handshake: LoopResource {
    typealias Completion = (Handshake, Result<TLSSession, HandshakeError>) -> Void

    private let descriptor: Int32
    private let session: TLSSession
    private let loop: EventLoop
    private var completion: Completion?
    private var readable: LoopEvent?
    private var writable: LoopEvent?
    private var deadline: Timer?

    init(
        _ session: TLSSession,
        on descriptor: Int32,
        loop: EventLoop,
        completion: @escaping Completion
    ) {
        self.session = session
        self.descriptor = descriptor
        self.loop = loop
        self.completion = completion
        readable = makeEvent(EV_READ)
        writable = makeEvent(EV_WRITE)
    }

    private func makeEvent(_ kind: Int32) -> LoopEvent {
        LoopEvent(on: loop.eventBase, descriptor: descriptor, kinds: kind, context: self) {
            _,
            _,
            context in
            callbackOwner(context, as: Handshake.self).step()
        }
    }

    func start(within limit: Duration) {
        loop.register(self)
        deadline = loop.schedule(after: limit) { [unowned self] in
            cancel("TLS was not settled within \(limit)")
        }
        step()
    }

    private func step() {
        guard completion != nil else { return }
        switch session.handshake() {
        case .done: finish(.success(session))
        case .wantsRead: readable?.add()
        case .wantsWrite: writable?.add()
        case .ended: cancel("the connection ended before TLS was settled")
        case .failed(.untrusted(let reason)): cancel(reason)
        case .failed(let reason): cancel(reason.description)
        }
    }

    func cancel(_ reason: String) { finish(.failure(HandshakeError(reason: reason))) }

    func loopDidStop() { cancel("this process is stopping") }

    private func finish(_ result: Result<TLSSession, HandshakeError>) {
        guard let completion else { return }
        self.completion = nil
        (readable, writable, deadline) = (nil, nil, nil)
        if case .failure = result { Glibc.close(descriptor) }
        loop.unregister(self)
        completion(self, result)
    }
}

/// Why two sides did not come to trust each other.
struct HandshakeError: Error { let reason: String }
