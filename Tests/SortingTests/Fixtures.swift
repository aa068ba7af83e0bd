import Base
import Columns
import TSV

@testable import Sorting

/// A chunk that was sorted.
struct SortedChunk {
    let run: [UInt8]
    let index: SortedRunIndex

    init(_ lines: [String], _ declaration: TransformDeclaration) {
        var text = Array(lines.map { $0 + "\n" }.joined().utf8)
        let size = text.count
        text += [UInt8](repeating: 0, count: Limits.textSlackBytes)
        let parser = ChunkParser(declaration: declaration)
        let sorter = RowSorter(declaration)
        (run, index) = text.withUnsafeMutableBytes { buffer in
            let text = UnsafeMutableRawBufferPointer(rebasing: buffer[..<size])
            parser.begin(text, firstLine: 1)
            while parser.next() != nil {
                sorter.append(
                    parser.batches,
                    text: UnsafeRawBufferPointer(text),
                    lines: parser.appendLines
                )
            }
            var run = [UInt8](repeating: 0, count: sorter.runSizeBytes)
            let index = run.withUnsafeMutableBytes { run in
                sorter.write(UnsafeRawBufferPointer(text), to: run)
            }
            return (run, index)
        }
    }

    /// The bytes of a piece of a partition.
    func bytes(of piece: MergePlan.Piece, in key: [UInt8]) -> ArraySlice<UInt8> {
        var start = 0
        for partition in index.partitions {
            let sizes = partition.blocks.map(\.sizeBytes)
            guard partition.key != key else {
                start += sizes[..<piece.blocks.lowerBound].reduce(0, +)
                return run[start..<start + piece.sizeBytes]
            }
            start += sizes.reduce(0, +)
        }
        return []
    }
}

extension MergePlan.Task {
    /// What a worker is sent for the task.
    func input(of chunks: [SortedChunk]) -> [UInt8] {
        MergeInput(self).encoded + pieces.flatMap { chunks[$0.run].bytes(of: $0, in: partition) }
    }

    /// The lines that the task gives.
    func merged(_ chunks: [SortedChunk]) throws -> [String] {
        try merge(input(of: chunks))
    }
}

/// Merges an input; the lines that are kept.
func merge(_ input: [UInt8]) throws -> [String] {
    let merger = RunMerger()
    return try input.withUnsafeBytes { bytes in
        try merger.read(bytes)
        var text = [UInt8](repeating: 0, count: merger.textSizeBytes)
        text.withUnsafeMutableBytes { merger.writeText(of: bytes, to: $0) }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

extension TransformDeclaration {
    /// Columns a, b, … that rows are partitioned and sorted by.
    static func sorted(
        _ types: [ColumnType],
        partitionBy: [PartitionField] = [],
        clusterBy: [Int] = []
    ) -> TransformDeclaration {
        TransformDeclaration(
            columns: types.enumerated().map { index, type in
                ColumnDeclaration(name: String(UnicodeScalar(UInt8(97 + index))), type: type)
            },
            clusterBy: clusterBy,
            partitionBy: partitionBy,
            sortsRows: true
        )
    }
}
