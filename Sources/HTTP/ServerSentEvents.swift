/// One event of a `text/event-stream`.
package struct ServerSentEvent: Equatable, Sendable {
    /// `message` when the sender named none.
    package let name: String
    package let data: String

    package init(name: String, data: String) {
        self.name = name
        self.data = data
    }
}

/// Cuts a `text/event-stream` into events, whatever the pieces it arrives in.
///
/// WHATWG HTML section 9.2.6, without `id` and `retry`, which nobody here sends. An event that is
/// not ended by an empty line is dropped, as the standard says.
struct ServerSentEventParser {
    private var line: [UInt8] = []
    private var endedByCarriageReturn = false
    private var name = ""
    private var data: [String] = []

    /// The events that `bytes` complete.
    mutating func feed(_ bytes: [UInt8]) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let isSecondHalf = endedByCarriageReturn && byte == UInt8(ascii: "\n")
            endedByCarriageReturn = byte == UInt8(ascii: "\r")
            if isSecondHalf { continue }
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
                line.append(byte)
                continue
            }
            if let event = endLine() { events.append(event) }
        }
        return events
    }

    private mutating func endLine() -> ServerSentEvent? {
        let text = String(decoding: line, as: UTF8.self)
        line = []
        guard !text.isEmpty else { return endEvent() }
        let pair = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var value = pair.count > 1 ? pair[1] : ""
        if value.hasPrefix(" ") { value = value.dropFirst() }
        switch pair[0] {
        case "event": name = String(value)
        case "data": data.append(String(value))
        default: break  // A comment, or a field that we do not use.
        }
        return nil
    }

    private mutating func endEvent() -> ServerSentEvent? {
        defer {
            name = ""
            data = []
        }
        guard !data.isEmpty else { return nil }
        return ServerSentEvent(
            name: name.isEmpty ? "message" : name,
            data: data.joined(separator: "\n")
        )
    }
}
