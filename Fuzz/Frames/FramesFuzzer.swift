import Base
import FuzzSupport
import Wire

/// A connection's bytes, in pieces of any size: messages, runs, or an error.
enum FramesFuzzer: FuzzTarget {
    private static let data = FrameHeader(kind: .data, payloadSizeBytes: 3).encoded + [1, 2, 3]
    private static let lease = CoordinatorMessage.lease(
        TransformLease(
            attempt: AttemptID(1),
            step: StepID(job: JobID(1), index: 0),
            source: "f",
            firstLine: 1,
            sizeBytes: 6
        )
    ).encoded
    private static let group = ResultRowGroup(
        table: .rows,
        pagesSizeBytes: 4,
        metadataSizeBytes: 2,
        pagesCRC32: 7,
        metadataCRC32: 1 << 31
    )
    private static let result = WorkerMessage.result(
        AttemptID(1),
        TransformResult(lines: 1, rows: 1, rejected: 0, conversionFailures: [0], rowGroups: [group])
    ).encoded
    private static let beat = WorkerMessage.heartbeat(running: [AttemptID(1)]).encoded
    static let seeds: [[UInt8]] = [
        [0] + lease + data + beat + data + CoordinatorMessage.runEnd(crc32: 7).encoded,
        [7] + result + data + data + WorkerMessage.runEnd(hash: Array(0..<32)).encoded + beat,
        [200] + CoordinatorMessage.stop(reason: "drained", isForGood: true).encoded + beat + beat,
    ]

    static func read(_ bytes: UnsafeRawBufferPointer) {
        var input = FuzzInput(bytes)
        let pieceSize = 1 + Int(input.byte())
        do throws(WireError) {
            try Reception().read(input.rest, pieceSize: pieceSize)
        } catch {
            precondition(!error.description.isEmpty, "an error without a message")
        }
    }
}

/// What a run may take here: far below what a peer may ask for, so that the search stays fast.
private let runLimitBytes = 64 << 10

/// One side of a connection, with the run that is under way.
private final class Reception {
    private let reader = FrameReader()
    private var memory: UnsafeMutableRawBufferPointer?

    deinit { memory?.deallocate() }

    func read(_ bytes: UnsafeRawBufferPointer, pieceSize: Int) throws(WireError) {
        var rest = bytes
        while !rest.isEmpty {
            let destination = reader.destination
            precondition(!destination.isEmpty, "no room to read to")
            let count = min(rest.count, destination.count, pieceSize)
            destination.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            try reader.received(count) { kind, payload throws(WireError) in
                try take(kind, payload)
            }
        }
    }

    private func take(
        _ kind: FrameKind,
        _ payload: UnsafeRawBufferPointer
    ) throws(WireError) {
        switch kind {
        case .lease:
            if case .lease(let lease) = try CoordinatorMessage(kind: kind, payload: payload) {
                try begin(lease.sizeBytes)
            }
        case .result:
            if case .result(_, let result, _) = try WorkerMessage(kind: kind, payload: payload) {
                try begin(result.payloadSizeBytes)
            }
        case .runEnd:
            try reader.endRun()
            memory?.deallocate()
            memory = nil
        default:
            break
        }
    }

    private func begin(_ sizeBytes: Int) throws(WireError) {
        precondition(sizeBytes >= 0, "a run of \(sizeBytes) bytes")
        guard sizeBytes <= runLimitBytes else {
            throw .fieldTooLarge(field: "run", value: sizeBytes, limit: runLimitBytes)
        }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: sizeBytes, alignment: 1)
        do throws(WireError) {
            try reader.beginRun(into: block)
        } catch {
            block.deallocate()
            throw error
        }
        memory = block
    }
}

@_cdecl("LLVMFuzzerInitialize")
package func begin(_: UnsafeRawPointer, _: UnsafeRawPointer) -> CInt { FramesFuzzer.begin() }
