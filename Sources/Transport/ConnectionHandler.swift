import Glibc

/// Takes what arrives on a connection and says where to put it.
///
/// All calls come on the loop. The connection keeps its handler until it has told it of the end.
package protocol ConnectionHandler: AnyObject {
    /// Where the next bytes shall be read to: at least one byte, valid until `didRead` or close.
    ///
    /// Nil stops reading until ``Connection/resumeReading()``; the sender is slowed down by TCP.
    func readBuffer(for connection: Connection) -> UnsafeMutableRawBufferPointer?

    /// The first `count` bytes of the last read buffer were filled; may close the connection.
    func connection(_ connection: Connection, didRead count: Int)

    /// Everything that was sent has been handed to the kernel.
    func connectionDidDrain(_ connection: Connection)

    /// The connection is over.
    ///
    /// The last call, made exactly once, and never from within a call of the handler's own.
    func connection(_ connection: Connection, closedBy reason: CloseReason)
}

/// Why a connection ended.
package enum CloseReason: Equatable, Sendable, CustomStringConvertible {
    /// The other side ended its stream; what was still queued for it is dropped.
    case endOfStream
    /// Reading or writing failed; `ECONNRESET` or `EPIPE` when the other side is gone.
    case reset(errno: Int32)
    /// This side closed it, for the reason given to ``Connection/close(_:)``.
    case local(String)
    /// The kernel gave up resending what the other side did not acknowledge.
    case timedOut
    /// TLS failed: the other side refused our certificate, or sent what is no TLS.
    case untrusted(reason: String)

    init(errno code: Int32) { self = code == ETIMEDOUT ? .timedOut : .reset(errno: code) }

    package var description: String {
        switch self {
        case .endOfStream: "closed by the other side"
        case .reset(let code): "connection lost: \(errnoText(code))"
        case .local(let reason): "closed by this side: \(reason)"
        case .timedOut: "connection lost: the other side stopped acknowledging"
        case .untrusted(let reason): "connection lost: TLS: \(reason)"
        }
    }
}
