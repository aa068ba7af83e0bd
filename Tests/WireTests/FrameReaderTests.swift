import Base
import Wire
import Testing

/// Reads a stream in pieces, and keeps messages and runs as they come.
///
/// A `lease` opens a run of its size, `runEnd` closes it.
private final class Reception {
    private let reader: FrameReader
    private var memory: UnsafeMutableRawBufferPointer?
    private(set) var kinds: [FrameKind] = []
    private(set) var payloads: [[UInt8]] = []
    private(set) var runs: [[UInt8]] = []
    private(set) var largestDestination = 0
    /// Bytes of run data that were read straight into the run's memory.
    private(set) var bytesInPlace = 0

    init(payloadLimit: Int = Limits.framePayloadBytes) {
        reader = FrameReader(payloadLimit: payloadLimit)
    }

    deinit { memory?.deallocate() }

    func liftPayloadLimit() { reader.liftPayloadLimit() }

    /// Takes in `bytes` in pieces of at most `next()` bytes.
    func read(_ bytes: [UInt8], pieces next: () -> Int = { .max }) throws(WireError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let destination = reader.destination
            precondition(!destination.isEmpty, "no room to read to")
            largestDestination = max(largestDestination, destination.count)
            let count = min(rest.count, destination.count, next())
            destination.copyBytes(from: rest.prefix(count))
            if let memory, let start = memory.baseAddress, let address = destination.baseAddress,
                address >= start, address < start + memory.count
            {
                bytesInPlace += count
            }
            rest = rest.dropFirst(count)
            try reader.received(count) { kind, payload throws(WireError) in
                try take(kind, payload)
            }
        }
    }

    private func take(_ kind: FrameKind, _ payload: UnsafeRawBufferPointer) throws(WireError) {
        kinds.append(kind)
        payloads.append(Array(payload))
        if kind == .lease,
            case .lease(let lease) = try CoordinatorMessage(kind: kind, payload: payload)
        {
            let memory = UnsafeMutableRawBufferPointer.allocate(
                byteCount: lease.sizeBytes,
                alignment: 1
            )
            do throws(WireError) {
                try reader.beginRun(into: memory)
            } catch {
                memory.deallocate()
                throw error
            }
            self.memory = memory
        } else if kind == .runEnd {
            try reader.endRun()
            runs.append(memory.map { Array($0) } ?? [])
            memory?.deallocate()
            memory = nil
        }
    }
}

private func lease(_ sizeBytes: Int) -> [UInt8] {
    CoordinatorMessage.lease(
        TransformLease(
            attempt: AttemptID(1),
            step: StepID(job: JobID(1), index: 0),
            source: "f",
            firstLine: 1,
            sizeBytes: sizeBytes
        )
    ).encoded
}

private func data(_ bytes: [UInt8]) -> [UInt8] {
    FrameHeader(kind: .data, payloadSizeBytes: bytes.count).encoded + bytes
}

private let runEnd = CoordinatorMessage.runEnd(crc32: 0).encoded
private let credit = CoordinatorMessage.credit(bytes: 0).encoded

private func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
}

@Suite("Frames are read in any pieces")
struct FrameReaderTests {
    private let text = noise(100_000, seed: 1)

    /// All messages, a run with messages within, and a run without data.
    private var stream: [UInt8] {
        var bytes: [UInt8] = []
        let isRun: Set<UInt8> = [FrameKind.lease.rawValue, FrameKind.runEnd.rawValue]
        for frame in MessageSamples.frames where !isRun.contains(frame[4]) { bytes += frame }
        bytes += lease(text.count) + credit + data(Array(text[..<7])) + data([])
        bytes += credit + data(Array(text[7...])) + credit + runEnd
        return bytes + lease(0) + runEnd + credit
    }

    private func check(_ reception: Reception) {
        let whole = Reception()
        #expect(throws: Never.self) { try whole.read(stream) }
        #expect(reception.kinds == whole.kinds)
        #expect(reception.payloads == whole.payloads)
        #expect(reception.runs == [text, []])
        #expect(
            reception.kinds.suffix(8) == [
                .lease, .credit, .credit, .credit, .runEnd, .lease, .runEnd, .credit,
            ]
        )
    }

    @Test("byte by byte")
    func bytes() throws {
        let reception = Reception()
        try reception.read(stream) { 1 }
        check(reception)
    }

    @Test("in random pieces", arguments: UInt64(0)..<50)
    func pieces(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let largest = [3, 100, 5_000, 200_000][Int(seed) % 4]
        let reception = Reception()
        try reception.read(stream) { Int.random(in: 1...largest, using: &random) }
        check(reception)
    }

    @Test("run data is read into its memory, but for what arrives with a header")
    func inPlace() throws {
        let reception = Reception()
        let text = noise(1 << 20, seed: 2)
        try reception.read(lease(text.count))
        try reception.read(data(text) + runEnd)
        #expect(reception.runs == [text])
        #expect(reception.bytesInPlace >= text.count - 4096)
    }

    @Test("the largest frame passes, and a larger one is refused by its header alone")
    func oversize() throws {
        let reception = Reception()
        let limit = Limits.framePayloadBytes
        let largest =
            FrameHeader(kind: .stop, payloadSizeBytes: limit).encoded + noise(limit, seed: 1)
        try reception.read(largest + credit)
        #expect(reception.kinds == [.stop, .credit])
        let header = [0x01, 0x00, 0x10, 0x00, FrameKind.stop.rawValue, 0, 0, 0]
        #expect(throws: WireError.frameTooLarge(sizeBytes: limit + 1, limit: limit)) {
            try reception.read(header)
        }
        #expect(reception.largestDestination <= limit + FrameHeader.sizeBytes)
    }

    @Test("an unknown kind is refused")
    func unknownKind() {
        for kind in UInt8.min...UInt8.max where FrameKind(rawValue: kind) == nil {
            #expect(throws: WireError.unknownKind(kind)) {
                try Reception().read([0, 0, 0, 0, kind, 0, 0, 0])
            }
        }
    }

    @Test("data outside of a run is refused")
    func strayData() {
        #expect(throws: WireError.unexpectedData("a data frame outside of a run")) {
            try Reception().read(data([1]))
        }
        #expect(throws: WireError.unexpectedData("a data frame outside of a run")) {
            try Reception().read(lease(1) + data([1]) + runEnd + data([1]))
        }
    }

    @Test("a run that grows over its size is refused before a byte too many is taken")
    func growingRun() {
        #expect(throws: WireError.unexpectedData("a run grows over its announced 10 bytes")) {
            try Reception().read(lease(10) + data([1, 2, 3]) + data(noise(8, seed: 1)))
        }
    }

    @Test("a run that ends too early is refused")
    func shortRun() {
        #expect(throws: WireError.unexpectedData("a run of 3 bytes, 10 were announced")) {
            try Reception().read(lease(10) + data([1, 2, 3]) + runEnd)
        }
    }

    @Test("of an unknown peer no more is taken than a hello, until it is known")
    func payloadLimit() throws {
        let limit = Limits.helloPayloadBytes
        let large = FrameHeader(kind: .failed, payloadSizeBytes: limit + 1).encoded
        let reception = Reception(payloadLimit: limit)
        let error = WireError.frameTooLarge(sizeBytes: limit + 1, limit: limit)
        #expect(throws: error) { try reception.read(large) }
        #expect(reception.largestDestination == limit + FrameHeader.sizeBytes)

        let known = Reception(payloadLimit: limit)
        let largest = FrameHeader(kind: .hello, payloadSizeBytes: limit).encoded
        try known.read(largest + [UInt8](repeating: 7, count: limit))
        known.liftPayloadLimit()
        try known.read(credit + large + [UInt8](repeating: 7, count: limit + 1) + credit)
        #expect(known.kinds == [.hello, .credit, .failed, .credit])
        #expect(known.payloads[2].count == limit + 1)
        #expect(known.largestDestination > 32 << 10, "read in large pieces again")
    }

    @Test("the end of a run that never began is refused")
    func strayEnd() {
        #expect(throws: WireError.unexpectedData("the end of a run that never began")) {
            try Reception().read(runEnd)
        }
    }

    @Test("a run within another is refused")
    func nestedRun() {
        #expect(throws: WireError.unexpectedData("a run begins within another")) {
            try Reception().read(lease(10) + data([1, 2, 3]) + lease(5))
        }
    }

    @Test("bit flips anywhere end in a typed error or in other messages, never in a crash")
    func bitFlips() {
        var random = SeededGenerator(seed: 5)
        let stream =
            lease(40) + credit + data(noise(40, seed: 1)) + runEnd
            + MessageSamples.frames.flatMap { $0[4] == 36 || $0[4] == 65 ? [] : $0 }
        var refused = 0
        for _ in 0..<1_500 {
            var damaged = stream
            let bit = Int.random(in: 0..<damaged.count * 8, using: &random)
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            let reception = Reception()
            do throws(WireError) {
                try reception.read(damaged) { Int.random(in: 1...60, using: &random) }
            } catch {
                refused += 1
            }
            #expect(
                reception.largestDestination <= Limits.framePayloadBytes + FrameHeader.sizeBytes
            )
        }
        #expect(refused > 100)
    }

    @Test("garbage is refused", arguments: UInt64(0)..<200)
    func garbage(seed: UInt64) {
        // The chance of 4 KiB of noise being frames is nil: most kinds are unknown.
        #expect(throws: WireError.self) { try Reception().read(noise(4096, seed: seed)) }
    }
}
