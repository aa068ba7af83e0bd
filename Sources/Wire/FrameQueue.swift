import Base

/// A head, the data that belongs to it, and its end: what travels as a run of frames.
package struct OutgoingRun {
    package var head: [UInt8]
    package var data: [UnsafeRawBufferPointer]
    package var end: [UInt8]
    /// Called exactly once, when the data is no longer needed here.
    package var released: () -> Void

    /// Creates a run; `data` must stay valid and unchanged until `released` is called.
    package init(
        head: [UInt8],
        data: [UnsafeRawBufferPointer],
        end: [UInt8],
        released: @escaping () -> Void
    ) {
        self.head = head
        self.data = data
        self.end = end
        self.released = released
    }
}

/// Orders what goes out on one connection: messages overtake the data of runs at frame boundaries.
///
/// Sans-IO: the caller takes pieces with `next` as fast as the peer takes them. Runs leave one after
/// another, each whole. A message whose kind keeps its order leaves behind the heads of the runs
/// that were queued before it.
package struct FrameQueue {
    /// A piece to be sent.
    package enum Piece {
        case bytes([UInt8])
        /// A data frame's header, its payload, and, with the last one of a run, the release.
        case data(header: [UInt8], payload: UnsafeRawBufferPointer, released: (() -> Void)?)
    }

    /// Bytes of messages that wait; data of runs belongs to whoever queued it.
    package private(set) var messageBytes = 0
    private var messages: [[UInt8]] = []
    /// Runs that have not begun, and what must not overtake their heads.
    private var waiting: [Waiting] = []
    private var current: CurrentRun?

    private enum Waiting {
        case run(OutgoingRun)
        case message([UInt8])
    }

    /// The run under way: its remaining slices, last one first.
    private struct CurrentRun {
        var slices: [UnsafeRawBufferPointer]
        let end: [UInt8]
        var released: (() -> Void)?
    }

    package init() {}

    package var isEmpty: Bool { messages.isEmpty && waiting.isEmpty && current == nil }

    /// Queues a whole frame, its header included.
    package mutating func append(_ message: [UInt8]) {
        messageBytes += message.count
        let kind = FrameKind(rawValue: message[FrameHeader.kindOffset])
        if kind?.keepsOrder ?? false, !waiting.isEmpty {
            waiting.append(.message(message))
        } else {
            messages.append(message)
        }
    }

    package mutating func append(_ run: OutgoingRun) { waiting.append(.run(run)) }

    /// The next piece to send, or nil when nothing waits.
    package mutating func next() -> Piece? {
        if !messages.isEmpty {
            defer { messages.removeAll(keepingCapacity: true) }
            let bytes = messages.count == 1 ? messages[0] : Array(messages.joined())
            messageBytes -= bytes.count
            return .bytes(bytes)
        }
        if current != nil { return nextOfCurrentRun() }
        guard !waiting.isEmpty else { return nil }
        switch waiting.removeFirst() {
        case .message(let message):
            messageBytes -= message.count
            return .bytes(message)
        case .run(let run):
            current = CurrentRun(
                slices: Self.slices(run.data).reversed(),
                end: run.end,
                released: run.released
            )
            return .bytes(run.head)
        }
    }

    private mutating func nextOfCurrentRun() -> Piece? {
        guard let slice = current?.slices.popLast() else {
            let run = current
            current = nil
            // Only a run without any data still has its release here.
            run?.released?()
            return run.map { .bytes($0.end) }
        }
        let isLast = current?.slices.isEmpty ?? true
        let released = isLast ? current?.released : nil
        if isLast { current?.released = nil }
        let header = FrameHeader(kind: .data, payloadSizeBytes: slice.count)
        return .data(header: header.encoded, payload: slice, released: released)
    }

    /// Gives everything back that was not handed out; for a connection that ended.
    package mutating func releaseAll() {
        current?.released?()
        for case .run(let run) in waiting { run.released() }
        self = FrameQueue()
    }

    private static func slices(_ data: [UnsafeRawBufferPointer]) -> [UnsafeRawBufferPointer] {
        data.flatMap { part in
            stride(from: 0, to: part.count, by: Limits.framePayloadBytes).map { start in
                let end = min(start + Limits.framePayloadBytes, part.count)
                return UnsafeRawBufferPointer(rebasing: part[start..<end])
            }
        }
    }
}
