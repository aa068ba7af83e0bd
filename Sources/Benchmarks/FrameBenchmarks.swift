import Base
import Wire

/// Messages and runs from one end of a connection to the other, without the connection.
extension Benchmark {
    static let frames = [
        Benchmark("frames.run", .byte) { extent in
            let size = extent.choose(Inputs.chunkSizeBytes, small: 100_000)
            let text = ReadableText([UInt8](repeating: 7, count: size))
            let received = ReadableText([UInt8](repeating: 0, count: size))
            let lease = TransformLease(
                attempt: AttemptID(1),
                step: StepID(job: JobID(1), index: 0),
                source: "title.akas.tsv.gz",
                firstLine: 2,
                sizeBytes: size
            )
            return Workload(count: size) { stopwatch in
                try stopwatch.measure {
                    let wire = Wire()
                    wire.queue.append(
                        OutgoingRun(
                            head: CoordinatorMessage.lease(lease).encoded,
                            data: [text.readOnly],
                            end: CoordinatorMessage.runEnd(crc32: 1).encoded,
                            released: { withExtendedLifetime(text) {} }
                        )
                    )
                    try wire.carry(runsInto: received.bytes) { _ in }
                }
                precondition(received.bytes.last == 7, "bytes that did not arrive")
            }
        },
        Benchmark("frames.tasks", .task) { extent in
            let batches = extent.choose(1000, small: 2)
            return Workload(count: batches * batchSize) { stopwatch in
                var arrived = 0
                try stopwatch.measure {
                    let wire = Wire()
                    for batch in 0..<batches {
                        let leases = (0..<batchSize).map { task in
                            SyntheticLease(
                                attempt: AttemptID(Int64(batch * batchSize + task)),
                                sleepMicroseconds: 0,
                                outcome: .succeed
                            )
                        }
                        wire.queue.append(CoordinatorMessage.leaseSynthetic(leases).encoded)
                        try wire.carry { message in
                            if case .leaseSynthetic(let leases) = message {
                                arrived += leases.count
                            }
                        }
                    }
                }
                precondition(arrived == batches * batchSize, "leases that did not arrive")
            }
        },
    ]

    /// Leases of tasks without data in one message: what a worker gets at a time.
    private static let batchSize = 256
}

/// Both ends of a connection: what is queued here is read there.
private final class Wire {
    var queue = FrameQueue()
    private let reader = FrameReader()

    /// Carries all that is queued, and hands out the messages; a run's data goes to `memory`.
    func carry(
        runsInto memory: UnsafeMutableRawBufferPointer? = nil,
        _ onMessage: (CoordinatorMessage) -> Void
    ) throws {
        while let piece = queue.next() {
            switch piece {
            case .bytes(let bytes):
                try bytes.withUnsafeBytes { try feed($0, runsInto: memory, onMessage) }
            case .data(let header, let payload, let released):
                try header.withUnsafeBytes { try feed($0, runsInto: memory, onMessage) }
                try feed(payload, runsInto: memory, onMessage)
                released?()
            }
        }
    }

    private func feed(
        _ bytes: UnsafeRawBufferPointer,
        runsInto memory: UnsafeMutableRawBufferPointer?,
        _ onMessage: (CoordinatorMessage) -> Void
    ) throws(WireError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let destination = reader.destination
            let piece = rest.prefix(destination.count)
            destination.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
            rest = rest.dropFirst(piece.count)
            try reader.received(piece.count) { kind, payload throws(WireError) in
                let message = try CoordinatorMessage(kind: kind, payload: payload)
                if case .lease = message, let memory { try reader.beginRun(into: memory) }
                if case .runEnd = message { try reader.endRun() }
                onMessage(message)
            }
        }
    }
}
