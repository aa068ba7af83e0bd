import Base
import FuzzSupport
import Wire

/// What a worker says: refused, or a message that is the same when it is sent again.
enum WorkerMessagesFuzzer: FuzzTarget {
    private static let groups = [
        ResultRowGroup(
            table: .rows,
            pagesSizeBytes: 5,
            metadataSizeBytes: 3,
            pagesCRC32: 7,
            metadataCRC32: 1 << 31
        ),
        ResultRowGroup(
            table: .rejects,
            pagesSizeBytes: 0,
            metadataSizeBytes: 0,
            pagesCRC32: 7,
            metadataCRC32: 1 << 31
        ),
    ]
    private static let samples: [WorkerMessage] = [
        .hello(
            Hello(
                protocolVersion: protocolVersion,
                productVersion: "1.0",
                pool: "zone-a",
                host: "höst",
                processID: 1,
                slots: 64
            )
        ),
        .heartbeat(running: [AttemptID(1), AttemptID(.max)]),
        .result(
            AttemptID(7),
            TransformResult(
                lines: 10,
                rows: 8,
                rejected: 2,
                conversionFailures: [0, 10],
                rowGroups: groups
            )
        ),
        .failed(AttemptID(3), .badInput, message: "line 7: ä"),
        .finished([AttemptID(-1)]),
        .renew(request: "-----BEGIN"),
        .runEnd(hash: Array(0..<32)),
    ]
    static let seeds = samples.map { message in
        let frame = message.encoded
        return [frame[4]] + frame.dropFirst(FrameHeader.sizeBytes)
    }

    /// The message that stands in a frame of the given kind; nil where it is refused.
    private static func decode(_ kind: FrameKind, _ payload: UnsafeRawBufferPointer)
        -> WorkerMessage?
    {
        do throws(WireError) {
            return try WorkerMessage(kind: kind, payload: payload)
        } catch {
            precondition(!error.description.isEmpty, "an error without a message")
            return nil
        }
    }

    static func read(_ bytes: UnsafeRawBufferPointer) {
        var input = FuzzInput(bytes)
        guard let kind = FrameKind(rawValue: input.byte()), let message = decode(kind, input.rest)
        else { return }
        let again = message.encoded.withUnsafeBytes { frame in
            decode(kind, UnsafeRawBufferPointer(rebasing: frame[FrameHeader.sizeBytes...]))
        }
        precondition(again == message, "\(message) became \(String(describing: again))")
    }
}

@_cdecl("LLVMFuzzerInitialize")
package func begin(_: UnsafeRawPointer, _: UnsafeRawPointer) -> CInt {
    WorkerMessagesFuzzer.begin()
}
