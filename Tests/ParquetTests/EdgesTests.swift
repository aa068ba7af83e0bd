import Base
import Columns
import Parquet
import Testing

@Suite("Where a row group begins and ends")
struct EdgesTests {
    private func edges(_ rows: TestRows, sortColumns: [Int]) throws -> RowGroupEdges? {
        let metadata = try encodeRowGroup(rows, sortColumns: sortColumns).metadata
        let received = try RowGroupMetadata(
            decoding: metadata.encoded(),
            columns: rows.map(\.declaration)
        )
        #expect(received == metadata)
        return metadata.edges
    }

    private func text(_ text: String) -> ColumnBound { .text(Array(text.utf8)) }

    @Test("rows that are sorted, no two of them equal, tell the first and the last")
    func strict() throws {
        let rows: TestRows = [
            TestColumn("s", .strings(["a", "a", "b", nil])),
            TestColumn("n", .int32([1, 2, 1, nil])),
        ]
        let found = try edges(rows, sortColumns: [0, 1])
        #expect(
            found
                == RowGroupEdges(
                    columns: [0, 1],
                    first: [text("a"), .integer(1)],
                    last: [nil, nil]
                )
        )
    }

    @Test("rows that are not sorted, or two of which are equal, tell nothing")
    func others() throws {
        for (strings, numbers) in [
            (["b", "a"], [1, 2]), (["a", "a"], [1, 1]), ([nil, "a"], [1, 2]),
            ([nil, nil], [nil, nil]),
        ] as [([String?], [Int32?])] {
            let rows: TestRows = [
                TestColumn("s", .strings(strings)), TestColumn("n", .int32(numbers)),
            ]
            #expect(try edges(rows, sortColumns: [0, 1]) == nil, "\(strings) \(numbers)")
        }
        let rows: TestRows = [TestColumn("s", .strings(["a", "b"]))]
        #expect(try edges(rows, sortColumns: []) == nil)
    }

    @Test("two equal rows on both sides of a batch's end are seen")
    func batches() throws {
        // The rows of a batch of these tests.
        let size = 4000
        for (last, isStrict) in [(size - 1, false), (size, true)] {
            let numbers = (0..<size).map { Int32($0) } + [Int32(last)]
            let rows: TestRows = [TestColumn("n", .int32(numbers))]
            #expect((try edges(rows, sortColumns: [0]) != nil) == isStrict, "\(last)")
        }
    }

    @Test("a text that is too long to be kept as a bound leaves the edges out")
    func longText() throws {
        let long = String(repeating: "x", count: 100_000)
        let rows: TestRows = [TestColumn("s", .strings(["a", long]))]
        #expect(try edges(rows, sortColumns: [0]) == nil)
    }

    @Test(
        "one row group precedes another one when its last row sorts before the first of that",
        arguments: [
            ([1, 5], [1, 6], true), ([1, 5], [2, 0], true), ([1, 5], [1, 5], false),
            ([1, 5], [1, 4], false), ([1, 5], [0, 9], false), ([1, 5], [1, nil], true),
            ([1, nil], [1, 9], false), ([nil, nil], [nil, nil], false), ([1, nil], [2, 0], true),
        ] as [([Int64?], [Int64?], Bool)]
    )
    func order(last: [Int64?], first: [Int64?], precedes: Bool) {
        func edges(_ row: [Int64?]) -> RowGroupEdges {
            let bounds = row.map { $0.map { ColumnBound.integer($0) } }
            return RowGroupEdges(columns: [0, 1], first: bounds, last: bounds)
        }
        #expect(edges(last).precede(edges(first)) == precedes)
        let other = RowGroupEdges(columns: [1], first: [.integer(9)], last: [.integer(9)])
        #expect(!edges(last).precede(other))
    }
}
