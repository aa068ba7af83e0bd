import Transport

/// One request's answer: to be given now or later, exactly once.
///
/// Dropped without an answer it answers 500, so that no client waits for ever. THREADING: belongs
/// to the loop's thread, its release included.
package final class HTTPExchange {
    private var live: LiveRequest?

    init(_ live: LiveRequest) { self.live = live }

    deinit { live?.reply(.error(500, "the request was left without an answer")) }

    /// Answers; a client that is gone meanwhile is none of the caller's business.
    package func respond(_ response: HTTPResponse) {
        take().reply(response)
    }

    /// Begins an answer that goes on until the stream is ended or the client leaves.
    package func beginStream(contentType: String) -> HTTPStream {
        let live = take()
        live.beginStream([("Content-Type", contentType)])
        return HTTPStream(live)
    }

    /// Whether so many answers wait for clients to take them that a large one is better refused.
    package var isCrowded: Bool { live?.isCrowded ?? false }

    private func take() -> LiveRequest {
        guard let live else { preconditionFailure("a request was answered twice") }
        self.live = nil
        return live
    }
}
