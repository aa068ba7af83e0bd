import Base
import Columns
import Wire

/// One of every message, with every kind of field at least once at an extreme.
enum MessageSamples {
    static var report: AttemptReport {
        var report = AttemptReport()
        report.add(.microseconds(1), to: .received)
        report.add(.seconds(300), to: .sent)
        report.peakMemoryBytes = .max
        report.append(AttemptReport.Example(column: 7, line: .max, text: [0xFF]))
        report.append(AttemptReport.Example(column: 0, line: 1, text: []))
        return report
    }

    static let worker: [WorkerMessage] = [
        .hello(
            Hello(
                protocolVersion: protocolVersion,
                productVersion: "1.0",
                pool: "zone-a",
                host: "höst",
                processID: -1,
                slots: 64,
                name: "ott-zone-a-1-2"
            )
        ),
        .heartbeat(running: []),
        .heartbeat(running: [AttemptID(1), AttemptID(.max)]),
        .result(
            AttemptID(7),
            TransformResult(
                lines: 10,
                rows: 8,
                rejected: 2,
                conversionFailures: [0, 10],
                rowGroups: [
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
            )
        ),
        .failed(AttemptID(3), .transient, message: ""),
        .failed(AttemptID(3), .badInput, message: "line 7: ä\u{1F600}"),
        .failed(AttemptID(3), .defect, message: "x"),
        .failed(AttemptID(3), .wrongIndex, message: "y", report),
        .finished([AttemptID(-1)]),
        .renew(request: "-----BEGIN"),
        .runEnd(hash: Array(0..<32)),
    ]

    static let coordinator: [CoordinatorMessage] = [
        .welcome(
            Welcome(
                worker: WorkerID(12),
                heartbeatMilliseconds: 2000,
                lostAfterMilliseconds: .max,
                resultCreditBytes: 1 << 40
            )
        ),
        .refuse(reason: "another version"),
        .declare(StepID(job: JobID(9), index: 3), declaration),
        .forget(StepID(job: JobID(9), index: 3)),
        .lease(
            TransformLease(
                attempt: AttemptID(5),
                step: StepID(job: JobID(9), index: 3),
                source: "/data/title.akas.tsv.gz",
                firstLine: .max,
                sizeBytes: 16 << 20
            )
        ),
        .lease(
            TransformLease(
                attempt: AttemptID(6),
                step: StepID(job: JobID(9), index: 3),
                source: "/data/title.akas.tsv.gz",
                firstLine: 1,
                sizeBytes: 16 << 20,
                slice: slice
            )
        ),
        .leaseShared(
            TransformLease(
                attempt: AttemptID(7),
                step: StepID(job: JobID(9), index: 3),
                source: "/data/title.akas.tsv.gz",
                firstLine: 1,
                sizeBytes: 16 << 20
            ),
            crc32: 0
        ),
        .leaseShared(
            TransformLease(
                attempt: AttemptID(8),
                step: StepID(job: JobID(9), index: 3),
                source: "/data/title.akas.tsv.gz",
                firstLine: 1,
                sizeBytes: 16 << 20,
                slice: slice
            ),
            crc32: .max
        ),
        .leaseSynthetic(
            SyntheticLease.Outcome.allCases.map {
                SyntheticLease(attempt: AttemptID(1), sleepMicroseconds: .max, outcome: $0)
            }
        ),
        .revoke(AttemptID(5)),
        .credit(bytes: 0),
        .stop(reason: "drained", isForGood: true), .stop(reason: "", isForGood: false),
        .certificate(pem: "-----BEGIN"),
        .runEnd(crc32: .max),
    ]

    static let slice = LeasedSlice(
        sizeBytes: 3_000_000,
        windowSizeBytes: 32 << 10,
        storedWindowSizeBytes: 7000,
        bitOffset: 7,
        skippedBytes: 200_000,
        textCRC32: .max
    )

    static let declaration = TransformDeclaration(
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

    /// The frames of all messages.
    static var frames: [[UInt8]] { worker.map(\.encoded) + coordinator.map(\.encoded) }
}
