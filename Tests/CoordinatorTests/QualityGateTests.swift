import Base
import Columns
import Jobs
import Query
import Testing

@testable import Coordinator
@testable import Parquet

@Suite("Checks between write and publish")
struct QualityGateTests {
    private func job(_ checks: String, write: String = "replace") throws -> JobDeclaration {
        let text =
            "{job: t, input: t.gz, table: t, write: \(write), cluster_by: [id], checks: \(checks), "
            + "columns: [{name: id, type: int64}, {name: n, type: int32}]}"
        guard case .table(let job) = try JobFile.parse(text: text, file: "t.yaml") else {
            throw TestLoop.TimedOut()
        }
        return job
    }

    /// A row group of ids; `n` is null where there is no id.
    private func rowGroup(_ ids: [Int64?], sorted: Bool = true) -> RowGroupMetadata {
        let known = ids.compactMap { $0 }
        let statistics = ColumnStatistics(
            valueCount: Int64(known.count),
            nullCount: Int64(ids.count - known.count),
            minimum: known.min().map { .integer($0) },
            maximum: known.max().map { .integer($0) }
        )
        let chunk = ColumnChunkMetadata(
            encodings: [],
            levelCount: Int64(ids.count),
            dictionaryPageOffset: nil,
            dataPageOffset: 0,
            uncompressedSizeBytes: 0,
            statistics: statistics
        )
        func bound(_ id: Int64?) -> ColumnBound? { id.map { .integer($0) } }
        return RowGroupMetadata(
            rowCount: Int64(ids.count),
            payloadSizeBytes: 0,
            isSorted: sorted,
            columns: [chunk, chunk],
            edges: sorted && !ids.isEmpty
                ? RowGroupEdges(
                    columns: [0],
                    first: [bound(ids[0])],
                    last: [bound(ids[ids.count - 1])]
                ) : nil
        )
    }

    private func decide(
        _ checks: String,
        _ rowGroups: [RowGroupMetadata],
        before: Int64? = nil,
        write: String = "replace"
    ) throws -> QualityGate.Decision {
        let job = try job(checks, write: write)
        let gate = QualityGate(job: job, rowGroups: rowGroups, rowsBefore: before)
        return gate.decide(try #require(job.checks.first))
    }

    @Test("a key is unique where chunks are sorted and each ends before the next one begins")
    func proven() throws {
        let disjoint = [rowGroup([1, 2]), rowGroup([]), rowGroup([3, 9]), rowGroup([nil])]
        for checks in ["{unique: [id]}", "{unique: [n, id]}"] {
            let decision = try decide(checks, disjoint)
            #expect(decision.result?.passed == true && decision.result?.value == 0)
        }
        #expect(try decide("{unique: [id]}", []).result?.passed == true)
    }

    @Test("otherwise the rows must be looked at")
    func open() throws {
        let question = QualityGate.Decision.open(.unique(["id"]))
        #expect(try decide("{unique: [id]}", [rowGroup([1, 3]), rowGroup([3, 9])]) == question)
        #expect(try decide("{unique: [id]}", [rowGroup([5, 9]), rowGroup([1, 3])]) == question)
        #expect(try decide("{unique: [id]}", [rowGroup([1, 3], sorted: false)]) == question)
        // Sorted by more than the key: rows of one key may differ.
        #expect(try decide("{unique: [n]}", [rowGroup([1])]) == .open(.unique(["n"])))
    }

    @Test("new rows of an append say nothing of those that are there")
    func append() throws {
        let rows = [rowGroup([1, 2])]
        let question = QualityGate.Decision.open(.unique(["id"]))
        #expect(try decide("{unique: [id]}", rows, before: 3, write: "append") == question)
        let first = try decide("{unique: [id]}", rows, before: 0, write: "append")
        #expect(first.result?.passed == true)
    }

    @Test("nulls and bounds were taken by the workers")
    func statistics() throws {
        let rows = [rowGroup([1, nil]), rowGroup([7])]
        #expect(try decide("{not_null: [id]}", rows) == .open(.notNull("id")))
        #expect(try decide("{not_null: [id], max_rows: 1}", rows).result?.value == 1)
        #expect(try decide("{not_null: [id]}", [rowGroup([7])]).result?.passed == true)
        let inside = try decide("{range: {column: id, min: 1, max: 7}}", rows)
        #expect(inside.result?.passed == true)
        let outside = try decide("{range: {column: id, max: 6}}", rows)
        #expect(outside == .open(.range("id", minimum: nil, maximum: "6")))
    }

    @Test(
        "rows are counted against the limits and the version before",
        arguments: [
            (4, 10, false), (5, 10, true), (15, 10, true), (16, 10, false), (2, nil, false),
            (900, nil, true), (900, 0, true),
        ] as [(Int, Int64?, Bool)]
    )
    func rowCount(rows: Int, before: Int64?, passes: Bool) throws {
        let ids = (0..<rows).map { Int64($0) }
        let checks = "{row_count: {min: 3, max_drop: 0.5, max_growth: 0.5}}"
        let result = try decide(checks, [rowGroup(ids)], before: before).result
        #expect(result?.passed == passes)
        #expect(result?.value == Double(rows))
    }

    @Test("a version is refused for checks of severity error alone, with examples and places")
    func reason() throws {
        let checks = try job("[{unique: [id]}, {not_null: [n], severity: warn}]").checks
        let places = RowPlaces(
            chunks: [
                (3, ChunkSummary(sizeBytes: 9, lines: 3, firstLine: 2, source: "/in/t.gz")),
                (2, ChunkSummary(sizeBytes: 9, lines: 4, firstLine: 5, source: "/in/t.gz")),
            ],
            files: [("/s/a.parquet", 2), ("/s/b.parquet", 3)]
        )
        func example(_ file: String, _ row: Int64) -> CheckAnswer.Example {
            CheckAnswer.Example(text: "7", file: file, row: row)
        }
        #expect(places.place(example("/s/a.parquet", 1)) == "t.gz line 3")
        #expect(places.place(example("/s/b.parquet", 0)) == "t.gz line 4")
        #expect(places.place(example("/s/b.parquet", 2)) == "t.gz near line 6")
        #expect(places.place(example("/s/old.parquet", 0)) == nil)

        let answer = CheckAnswer(value: 1, examples: [example("/s/a.parquet", 0)])
        let results = checks.map { QualityGate.result(of: $0, answer, place: places.place) }
        #expect(results.map(\.passed) == [false, false])
        #expect(results.map(\.refuses) == [true, false])
        #expect(
            QualityGate.reason(results)
                == "check unique(id) failed: 1, the limit is 0; 7 (t.gz line 2); "
                + "the version before stays"
        )
        #expect(QualityGate.reason([results[1]]) == nil)
    }
}
