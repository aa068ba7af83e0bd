import Base
import Wire

/// The wire protocol on a simulated connection: what `Channel` is on a real one.
final class SimulatedChannel {
    /// Bytes under way before messages queue up here; few, so that they overtake runs often.
    private static let queuedBytesLimit = 128

    private let end: ConnectionEnd
    private let random: Dice
    private let reader = FrameReader()
    private var queue = FrameQueue()
    private let onMessage: (FrameKind, UnsafeRawBufferPointer) throws(WireError) -> Void
    /// A peer that breaks the protocol: never, in a sound program.
    var onProtocolError: (WireError) -> Void = { _ in }

    init(
        _ end: ConnectionEnd,
        random: Dice,
        onMessage: @escaping (FrameKind, UnsafeRawBufferPointer) throws(WireError) -> Void,
        onClose: @escaping (String) -> Void
    ) {
        self.end = end
        self.random = random
        self.onMessage = onMessage
        end.onBytes = { [unowned self] in take($0) }
        end.onDrain = { [unowned self] in pump() }
        end.onClose = { [unowned self] reason in
            queue.releaseAll()
            onClose(reason)
        }
    }

    var isOpen: Bool { end.isOpen }

    func send(_ message: [UInt8]) {
        guard isOpen else { return }
        queue.append(message)
        pump()
    }

    /// Sends a run, its data in as many frames as there are parts.
    func sendRun(head: [UInt8], parts: [ArraySlice<UInt8>], end: [UInt8]) {
        guard isOpen else { return }
        let block = MemoryPool(keptBlocks: 0).take(
            capacity: max(1, parts.map(\.count).reduce(0, +))
        )
        var data: [UnsafeRawBufferPointer] = []
        var offset = 0
        for part in parts where !part.isEmpty {
            let target = block.bytes[offset..<offset + part.count]
            UnsafeMutableRawBufferPointer(rebasing: target).copyBytes(from: part)
            data.append(UnsafeRawBufferPointer(rebasing: target))
            offset += part.count
        }
        queue.append(
            OutgoingRun(head: head, data: data, end: end) { withExtendedLifetime(block) {} }
        )
        pump()
    }

    func beginRun(into memory: UnsafeMutableRawBufferPointer) throws(WireError) {
        try reader.beginRun(into: memory)
    }

    func endRun() throws(WireError) { try reader.endRun() }

    func close(_ reason: String) { end.close(reason) }

    private func pump() {
        while isOpen, end.queuedBytes < Self.queuedBytesLimit, let piece = queue.next() {
            switch piece {
            case .bytes(let bytes):
                end.send(bytes)
            case .data(let header, let payload, let released):
                end.send(header + Array(payload))
                released?()
            }
        }
    }

    /// Reads what came, in pieces as a socket gives them.
    private func take(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty, isOpen {
            let destination = reader.destination
            let size = random.once(in: 4) ? random.number(1...rest.count) : rest.count
            let piece = rest.prefix(min(size, destination.count))
            destination.copyBytes(from: piece)
            rest = rest.dropFirst(piece.count)
            do throws(WireError) {
                try reader.received(piece.count) { kind, payload throws(WireError) in
                    // A handler may have closed the connection.
                    if isOpen { try onMessage(kind, payload) }
                }
            } catch {
                onProtocolError(error)
                close(error.description)
            }
        }
    }
}
