import Base
import Columns
import Parquet
import Testing

@Suite("Row groups read back from a segment")
struct SegmentContentsTests {
    /// Rows with every type, nulls, and bounds that differ by seed; sorted by the second column.
    private static func rows(_ count: Int, seed: Int) -> TestRows {
        let numbers = (0..<count).map { $0 + 10 * seed }
        func sparse<Value>(_ make: (Int) -> Value) -> [Value?] {
            numbers.map { $0 % 3 == 1 ? nil : make($0) }
        }
        return [
            TestColumn("text", .strings(sparse { "text \($0)" })),
            TestColumn("small", .int32(numbers.map { Int32($0) })),
            TestColumn("large", .int64(sparse { Int64($0) << 40 })),
            TestColumn("ratio", .doubles(sparse { Double($0) / 8 })),
            TestColumn("truth", .booleans(sparse { $0 % 2 == 0 })),
            TestColumn("day", .dates(sparse { Int32(-$0) })),
            TestColumn("moment", .timestamps(sparse { Int64($0) * 1_000_003 })),
            TestColumn("list", .lists(numbers.map { n in (0..<n % 3).map { "e\($0)" } })),
        ]
    }

    private static let columns = rows(1, seed: 0).map(\.declaration)
    private static let ids = columns.indices.map { index in
        FieldIDs(column: Int32(index + 1), element: index == 7 ? 9 : nil)
    }

    /// One row group for each number of rows, with rows that differ from group to group.
    private static func segment(
        _ counts: [Int],
        sortColumns: [Int] = []
    ) throws -> (bytes: [UInt8], rowGroups: [RowGroupMetadata]) {
        var layout = SegmentLayout(
            columns: columns,
            fieldIDs: ids,
            sortColumns: sortColumns,
            keyValues: []
        )
        var bytes = SegmentLayout.header
        var rowGroups: [RowGroupMetadata] = []
        for (seed, count) in counts.enumerated() {
            let (payload, metadata) = try encodeRowGroup(
                rows(count, seed: seed),
                sortColumns: sortColumns
            )
            layout.append(metadata, at: Int64(bytes.count))
            bytes += payload
            rowGroups.append(metadata)
        }
        return (bytes + layout.footer().bytes, rowGroups)
    }

    private static func read(_ bytes: [UInt8]) throws(ParquetError) -> SegmentContents {
        try SegmentContents(fileTail: bytes, columns: columns, fieldIDs: ids)
    }

    @Test(
        "they are what was written, but for what only a load needs",
        arguments: [[1], [5, 3000]],
        [[], [1], [1, 0]]
    )
    func roundTrip(counts: [Int], sortColumns: [Int]) throws {
        let (bytes, written) = try Self.segment(counts, sortColumns: sortColumns)
        let contents = try Self.read(bytes)
        #expect(contents.sortColumns == sortColumns)
        #expect(contents.rowGroups.count == counts.count)
        for (found, wanted) in zip(contents.rowGroups.map(\.metadata), written) {
            #expect(found.rowCount == wanted.rowCount)
            #expect(found.columns == wanted.columns)
            #expect(found.isSorted == (wanted.isSorted && !sortColumns.isEmpty))
            #expect(found.payloadSizeBytes == wanted.payloadSizeBytes)
        }
    }

    @Test("a segment of other columns or ids is none that can be taken over")
    func others() throws {
        let (bytes, _) = try Self.segment([10])
        #expect(throws: ParquetError.self) {
            try SegmentContents(
                fileTail: bytes,
                columns: Array(Self.columns.dropLast()),
                fieldIDs: Array(Self.ids.dropLast())
            )
        }
        var ids = Self.ids
        ids[0] = FieldIDs(column: 77)
        #expect(throws: ParquetError.self) {
            try SegmentContents(fileTail: bytes, columns: Self.columns, fieldIDs: ids)
        }
    }

    @Test("a footer with any bit flipped is an error, or says the same")
    func flips() throws {
        let (bytes, _) = try Self.segment([4])
        let contents = try Self.read(bytes)
        let footer = try SegmentFooter(fileTail: bytes)
        let start = bytes.count - footer.footerSizeBytes - SegmentFooter.tailSizeBytes
        for bit in 0..<(8 * (bytes.count - start)) {
            var damaged = bytes
            damaged[start + bit / 8] ^= 1 << UInt8(bit % 8)
            do throws(ParquetError) {
                // Whatever is read back is to the byte what is written again.
                let found = try Self.read(damaged)
                #expect(found != contents)
            } catch {
                continue
            }
        }
    }

    @Test("garbage ends in an error")
    func garbage() {
        var random = SeededGenerator(seed: 5)
        for size in 0..<400 {
            let bytes = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            #expect(throws: ParquetError.self) { try Self.read(bytes) }
            #expect(throws: ParquetError.self) { try Self.read(bytes + SegmentLayout.header) }
        }
    }
}
