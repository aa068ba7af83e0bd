import Base
import Columns
import Testing
import Wire

@Suite("Declarations of tables whose rows are sorted")
struct SortedDeclarationTests {
    private func declaration(
        clusterBy: [Int] = [1, 0],
        partitionBy: [PartitionField]
    ) -> CoordinatorMessage {
        .declare(
            StepID(job: JobID(7), index: 2),
            TransformDeclaration(
                columns: MessageSamples.declaration.columns,
                stripsCarriageReturn: true,
                clusterBy: clusterBy,
                partitionBy: partitionBy,
                sortsRows: true
            )
        )
    }

    private func decoded(_ message: CoordinatorMessage) throws -> CoordinatorMessage {
        try message.encoded.withUnsafeBytes { frame in
            let payload = UnsafeRawBufferPointer(rebasing: frame[FrameHeader.sizeBytes...])
            return try CoordinatorMessage(kind: .declare, payload: payload)
        }
    }

    @Test("partitions of every kind come back as they were said, and none does")
    func roundTrip() throws {
        let all = declaration(partitionBy: [
            PartitionField(.identity, column: 0), PartitionField(.year, column: 5),
            PartitionField(.month, column: 6), PartitionField(.day, column: 5),
            PartitionField(.bucket(Limits.partitions), column: 2),
        ])
        #expect(try decoded(all) == all)
        let none = declaration(partitionBy: [])
        #expect(try decoded(none) == none)
    }

    @Test(
        "partitions that no worker can make are refused",
        arguments: [
            PartitionField(.identity, column: 9), PartitionField(.identity, column: 3),
            PartitionField(.year, column: 0), PartitionField(.bucket(0), column: 2),
            PartitionField(.bucket(Limits.partitions + 1), column: 2),
            PartitionField(.bucket(2), column: 7),
        ]
    )
    func refused(field: PartitionField) {
        #expect(throws: WireError.malformed(message: "declare")) {
            try decoded(declaration(partitionBy: [field]))
        }
    }

    @Test("partitions are refused where rows are not sorted")
    func unsorted() {
        var frame = declaration(partitionBy: [PartitionField(.identity, column: 0)]).encoded
        // The flag is what the message ends with.
        frame[frame.count - 1] = 0
        #expect(throws: WireError.malformed(message: "declare")) {
            try frame.withUnsafeBytes { frame in
                let payload = UnsafeRawBufferPointer(rebasing: frame[FrameHeader.sizeBytes...])
                _ = try CoordinatorMessage(kind: .declare, payload: payload)
            }
        }
    }

    @Test("nothing is sorted by a list, nor partitioned by more fields than a job file takes")
    func limits() {
        #expect(throws: WireError.malformed(message: "declare")) {
            try decoded(declaration(clusterBy: [8], partitionBy: []))
        }
        let many = (1...Limits.partitionFields + 1).map { PartitionField(.bucket($0), column: 2) }
        #expect(throws: WireError.malformed(message: "declare")) {
            try decoded(declaration(partitionBy: many))
        }
    }
}
