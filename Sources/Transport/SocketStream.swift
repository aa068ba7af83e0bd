import CEvent
import Glibc

/// The two ways in which a connection's bytes cross its socket.
enum SocketStream {
    case plain(Int32)
    case encrypted(TLSSession)

    /// What one look at the socket brought.
    struct Reading {
        var count = 0
        /// Whether asking again would cost a call for nothing.
        var isDrained = false
        /// Set when nothing more comes, behind the bytes read.
        var end: CloseReason?
    }

    /// Whether bytes wait here that make no socket readable any more.
    var hasPending: Bool {
        switch self {
        case .plain: false
        case .encrypted(let session): session.hasPending
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Reading {
        switch self {
        case .plain(let descriptor): Self.receive(from: descriptor, into: buffer)
        case .encrypted(let session): Self.decrypt(from: session, into: buffer)
        }
    }

    private static func receive(
        from descriptor: Int32,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Reading {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        // A short read emptied the socket.
        if count > 0 { return Reading(count: count, isDrained: count < buffer.count) }
        let code = errno
        if count == 0 { return Reading(isDrained: true, end: .endOfStream) }
        return Reading(isDrained: true, end: isTemporary(code) ? nil : CloseReason(errno: code))
    }

    /// Fills the buffer: OpenSSL hands out a record at a time, of at most 16 KiB.
    private static func decrypt(
        from session: TLSSession,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Reading {
        var reading = Reading()
        while reading.count < buffer.count, !reading.isDrained {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[reading.count...])
            switch session.read(into: rest) {
            case .done(let count): reading.count += count
            // A key update that could not be answered yet: the next read or write does.
            case .wantsRead, .wantsWrite: reading.isDrained = true
            case .ended: (reading.isDrained, reading.end) = (true, .endOfStream)
            case .failed(let reason): (reading.isDrained, reading.end) = (true, reason)
            }
        }
        return reading
    }

    /// Writes what the kernel takes at once, at most about `limit` bytes, off the buffer's front.
    ///
    /// Returns why the connection can take no more, ever.
    func write(_ output: OpaquePointer, atMost limit: Int) -> CloseReason? {
        guard evbuffer_get_length(output) > 0 else { return nil }
        switch self {
        case .plain(let descriptor):
            let count = evbuffer_write_atmost(output, descriptor, limit)
            let code = errno
            return count < 0 && !Self.isTemporary(code) ? CloseReason(errno: code) : nil
        case .encrypted(let session):
            return Self.encrypt(output, to: session, atMost: limit)
        }
    }

    private static func encrypt(
        _ output: OpaquePointer,
        to session: TLSSession,
        atMost limit: Int
    ) -> CloseReason? {
        var written = 0
        var piece = iovec()
        // Nothing may be cut off a piece's end: after WANT_WRITE OpenSSL wants all of it again.
        while written < limit, evbuffer_peek(output, -1, nil, &piece, 1) > 0 {
            let bytes = UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len)
            switch session.write(bytes) {
            case .done(let count):
                evbuffer_drain(output, count)
                written += count
            case .wantsRead, .wantsWrite: return nil
            case .ended: return .reset(errno: EPIPE)
            case .failed(let reason): return reason
            }
        }
        return nil
    }

    /// Tells the other side of the end, where there is a way to.
    func sayGoodbye() {
        if case .encrypted(let session) = self { session.sayGoodbye() }
    }

    private static func isTemporary(_ code: Int32) -> Bool {
        code == EAGAIN || code == EWOULDBLOCK || code == EINTR
    }
}
