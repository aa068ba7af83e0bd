import Base
import Wire
import Testing

/// Decodes a whole frame with `decode`.
private func decode<Message>(
    _ frame: [UInt8],
    _ decode: (FrameKind, UnsafeRawBufferPointer) throws(WireError) -> Message
) throws -> Message {
    try frame.withUnsafeBytes { bytes in
        let header = try FrameHeader(decoding: bytes)
        let payload = bytes[FrameHeader.sizeBytes...]
        #expect(payload.count == header.payloadSizeBytes)
        return try decode(header.kind, UnsafeRawBufferPointer(rebasing: payload))
    }
}

/// The frame with another payload.
private func reframed(_ frame: [UInt8], _ payload: [UInt8]) -> [UInt8] {
    let size = UInt32(payload.count)
    return (0..<4).map { UInt8(truncatingIfNeeded: size >> ($0 * 8)) } + frame[4..<8] + payload
}

@Suite("Messages")
struct MessageTests {
    @Test("what a worker says comes back as it was said", arguments: MessageSamples.worker)
    func workerRoundTrip(message: WorkerMessage) throws {
        #expect(try decode(message.encoded, WorkerMessage.init) == message)
    }

    @Test(
        "what a coordinator says comes back as it was said",
        arguments: MessageSamples.coordinator
    )
    func coordinatorRoundTrip(message: CoordinatorMessage) throws {
        #expect(try decode(message.encoded, CoordinatorMessage.init) == message)
    }

    @Test("a heartbeat's bytes are those of docs/formats/wire.md")
    func bytes() {
        let heartbeat = WorkerMessage.heartbeat(running: [AttemptID(0x0102)])
        #expect(
            heartbeat.encoded
                == [12, 0, 0, 0, 2, 0, 0, 0] + [1, 0, 0, 0] + [2, 1, 0, 0, 0, 0, 0, 0]
        )
    }

    @Test("a message cut short anywhere is malformed", arguments: MessageSamples.worker)
    func workerCut(message: WorkerMessage) throws {
        let frame = message.encoded
        let payload = Array(frame.dropFirst(FrameHeader.sizeBytes))
        for count in payload.indices {
            #expect(throws: WireError.self, "cut to \(count) bytes") {
                try decode(reframed(frame, Array(payload[..<count])), WorkerMessage.init)
            }
        }
    }

    @Test(
        "a coordinator's message cut short anywhere is malformed",
        arguments: MessageSamples.coordinator
    )
    func coordinatorCut(message: CoordinatorMessage) throws {
        let frame = message.encoded
        let payload = Array(frame.dropFirst(FrameHeader.sizeBytes))
        for count in payload.indices {
            #expect(throws: WireError.self, "cut to \(count) bytes") {
                try decode(reframed(frame, Array(payload[..<count])), CoordinatorMessage.init)
            }
        }
    }

    @Test("a message that goes on behind its fields is malformed")
    func surplus() throws {
        for message in MessageSamples.worker {
            let frame = message.encoded
            let longer = Array(frame.dropFirst(FrameHeader.sizeBytes)) + [0]
            #expect(throws: WireError.self) {
                try decode(reframed(frame, longer), WorkerMessage.init)
            }
        }
    }

    @Test("a count that the payload cannot hold is refused before memory is taken")
    func hugeCounts() {
        let count: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
        for kind in [FrameKind.heartbeat, .finished] {
            #expect(throws: WireError.malformed(message: "\(kind)")) {
                try count.withUnsafeBytes { try WorkerMessage(kind: kind, payload: $0) }
            }
        }
        #expect(throws: WireError.malformed(message: "leaseSynthetic")) {
            try count.withUnsafeBytes {
                try CoordinatorMessage(kind: .leaseSynthetic, payload: $0)
            }
        }
        #expect(throws: WireError.malformed(message: "runEnd")) {
            try count.withUnsafeBytes { try WorkerMessage(kind: .runEnd, payload: $0) }
        }
    }

    @Test(
        "a result whose counts contradict each other is malformed",
        arguments: [
            (10, 5, 4), (-1, 0, -1), (0, 1, -1), (Int64.max, .max, 0), (.min, .max, 1),
        ] as [(Int64, Int64, Int64)]
    )
    func contradictions(lines: Int64, rows: Int64, rejected: Int64) {
        let result = TransformResult(
            lines: lines,
            rows: rows,
            rejected: rejected,
            conversionFailures: [],
            rowGroups: []
        )
        #expect(throws: WireError.malformed(message: "result")) {
            try decode(WorkerMessage.result(AttemptID(1), result).encoded, WorkerMessage.init)
        }
    }

    /// Stages, peak memory and examples, each behind its count.
    private func report(
        times: [(stage: UInt8, microseconds: Int64)] = [],
        texts: [[UInt8]] = []
    ) -> [UInt8] {
        var fields = FieldWriter()
        fields.integer(Int64(3))
        fields.integer(FailureClass.defect.rawValue)
        fields.text("")
        fields.list(times) { fields, time in
            fields.integer(time.stage)
            fields.integer(time.microseconds)
        }
        fields.integer(Int64(0))
        fields.list(texts) { fields, text in
            fields.integer(UInt32(0))
            fields.integer(Int64(1))
            fields.bytes(text)
        }
        return fields.bytes
    }

    private func failed(_ payload: [UInt8]) throws -> WorkerMessage {
        try payload.withUnsafeBytes { try WorkerMessage(kind: .failed, payload: $0) }
    }

    @Test("a report is bounded: stages that are known, once each, and a few short examples")
    func reports() throws {
        let long = [UInt8](repeating: 0, count: AttemptReport.exampleBytes + 1)
        let many = [[UInt8]](repeating: [], count: AttemptReport.examplesLimit + 1)
        let refused = [
            report(times: [(99, 1)]), report(times: [(1, 1), (1, 1)]), report(times: [(1, -1)]),
            report(times: [(1, .max)]), report(texts: [long]), report(texts: many),
        ]
        for payload in refused {
            #expect(throws: WireError.malformed(message: "report")) { try failed(payload) }
        }
        let taken = report(times: [(1, 5)], texts: [[1]])
        var expected = AttemptReport()
        expected.add(.microseconds(5), to: .waited)
        expected.append(AttemptReport.Example(column: 0, line: 1, text: [1]))
        let message = try failed(taken)
        #expect(message == .failed(AttemptID(3), .defect, message: "", expected))
    }

    @Test("an example that is too long is cut where it is made, and one too many left out")
    func examples() {
        var report = AttemptReport()
        for line in 0..<20 as Range<Int64> {
            let text = [UInt8](repeating: 1, count: 1000)
            report.append(AttemptReport.Example(column: 0, line: line, text: text))
        }
        #expect(report.examples.map(\.line) == Array(0..<Int64(AttemptReport.examplesLimit)))
        #expect(report.examples.allSatisfy { $0.text.count == AttemptReport.exampleBytes })
    }

    @Test("more conversion failures than lines are malformed", arguments: [-1, 11, Int64.max])
    func conversionFailures(count: Int64) {
        let result = TransformResult(
            lines: 10,
            rows: 10,
            rejected: 0,
            conversionFailures: [count],
            rowGroups: []
        )
        #expect(throws: WireError.malformed(message: "result")) {
            try decode(WorkerMessage.result(AttemptID(1), result).encoded, WorkerMessage.init)
        }
    }

    @Test("a hello of another version is known by its version, whatever follows")
    func foreignHello() throws {
        var bytes = WorkerMessage.hello(
            Hello(
                protocolVersion: protocolVersion + 1,
                productVersion: "9",
                pool: "p",
                host: "h",
                processID: 1,
                slots: 1
            )
        ).encoded
        bytes += [1, 2, 3]
        bytes[0] += 3
        guard case .hello(let hello) = try decode(bytes, WorkerMessage.init) else {
            Issue.record("no hello")
            return
        }
        #expect(hello.protocolVersion == protocolVersion + 1)
        #expect(hello.slots == 0)
    }

    @Test("a failure's message is cut to what a frame holds")
    func longFailure() throws {
        let text = String(repeating: "\u{1F600}", count: 2 << 20)
        let sent = WorkerMessage.failed(AttemptID(1), .transient, message: text)
        guard case .failed(_, _, let message, _) = try decode(sent.encoded, WorkerMessage.init)
        else {
            Issue.record("no failure")
            return
        }
        #expect(message == String(text.prefix(4096)))
    }

    @Test("a run over its limit is refused with its size")
    func tooLarge() {
        let limit = 4 * Limits.chunkSizeBytes.upperBound
        let half = ResultRowGroup(
            table: .rows,
            pagesSizeBytes: limit / 2,
            metadataSizeBytes: 1,
            pagesCRC32: 0,
            metadataCRC32: 0
        )
        let result = TransformResult(
            lines: 0,
            rows: 0,
            rejected: 0,
            conversionFailures: [],
            rowGroups: [half, half]
        )
        let expected = WireError.fieldTooLarge(
            field: "payload size",
            value: limit + 2,
            limit: limit
        )
        #expect(throws: expected) {
            try decode(WorkerMessage.result(AttemptID(1), result).encoded, WorkerMessage.init)
        }
    }

    @Test("kinds of the other side are refused")
    func wrongSide() {
        for kind in FrameKind.allCases where kind.rawValue >= 32 && kind != .runEnd {
            #expect(throws: WireError.unexpectedData("\(kind) from a worker")) {
                try WorkerMessage(kind: kind, payload: UnsafeRawBufferPointer(start: nil, count: 0))
            }
        }
        for kind in FrameKind.allCases where kind.rawValue < 32 {
            #expect(throws: WireError.unexpectedData("\(kind) from a coordinator")) {
                try CoordinatorMessage(
                    kind: kind,
                    payload: UnsafeRawBufferPointer(start: nil, count: 0)
                )
            }
        }
    }

    @Test("no bit flip and no garbage crashes a decoder")
    func garbage() {
        var random = SeededGenerator(seed: 3)
        var refused = 0
        for round in 0..<20_000 {
            var frame = MessageSamples.frames[round % MessageSamples.frames.count]
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let index = Int.random(in: frame.indices, using: &random)
                frame[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            if round % 3 == 0 {
                for index in FrameHeader.sizeBytes..<frame.count {
                    frame[index] = UInt8.random(in: 0...255, using: &random)
                }
            }
            do {
                try frame.withUnsafeBytes { bytes in
                    let kind = try FrameHeader(decoding: bytes).kind
                    let payload = UnsafeRawBufferPointer(rebasing: bytes[FrameHeader.sizeBytes...])
                    if kind.rawValue < 32 {
                        _ = try WorkerMessage(kind: kind, payload: payload)
                    } else {
                        _ = try CoordinatorMessage(kind: kind, payload: payload)
                    }
                }
            } catch {
                refused += 1
                #expect(error is WireError)
            }
        }
        #expect(refused > 5000)
    }
}
