/// An answer that is sent piece by piece: log lines, server-sent events.
///
/// A client that does not keep up is cut off. Dropping the stream ends it. THREADING: belongs to
/// the loop's thread, its release included.
package final class HTTPStream {
    private let live: LiveRequest

    init(_ live: LiveRequest) { self.live = live }

    deinit { live.endStream() }

    /// False after `end()`, and when the client is gone; sending does nothing then.
    package var isOpen: Bool { live.isLive }

    /// Called once, on the loop, when the client goes away before `end()`.
    package var onClose: (() -> Void)? {
        get { live.onGone }
        set { live.onGone = newValue }
    }

    package func send(_ bytes: [UInt8]) { live.sendPiece(bytes) }

    /// Sends an event in the format of server-sent events (WHATWG HTML section 9.2).
    package func sendEvent(name: String, data: String) {
        precondition(!name.contains(where: \.isNewline), "a line break in an event's name")
        let lines = data.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let text = "event: \(name)\n" + lines.map { "data: \($0)\n" }.joined() + "\n"
        send(Array(text.utf8))
    }

    package func end() { live.endStream() }
}
