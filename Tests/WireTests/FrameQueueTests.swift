import Base
import Wire
import Testing

/// Counts what was released, by the run's number.
private final class Releases {
    var counts: [Int: Int] = [:]
}

/// Memory of a run that lives as long as the test.
private final class RunMemory {
    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int, seed: UInt64) {
        bytes = .allocate(byteCount: count, alignment: 16)
        var random = SeededGenerator(seed: seed)
        for index in bytes.indices { bytes[index] = UInt8.random(in: 0...255, using: &random) }
    }

    deinit { bytes.deallocate() }
}

private func message(_ number: Int64) -> [UInt8] {
    CoordinatorMessage.credit(bytes: number).encoded
}

private func run(
    _ number: Int,
    _ data: [UnsafeRawBufferPointer],
    _ releases: Releases
) -> OutgoingRun {
    OutgoingRun(
        head: WorkerMessage.finished([AttemptID(Int64(number))]).encoded,
        data: data,
        end: WorkerMessage.runEnd(hash: [UInt8(number)]).encoded,
        released: { releases.counts[number, default: 0] += 1 }
    )
}

extension FrameQueue.Piece {
    /// Everything the piece sends; its release is called as a connection does.
    fileprivate func sent() -> [UInt8] {
        switch self {
        case .bytes(let bytes): return bytes
        case .data(let header, let payload, let released):
            let bytes = header + Array(payload)
            released?()
            return bytes
        }
    }
}

/// The kinds of whole frames in `bytes`.
private func kinds(_ bytes: [UInt8]) -> [FrameKind] {
    var kinds: [FrameKind] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        guard
            let header = try? Array(rest.prefix(8)).withUnsafeBytes({
                try FrameHeader(decoding: $0)
            })
        else { break }
        kinds.append(header.kind)
        rest = rest.dropFirst(FrameHeader.sizeBytes + header.payloadSizeBytes)
    }
    return kinds
}

@Suite("What goes out, and in which order")
struct FrameQueueTests {
    private let memory = RunMemory(count: (5 << 20) / 2, seed: 1)

    private var data: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory.bytes) }

    @Test("a run leaves whole, in slices of at most 1 MiB, and is released once, with the last")
    func slices() {
        let releases = Releases()
        var queue = FrameQueue()
        queue.append(run(1, [data], releases))
        var sizes: [Int] = []
        var content: [UInt8] = []
        var sent: [FrameKind] = []
        while let piece = queue.next() {
            if case .data(_, let payload, let released) = piece {
                sizes.append(payload.count)
                content += Array(payload)
                #expect((released != nil) == (content.count == data.count))
            }
            sent += kinds(piece.sent())
        }
        #expect(sizes == [1 << 20, 1 << 20, 1 << 19])
        #expect(content == Array(data))
        #expect(sent == [.finished, .data, .data, .data, .runEnd])
        #expect(releases.counts == [1: 1])
        #expect(queue.isEmpty)
    }

    @Test("messages overtake data at frame boundaries, all that wait in one piece")
    func overtaking() {
        let releases = Releases()
        var queue = FrameQueue()
        queue.append(run(1, [data], releases))
        var sent = queue.next().map { kinds($0.sent()) } ?? []
        sent += queue.next().map { kinds($0.sent()) } ?? []
        queue.append(message(1))
        queue.append(message(2))
        #expect(queue.next().map { $0.sent() } == message(1) + message(2))
        while let piece = queue.next() { sent += kinds(piece.sent()) }
        #expect(sent == [.finished, .data, .data, .data, .runEnd])
        #expect(releases.counts == [1: 1])
    }

    @Test("messages that wait are counted, data is not")
    func messageBytes() {
        let releases = Releases()
        var queue = FrameQueue()
        let forget = CoordinatorMessage.forget(StepID(job: JobID(1), index: 0)).encoded
        queue.append(message(1))
        queue.append(run(1, [data], releases))
        queue.append(forget)
        #expect(queue.messageBytes == message(1).count + forget.count)
        _ = queue.next()
        #expect(queue.messageBytes == forget.count)
        while let piece = queue.next() { _ = piece.sent() }
        #expect(queue.messageBytes == 0)
    }

    @Test("runs leave one after another, those without data with their head and end")
    func order() {
        let releases = Releases()
        var queue = FrameQueue()
        let part = UnsafeRawBufferPointer(rebasing: data[..<10])
        queue.append(run(1, [part, part], releases))
        queue.append(run(2, [], releases))
        queue.append(run(3, [UnsafeRawBufferPointer(rebasing: data[..<0]), part], releases))
        var sent: [UInt8] = []
        while let piece = queue.next() { sent += piece.sent() }
        #expect(
            kinds(sent) == [
                .finished, .data, .data, .runEnd, .finished, .runEnd, .finished, .data, .runEnd,
            ]
        )
        #expect(releases.counts == [1: 1, 2: 1, 3: 1])
    }

    @Test("declare and forget do not overtake the leases before them, a revocation does")
    func keptOrder() {
        let step = StepID(job: JobID(1), index: 0)
        let releases = Releases()
        var queue = FrameQueue()
        let part = UnsafeRawBufferPointer(rebasing: data[..<10])
        queue.append(CoordinatorMessage.declare(step, MessageSamples.declaration).encoded)
        queue.append(run(1, [part], releases))
        queue.append(run(2, [part], releases))
        queue.append(CoordinatorMessage.revoke(AttemptID(2)).encoded)
        queue.append(CoordinatorMessage.forget(step).encoded)
        queue.append(run(3, [], releases))
        var sent: [UInt8] = []
        while let piece = queue.next() { sent += piece.sent() }
        #expect(
            kinds(sent) == [
                .declare, .revoke, .finished, .data, .runEnd, .finished, .data, .runEnd, .forget,
                .finished, .runEnd,
            ]
        )
    }

    @Test(
        "releaseAll gives back once what was not sent, wherever the queue stands",
        arguments: 0...9
    )
    func releaseAll(piecesTaken: Int) {
        let releases = Releases()
        var queue = FrameQueue()
        for number in 1...2 { queue.append(run(number, [data], releases)) }
        queue.append(run(3, [], releases))
        queue.append(message(1))
        for _ in 0..<piecesTaken { _ = queue.next()?.sent() }
        queue.releaseAll()
        #expect(releases.counts == [1: 1, 2: 1, 3: 1])
        #expect(queue.isEmpty)
        #expect(queue.next() == nil)
        queue.releaseAll()
        #expect(releases.counts == [1: 1, 2: 1, 3: 1])
    }

    @Test("what the queue sends, a reader takes")
    func endToEnd() throws {
        let releases = Releases()
        var queue = FrameQueue()
        queue.append(run(1, [data], releases))
        let reader = FrameReader()
        let target = RunMemory(count: data.count, seed: 2)
        var received: [FrameKind] = []
        while let piece = queue.next() {
            var rest = piece.sent()[...]
            while !rest.isEmpty {
                let count = min(rest.count, reader.destination.count)
                reader.destination.copyBytes(from: rest.prefix(count))
                rest = rest.dropFirst(count)
                try reader.received(count) { kind, _ throws(WireError) in
                    received.append(kind)
                    if kind == .finished { try reader.beginRun(into: target.bytes) }
                    if kind == .runEnd { try reader.endRun() }
                }
            }
        }
        #expect(received == [.finished, .runEnd])
        #expect(Array(target.bytes) == Array(data))
    }
}
