import Base
import Columns
import FuzzSupport
import Parquet
import TSV
import Wire

/// What the coordinator says: refused, or a message that is the same when it is sent again.
///
/// What it declares, a worker must be able to work by.
enum CoordinatorMessagesFuzzer: FuzzTarget {
    private static let declaration = TransformDeclaration(
        columns: [
            .string, .int32, .int64, .float64, .boolean, .date, .timestamp,
            .list(separator: 0x02), .jsonList,
        ].enumerated().map { index, type in
            ColumnDeclaration(name: "c\(index)", type: type, isRequired: index == 0)
        },
        nullMarker: Array("\\N".utf8),
        stripsCarriageReturn: true,
        clusterBy: [0, 8]
    )
    private static let step = StepID(job: JobID(9), index: 3)
    private static let samples: [CoordinatorMessage] = [
        .welcome(
            Welcome(
                worker: WorkerID(12),
                heartbeatMilliseconds: 2000,
                lostAfterMilliseconds: .max,
                resultCreditBytes: 1 << 40
            )
        ),
        .refuse(reason: "another version"),
        .declare(step, declaration),
        .forget(step),
        .lease(
            TransformLease(
                attempt: AttemptID(5),
                step: step,
                source: "/data/title.akas.tsv.gz",
                firstLine: .max,
                sizeBytes: 16 << 20
            )
        ),
        .leaseSynthetic([
            SyntheticLease(attempt: AttemptID(1), sleepMicroseconds: .max, outcome: .crash)
        ]),
        .revoke(AttemptID(5)),
        .credit(bytes: 0),
        .stop(reason: "drained", isForGood: true),
        .certificate(pem: "-----BEGIN"),
        .runEnd(crc32: .max),
    ]
    static let seeds = samples.map { message in
        let frame = message.encoded
        return [frame[4]] + frame.dropFirst(FrameHeader.sizeBytes)
    }

    /// Columns of a declaration that is tried out; each takes some 300 KiB, which costs time.
    private static let triedColumns = 3

    /// The message that stands in a frame of the given kind; nil where it is refused.
    private static func decode(_ kind: FrameKind, _ payload: UnsafeRawBufferPointer)
        -> CoordinatorMessage?
    {
        do throws(WireError) {
            return try CoordinatorMessage(kind: kind, payload: payload)
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
        if case .declare(_, let declaration) = message, declaration.columns.count <= triedColumns {
            _ = ChunkParser(declaration: declaration)
            _ = RowGroupEncoder(columns: declaration.columns, sortColumns: declaration.clusterBy)
        }
    }
}

@_cdecl("LLVMFuzzerInitialize")
package func begin(_: UnsafeRawPointer, _: UnsafeRawPointer) -> CInt {
    CoordinatorMessagesFuzzer.begin()
}
