import Base
import Columns
import Testing
import Wire

@testable import Sorting

@Suite(
    "Sorted runs are merged by tasks of bounded size, and no row is lost, doubled or out of order"
)
struct MergeTests {
    /// Lines `key, number`, numbered over all chunks, with this many different keys.
    private func chunks(_ count: Int, rows: Int, keys: Int64, seed: UInt64) -> [[String]] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { chunk in
            (0..<rows).map { row in
                let key = Int64.random(in: -1..<keys, using: &random)
                return "\(key < 0 ? #"\N"# : "\(key * 7919)")\t\(chunk * rows + row)"
            }
        }
    }

    /// The lines in the order of their keys, equal ones in that of the input, nulls last.
    private func reference(_ lines: [String]) -> [String] {
        func key(_ line: String) -> Int64 {
            line.split(separator: "\t").first.flatMap { Int64($0) } ?? .max
        }
        return lines.enumerated()
            .sorted { (key($0.element), $0.offset) < (key($1.element), $1.offset) }
            .map(\.element)
    }

    @Test(
        "the tasks' rows, one after another, are the sorted input",
        arguments: [1, 2, 50, 1_000_000] as [Int64]
    )
    func wholeOrder(keys: Int64) throws {
        let declaration = TransformDeclaration.sorted([.int64, .string], clusterBy: [0])
        let lines = chunks(7, rows: 5000, keys: keys, seed: UInt64(keys))
        let sorted = lines.map { SortedChunk($0, declaration) }
        let limit = 200_000
        let plan = try MergePlan(sorted.map(\.index), limitBytes: limit)
        #expect(plan.tasks.count > 2)
        #expect(plan.tasks.allSatisfy { $0.piecesSizeBytes <= limit })
        #expect(try plan.tasks.flatMap { try $0.merged(sorted) } == reference(lines.flatMap { $0 }))
    }

    @Test("input that is sorted already is read once: no task reads blocks in vain")
    func sortedInput() throws {
        let declaration = TransformDeclaration.sorted([.int64, .string], clusterBy: [0])
        let lines = (0..<6).map { chunk in (0..<5000).map { "\(chunk * 5000 + $0)\tx" } }
        let sorted = lines.map { SortedChunk($0, declaration) }
        let plan = try MergePlan(sorted.map(\.index), limitBytes: 100_000)
        let read = plan.tasks.reduce(0) { $0 + $1.piecesSizeBytes }
        let written = sorted.reduce(0) { $0 + $1.run.count }
        #expect(read < written + written / 4)
        #expect(try plan.tasks.flatMap { try $0.merged(sorted) } == lines.flatMap { $0 })
    }

    @Test("rows come into the partitions of their values, which are told by name")
    func partitions() throws {
        let declaration = TransformDeclaration.sorted(
            [.date, .string, .int64],
            partitionBy: [
                PartitionField(.year, column: 0), PartitionField(.identity, column: 1),
                PartitionField(.bucket(1000), column: 2),
            ]
        )
        let lines = [
            ["2020-05-01\tb\t34", "2019-12-31\ta\t0", #"\N"# + "\t\\N\t\\N"],
            ["2020-05-01\tb\t34", "2020-01-01\tb\t34", "2019-01-01\ta\t0"],
        ]
        let sorted = lines.map { SortedChunk($0, declaration) }
        let plan = try MergePlan(sorted.map(\.index), limitBytes: 1 << 20)
        let values = try plan.partitions.map { try PartitionValues.values(of: $0.key, declaration) }
        #expect(
            values == [
                [.integer(2019), .text(Array("a".utf8)), .integer(676)],
                [.integer(2020), .text(Array("b".utf8)), .integer(379)],
                [nil, nil, nil],
            ]
        )
        #expect(plan.partitions.map(\.rowCount) == [2, 3, 1])
        #expect(
            try plan.tasks.map { try $0.merged(sorted) } == [
                ["2019-12-31\ta\t0", "2019-01-01\ta\t0"],
                ["2020-05-01\tb\t34", "2020-05-01\tb\t34", "2020-01-01\tb\t34"],
                [#"\N"# + "\t\\N\t\\N"],
            ]
        )
    }

    @Test("a partition for every row is refused, and so are blocks that memory does not hold")
    func limits() throws {
        let declaration = TransformDeclaration.sorted(
            [.int64],
            partitionBy: [PartitionField(.identity, column: 0)]
        )
        let lines = (0...Limits.partitions).map { "\($0)" }
        let run = SortedChunk(lines, declaration)
        #expect(
            throws: SortingError.tooManyPartitions(
                Limits.partitions + 1,
                limit: Limits.partitions
            )
        ) { try MergePlan([run.index], limitBytes: 1000) }
        let huge = SortedRunIndex.Block(sizeBytes: 1 << 20, rowCount: 9, crc32: 0, firstKey: [1])
        let next = SortedRunIndex.Block(sizeBytes: 1 << 20, rowCount: 9, crc32: 0, firstKey: [2])
        let index = SortedRunIndex(
            partitions: [.init(key: [], blocks: [huge, next], lastKey: [3])]
        )
        #expect(throws: SortingError.self) {
            try MergePlan(Array(repeating: index, count: 300), limitBytes: 1 << 20)
        }
    }

    @Test("the same runs give the same tasks, and other limits give others")
    func repeatable() throws {
        let declaration = TransformDeclaration.sorted([.int64, .string], clusterBy: [0])
        let sorted = chunks(3, rows: 3000, keys: 100, seed: 1).map { SortedChunk($0, declaration) }
        let summaries = try [60_000, 60_000, 90_000].map { limit in
            try MergePlan(sorted.map(\.index), limitBytes: limit).tasks.map(\.summary)
        }
        #expect(summaries[0] == summaries[1])
        #expect(summaries[0] != summaries[2])
        #expect(Set(summaries[0].map(\.crc32)).count == summaries[0].count)
        #expect(summaries[0].allSatisfy { $0.isMerge })
    }

    @Test("the index of a run reads back the same; one out of order is refused")
    func indexCoding() throws {
        let declaration = TransformDeclaration.sorted(
            [.int64, .string],
            partitionBy: [PartitionField(.bucket(4), column: 0)],
            clusterBy: [1]
        )
        let index = SortedChunk((0..<5000).map { "\($0)\ts\($0)" }, declaration).index
        #expect(index.partitions.count == 4)
        #expect(index.rowCount == 5000)
        #expect(try SortedRunIndex(decoding: index.encoded) == index)
        var turned = index
        turned.partitions.swapAt(0, 1)
        #expect(throws: WireError.self) { try SortedRunIndex(decoding: turned.encoded) }
        turned = index
        turned.partitions[0].blocks.swapAt(0, 1)
        #expect(throws: WireError.self) { try SortedRunIndex(decoding: turned.encoded) }
    }

    @Test("whatever bytes come, nothing is read beyond them")
    func garbage() throws {
        let declaration = TransformDeclaration.sorted([.int64, .string], clusterBy: [0])
        let sorted = chunks(2, rows: 50, keys: 9, seed: 3).map { SortedChunk($0, declaration) }
        let plan = try MergePlan(sorted.map(\.index), limitBytes: 1 << 20)
        let input = try #require(plan.tasks.first).input(of: sorted)
        var random = SeededGenerator(seed: 4)
        var refused = 0
        for _ in 0..<2000 {
            var bytes = input
            bytes[Int.random(in: bytes.indices, using: &random)] ^=
                1 << UInt8.random(in: 0..<8, using: &random)
            if Bool.random(using: &random) {
                bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            }
            do { _ = try merge(bytes) } catch { refused += 1 }
        }
        #expect(refused > 900)
    }
}
