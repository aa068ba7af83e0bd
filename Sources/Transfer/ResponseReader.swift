import Base
import Ingestion

/// Gathers the lines of an answer's head.
///
/// Only the last head counts: others come before it from servers that say 100 Continue.
struct ResponseReader {
    /// Bytes of all fields; more come from no file server.
    static let limitBytes = 64 << 10

    private var fields: [String: String] = [:]
    private var sizeBytes = 0

    /// Takes a line with its end; false when the head is too large.
    mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
        sizeBytes += line.count
        guard sizeBytes <= Self.limitBytes else { return false }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            fields = [:]
        } else if let colon = text.firstIndex(of: ":") {
            fields[text[..<colon].lowercased()] = Self.trimmed(text[text.index(after: colon)...])
        }
        return true
    }

    /// The head, with what libcurl has read of it by itself.
    func head(status: Int, retryAfterSeconds: Int64, location: String?) -> ResponseHead {
        var head = ResponseHead(status: status)
        head.version = RemoteVersion(
            etag: value("etag"),
            lastModified: value("last-modified")
        )
        head.contentLength = fields["content-length"].flatMap { Int64($0) }.flatMap {
            $0 >= 0 ? $0 : nil
        }
        head.contentRange = fields["content-range"].flatMap { ContentRange($0) }
        head.retryAfter = retryAfterSeconds > 0 ? .seconds(retryAfterSeconds) : nil
        head.location = location
        return head
    }

    /// A field that is sent back later, so it must fit into one.
    private func value(_ name: String) -> String? {
        guard let text = fields[name], !text.isEmpty, text.utf8.count <= 256,
            text.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
        else { return nil }
        return text
    }

    private static func trimmed(_ text: Substring) -> String {
        let blanks: Set<Character> = [" ", "\t", "\r", "\n", "\r\n"]
        var rest = text.drop { blanks.contains($0) }
        while let last = rest.last, blanks.contains(last) { rest.removeLast() }
        return String(rest)
    }
}
