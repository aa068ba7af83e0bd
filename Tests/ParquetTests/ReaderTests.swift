import Base
import Columns
import Parquet
import Testing

@Suite("pyarrow, Polars and DuckDB read what was written")
struct ReaderTests {
    /// Columns of every storage with nulls where `isNull` says so.
    private func everyStorage(_ count: Int, isNull: (Int) -> Bool) -> TestRows {
        func values<Value>(_ make: (Int) -> Value) -> [Value?] {
            (0..<count).map { isNull($0) ? nil : make($0) }
        }
        return [
            TestColumn("category", .strings(values { "category \($0 % 7)" })),
            TestColumn("title", .strings(values { "Título \(($0 &* 7919) % 99_991) ✓" })),
            TestColumn("small", .int32(values { Int32($0 % 90) - 40 })),
            TestColumn("wide", .int32(values { Int32(truncatingIfNeeded: $0 &* 2_654_435_761) })),
            TestColumn("long", .int64(values { Int64($0) &* 0x1234_5678_9ABC_DEF })),
            TestColumn("rating", .doubles(values { Double($0 % 100) / 10 })),
            TestColumn("weight", .doubles(values { Double($0) * -1.7e300 / 1e5 })),
            TestColumn("adult", .booleans(values { $0 % 3 == 0 })),
            TestColumn("day", .dates(values { Int32($0 % 40_000) - 10_000 })),
            TestColumn("moment", .timestamps(values { Int64($0) * 1_234_567_891 - 1 << 45 })),
            TestColumn(
                "genres",
                .lists((0..<count).map { isNull($0) ? [] : (0..<$0 % 4).map { "g\($0)" } })
            ),
        ]
    }

    @Test("all storages, with nulls everywhere, nowhere and only", arguments: [0, 1, 2, 3])
    func storages(kind: Int) throws {
        let rows = everyStorage(20_000) { row in
            switch kind {
            case 0: false
            case 1: true
            case 2: row % 3 == 1
            default: row > 10_000
            }
        }
        try expectReadersAgree([rows])
    }

    @Test("a segment without row groups is a valid, empty table")
    func empty() throws {
        try expectReadersAgree([everyStorage(0) { _ in false }])
    }

    @Test("a single row", arguments: [false, true])
    func single(isNull: Bool) throws {
        try expectReadersAgree([everyStorage(1) { _ in isNull }])
    }

    @Test("row groups of separate encoders make one file")
    func merged() throws {
        let groups = [1, 5000, 17, 20_000].map { count in
            everyStorage(count) { ($0 &* count) % 5 == 2 }
        }
        try expectReadersAgree(groups, batchRows: 3001)
    }

    @Test("several pages a column chunk")
    func pages() throws {
        let rows = everyStorage(130_000) { $0 % 11 == 0 }
        try expectReadersAgree([rows], batchRows: ColumnBatch.rowCapacity)
    }

    @Test("each kind of string column gets its encoding, and so do its pages")
    func encodings() throws {
        let count = 130_000
        var random = SeededGenerator(seed: 11)
        let few = ["actor", "actress", "", "self"]
        let rows: TestRows = [
            TestColumn(
                "sorted_unique",
                .strings((0..<count).map { "tt" + Int64($0 * 3).padded(to: 7) }),
                encodings: ["RLE", "DELTA_BYTE_ARRAY"]
            ),
            TestColumn(
                "clustered",
                .strings((0..<count).map { "tt" + Int64($0 / 8).padded(to: 7) }),
                encodings: ["RLE", "DELTA_LENGTH_BYTE_ARRAY"]
            ),
            TestColumn(
                "random",
                .strings((0..<count).map { _ in "nm\(random.next() % 10_000_000)" }),
                encodings: ["RLE", "DELTA_LENGTH_BYTE_ARRAY"]
            ),
            TestColumn(
                "few",
                .strings((0..<count).map { _ in few[Int(random.next() % 4)] }),
                encodings: ["PLAIN", "RLE", "RLE_DICTIONARY"]
            ),
            TestColumn(
                "one",
                .strings((0..<count).map { _ in "always" }),
                encodings: ["PLAIN", "RLE", "RLE_DICTIONARY"]
            ),
            TestColumn(
                "year",
                .int32((0..<count).map { _ in 1900 + Int32(random.next() % 120) }),
                encodings: ["PLAIN", "RLE", "RLE_DICTIONARY"]
            ),
            TestColumn("line", .int64((0..<count).map { Int64($0) }), encodings: ["PLAIN", "RLE"]),
        ]
        try expectReadersAgree([rows], sortColumns: [0])
    }

    @Test("a dictionary is given up at any moment", arguments: [4000, 10_000, 60_000, 130_000])
    func giveUp(at row: Int) throws {
        let count = 150_000
        func string(_ index: Int) -> String {
            index < row ? "common \(index % 50)" : "new \(index &* 37)"
        }
        func number(_ index: Int) -> Int64 { Int64(index < row ? index % 50 : index << 20) }
        func list(_ index: Int) -> [String] {
            if index < row { return ["a", "b"] }
            return index % 2 == 0 ? ["x\(index)"] : []
        }
        let rows: TestRows = [
            TestColumn(
                "s",
                .strings((0..<count).map(string))
            ),
            TestColumn(
                "n",
                .int64((0..<count).map(number))
            ),
            TestColumn(
                "l",
                .lists((0..<count).map(list))
            ),
        ]
        try expectReadersAgree([rows])
    }

    @Test("a dictionary of too many entries ends after some pages")
    func fullDictionary() throws {
        func value(_ index: Int) -> Int { index % 4 == 0 ? index : index % 100 }
        let rows: TestRows = [
            TestColumn(
                "s",
                .strings((0..<300_000).map { "v\(value($0))" }),
                encodings: ["PLAIN", "RLE", "RLE_DICTIONARY", "DELTA_LENGTH_BYTE_ARRAY"]
            ),
            TestColumn(
                "n",
                .int32((0..<300_000).map { Int32(value($0)) })
            ),
        ]
        try expectReadersAgree([rows])
    }

    @Test("a dictionary that grows too fast ends before it is full")
    func fastDictionary() throws {
        let rows: TestRows = [
            TestColumn(
                "s",
                .strings((0..<60_000).map { "v\($0 % 5 < 2 ? $0 : $0 % 100)" }),
                encodings: ["RLE", "DELTA_LENGTH_BYTE_ARRAY"]
            )
        ]
        try expectReadersAgree([rows])
    }

    @Test("lists: empty, of many elements, of empty strings, of long ones")
    func lists() throws {
        let many = (0..<30_000).map { "element \($0 % 1000)" }
        let long = String(repeating: "é", count: 50_000)
        let rows: TestRows = [
            TestColumn("l", .lists([[], many, [""], ["", ""], [long], [], ["a"], many, []])),
            TestColumn("all_empty", .lists(Array(repeating: [], count: 9))),
        ]
        try expectReadersAgree([rows, rows], batchRows: 2)
    }

    @Test("strings: empty, long, sharing prefixes, with zero bytes and non-ASCII")
    func strings() throws {
        var values: [String?] = [
            "", nil, "\u{0}", "a\u{0}", "a", "aaaaaaaa", "aaaaaaaaa", "ÿ", "𝄞",
        ]
        values += (0..<300).map { String(repeating: "p", count: $0) }
        values += (0..<300).map {
            "sixteen bytes or more \($0 % 2)" + String(repeating: "q", count: $0)
        }
        values += ["", nil, String(repeating: "z", count: 1 << 20)]
        let bound = String(repeating: "b", count: 4096)
        let rows: TestRows = [
            TestColumn("s", .strings(values)),
            TestColumn("bound", .strings(values.map { _ in bound })),
            TestColumn("over", .strings(values.map { _ in bound + "b" })),
            TestColumn("empty", .strings(values.map { _ in "" })),
            TestColumn(
                "prefixes",
                .strings(values.indices.map { String(repeating: "p", count: $0) })
            ),
        ]
        try expectReadersAgree([rows])
    }

    @Test("zeros of both signs and extreme numbers")
    func numbers() throws {
        let rows: TestRows = [
            TestColumn("zeros", .doubles([0.0, -0.0, nil, 0.0, -0.0, 0.0])),
            TestColumn("d", .doubles([1e308, -1e308, nil, .leastNonzeroMagnitude, -0.0, 3.5])),
            TestColumn("i", .int32([.min, .max, nil, 0, -1, 1])),
            TestColumn("l", .int64([.min, .max, nil, 0, -1, 1])),
            TestColumn(
                "t",
                .timestamps([-62_135_596_800_000_000, 253_402_300_799_999_999, nil, 0, 1, 2])
            ),
        ]
        try expectReadersAgree([rows])
    }

    @Test("sorted row groups say so, others do not")
    func sorting() throws {
        func rows(_ keys: [String?], _ numbers: [Int32?]) -> TestRows {
            [TestColumn("n", .int32(numbers)), TestColumn("k", .strings(keys))]
        }
        let groups = [
            rows(["a", "a", "b", nil], [1, 2, 0, 5]),
            rows(["a", "a", "b", nil], [2, 1, 0, 5]),
            rows(["b", nil, "c", nil], [1, 2, 0, 5]),
            rows(["b", "b", nil, nil], [1, nil, 3, nil]),
            rows(["b", "b", nil, nil], [nil, 1, 3, nil]),
        ]
        let sorted = try groups.map {
            try encodeRowGroup($0, sortColumns: [1, 0]).metadata.isSorted
        }
        #expect(sorted == [true, false, false, true, false])
        try expectReadersAgree(groups, sortColumns: [1, 0], batchRows: 1)
    }
}
