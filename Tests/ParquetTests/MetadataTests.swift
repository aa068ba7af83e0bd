import Base
import Columns
import Parquet
import Testing

@Suite("Row group metadata and footers")
struct MetadataTests {
    private let rows: TestRows = [
        TestColumn("s", .strings(["b", nil, "a", "Ö"])),
        TestColumn("n", .int32([5, -7, nil, 0])),
        TestColumn("d", .doubles([-0.0, 0.0, nil, nil])),
        TestColumn("b", .booleans([true, nil, true, true])),
        TestColumn("l", .lists([["x", "y"], [], ["z"], []])),
        TestColumn("none", .int64([nil, nil, nil, nil])),
    ]

    @Test("statistics are exact, and those of a list count its elements and empty lists")
    func statistics() throws {
        let metadata = try encodeRowGroup(rows).metadata
        let found = metadata.columns.map(\.statistics)
        func expected(_ column: Int, _ values: Int64, _ bounds: (ColumnBound, ColumnBound)?) {
            let size = metadata.columns[column].compressedSizeBytes
            let nulls = metadata.columns[column].levelCount - values
            let wanted = ColumnStatistics(
                valueCount: values,
                nullCount: nulls,
                minimum: bounds?.0,
                maximum: bounds?.1,
                compressedSizeBytes: size
            )
            #expect(found[column] == wanted)
        }
        expected(0, 3, (.text(Array("a".utf8)), .text(Array("Ö".utf8))))
        expected(1, 3, (.integer(-7), .integer(5)))
        expected(2, 2, (.double(0), .double(0)))
        expected(3, 3, (.boolean(true), .boolean(true)))
        expected(4, 3, (.text(Array("x".utf8)), .text(Array("z".utf8))))
        expected(5, 0, nil)
        #expect(metadata.columns[4].levelCount == 5)
    }

    @Test("an encoder starts anew with each row group")
    func reuse() throws {
        let encoder = RowGroupEncoder(columns: rows.map(\.declaration), sortColumns: [1])
        let first = try encodeRowGroup(rows, encoder: encoder)
        let second = try encodeRowGroup(rows, encoder: encoder)
        #expect(first.payload == second.payload)
        #expect(first.metadata == second.metadata)
        #expect(encoder.rowCount == 0)
    }

    @Test("a row group without rows has no bytes and is left out of a segment")
    func noRows() throws {
        let empty = try encodeRowGroup(
            rows.map { TestColumn($0.name, $0.values.none) }
        )
        #expect(empty.payload.isEmpty)
        #expect(empty.metadata.rowCount == 0)
        let full = try encodeRowGroup(rows)
        let columns = rows.map(\.declaration)
        let segment = try assembleSegment([empty, full, empty], columns: columns)
        let footer = try SegmentFooter(fileTail: segment.bytes)
        #expect(footer.rowGroups.count == 1)
        #expect(footer.rowGroups.first?.offset == 4)
        #expect(footer.footerSizeBytes == segment.layout.footer().footerSizeBytes)
    }

    @Test("a segment's statistics are merged over its row groups")
    func merged() throws {
        let one = try encodeRowGroup([TestColumn("n", .int64([4, nil, 9]))])
        let other = try encodeRowGroup([TestColumn("n", .int64([-1, 3]))])
        let columns = [ColumnDeclaration(name: "n", type: .int64)]
        let layout = try assembleSegment([one, other], columns: columns).layout
        #expect(layout.rowCount == 5)
        #expect(layout.statistics[0].minimum == .integer(-1))
        #expect(layout.statistics[0].maximum == .integer(9))
        #expect(layout.statistics[0].valueCount == 4)
        #expect(layout.statistics[0].nullCount == 1)
    }

    @Test("metadata of another table, cut short or with bytes behind it is refused")
    func refused() throws {
        let bytes = try encodeRowGroup(rows).metadata.encoded()
        let columns = rows.map(\.declaration)
        #expect(throws: ParquetError.self) {
            try RowGroupMetadata(decoding: bytes, columns: Array(columns.dropLast()))
        }
        #expect(throws: ParquetError.self) {
            try RowGroupMetadata(decoding: bytes + [0], columns: columns)
        }
        for length in bytes.indices {
            #expect(throws: ParquetError.self) {
                try RowGroupMetadata(decoding: Array(bytes.prefix(length)), columns: columns)
            }
        }
    }

    @Test("flipped bits in metadata are an error or keep every offset inside the payload")
    func metadataGarbage() throws {
        let bytes = try encodeRowGroup(rows).metadata.encoded()
        let columns = rows.map(\.declaration)
        var random = SeededGenerator(seed: 2)
        var refused = 0
        for _ in 0..<5000 {
            var garbage = bytes
            for _ in 0...Int(random.next() % 3) {
                garbage[Int(random.next() % UInt64(garbage.count))] ^= 1 << UInt8(random.next() % 8)
            }
            do throws(ParquetError) {
                let metadata = try RowGroupMetadata(decoding: garbage, columns: columns)
                let end =
                    metadata.columns.map { $0.startOffset + $0.compressedSizeBytes }.max() ?? 0
                #expect(end == metadata.payloadSizeBytes)
            } catch {
                refused += 1
                #expect(!error.description.isEmpty)
            }
        }
        #expect(refused > 1000)
    }

    @Test("flipped bits and random bytes as a footer are an error or some footer, never a crash")
    func footerGarbage() throws {
        let segment = try assembleSegment(
            [try encodeRowGroup(rows), try encodeRowGroup(rows)],
            columns: rows.map(\.declaration)
        )
        let footer = segment.layout.footer().bytes
        var random = SeededGenerator(seed: 3)
        var refused = 0
        for round in 0..<5000 {
            var garbage = footer
            // The magic stays, so that what is behind it is read at all.
            let count = UInt64(garbage.count - SegmentLayout.header.count)
            for _ in 0...(round % 50 == 0 ? 200 : Int(random.next() % 3)) {
                garbage[Int(random.next() % count)] ^= 1 << UInt8(random.next() % 8)
            }
            do throws(ParquetError) { _ = try SegmentFooter(fileTail: garbage) } catch {
                refused += 1
                #expect(!error.description.isEmpty)
            }
        }
        #expect(refused > 1000)
    }

    @Test("a tail that does not hold the whole footer says how much it needs")
    func shortTail() throws {
        let segment = try assembleSegment([], columns: rows.map(\.declaration))
        let size = segment.layout.footer().footerSizeBytes
        #expect(throws: ParquetError.footerBeyondTail(neededBytes: size + 8)) {
            try SegmentFooter(fileTail: Array(segment.bytes.suffix(10)))
        }
        #expect(throws: ParquetError.footerBeyondTail(neededBytes: 8)) {
            try SegmentFooter(fileTail: [])
        }
        let whole = try SegmentFooter(fileTail: Array(segment.bytes.suffix(size + 8)))
        #expect(whole.columnNames == ["s", "n", "d", "b", "l", "none"])
    }
}

extension TestColumn.Values {
    /// The same type without values.
    var none: Self {
        switch self {
        case .strings: .strings([])
        case .lists: .lists([])
        case .int32: .int32([])
        case .int64: .int64([])
        case .doubles: .doubles([])
        case .booleans: .booleans([])
        case .dates: .dates([])
        case .timestamps: .timestamps([])
        }
    }
}
