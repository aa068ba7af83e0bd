import Base
import CEvent

/// libevent's own answer to what it cannot read as a request: a page in HTML.
enum ErrorPage {
    /// Puts an error in JSON, as all others are, into the page's place.
    ///
    /// libevent 2.1 offers no choice of it. Nothing has left `output` yet: the loop writes after it
    /// has looked at the sockets again. Whatever is not a page is left as it is, and false returned.
    static func replace(in output: OpaquePointer) -> Bool {
        // A bufferevent keeps others from taking bytes off its output.
        evbuffer_unfreeze(output, 1)
        defer { evbuffer_freeze(output, 1) }
        var head = [UInt8](repeating: 0, count: 16)
        let count = evbuffer_copyout(output, &head, head.count)
        guard let status = status(of: head.prefix(max(0, count))), status != 100 else {
            return false
        }
        evbuffer_drain(output, evbuffer_get_length(output))
        let answer = bytes(of: replacement(of: status))
        return evbuffer_add(output, answer, answer.count) == 0
    }

    /// The status in the first bytes of an answer, as in `HTTP/1.1 400`.
    private static func status(of head: ArraySlice<UInt8>) -> Int? {
        let words = String(decoding: head, as: UTF8.self).split(separator: " ")
        guard words.count > 1, words[0].hasPrefix("HTTP/") else { return nil }
        return Int(words[1])
    }

    private static func replacement(of status: Int) -> HTTPResponse {
        switch status {
        case 413: .error(413, "the body is over \(ByteCount(Limits.httpBodyBytes))")
        case 417: .error(417, "the only expectation that is met is 100-continue")
        // For a method it does not know libevent has no status; it says 501 for one that is not let in.
        case 0, 501: .error(405, "the method is not one of GET, POST, PUT, PATCH and DELETE")
        default:
            .error(
                400,
                "the request is no HTTP/1.1, or its head is over \(ByteCount(Limits.httpHeaderBytes))"
            )
        }
    }

    /// The answer as it goes over the wire; the connection ends with it.
    private static func bytes(of response: HTTPResponse) -> [UInt8] {
        var text = "HTTP/1.1 \(response.status) Error\r\n"
        for (name, value) in response.headers { text += "\(name): \(value)\r\n" }
        text += "Content-Length: \(response.body.count)\r\nConnection: close\r\n\r\n"
        return Array(text.utf8) + response.body
    }
}
