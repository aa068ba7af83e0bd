import HTTP
import Transport

/// Those who look at a page and want to know when something has changed.
///
/// They are told that, not what: they fetch their page again. Lives on the loop.
final class DashboardEvents {
    /// They are told at most this often.
    static let interval = Duration.seconds(1)
    /// Pages that are looked at; whoever comes beyond asks now and then.
    static let limit = 64

    private var streams: [ObjectIdentifier: HTTPStream] = [:]
    private var hasNews = false

    /// Something has changed that a page may show.
    func note() { hasNews = true }

    func add(_ exchange: HTTPExchange) {
        guard streams.count < Self.limit else {
            return exchange.respond(
                .error(503, "\(Self.limit) pages are being looked at; ask again")
            )
        }
        let stream = exchange.beginStream(contentType: "text/event-stream")
        let key = ObjectIdentifier(stream)
        streams[key] = stream
        stream.onClose = { [weak self] in self?.streams[key] = nil }
        // Headers leave with the first piece: a comment, which browsers pass over.
        stream.send(Array(": \n\n".utf8))
    }

    func tell() {
        guard hasNews else { return }
        hasNews = false
        for stream in streams.values { stream.sendEvent(name: "changed", data: "") }
    }
}
