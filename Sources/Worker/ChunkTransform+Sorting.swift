import Base
import Columns
import Sorting
import TSV
import Wire

/// What a slot needs to sort rows and to merge what was sorted.
final class SortingParts {
    let sorter: RowSorter
    let merger = RunMerger()
    /// Reads lines of sorted runs, from which carriage returns were taken off already.
    let parser: ChunkParser
    /// Whether reading a chunk changes its text: escapes of JSON are decoded in place.
    let textIsChanged: Bool

    init(_ declaration: TransformDeclaration) {
        sorter = RowSorter(declaration)
        parser = ChunkParser(
            declaration: TransformDeclaration(
                columns: declaration.columns,
                nullMarker: declaration.nullMarker,
                clusterBy: declaration.clusterBy
            )
        )
        textIsChanged = declaration.columns.contains { $0.type == .jsonList }
    }
}

/// The two stages of a table whose rows are sorted: docs/formats/sorted-run.md.
extension ChunkTransform {
    /// Makes a sorted run of the chunk that the parser has begun; how many rows it has.
    func sort(
        _ text: UnsafeMutableRawBufferPointer,
        with sorting: SortingParts,
        into builder: inout ResultBuilder
    ) throws(TransformError) -> Int64 {
        let original = original(text, sorting)
        // The block goes with its last reference.
        defer { withExtendedLifetime(original.block) {} }
        let sorter = sorting.sorter
        sorter.removeAll()
        var rows: Int64 = 0
        while let count = measured(.converted, parser.next) {
            measured(.encoded) {
                sorter.append(
                    parser.batches,
                    text: UnsafeRawBufferPointer(text),
                    lines: parser.appendLines
                )
            }
            rows += Int64(count)
        }
        guard rows > 0 else { return 0 }
        let index = measured(.encoded) { builder.append(sorter, text: original.text) }
        let partitions = index.partitions.count
        guard partitions <= Limits.partitions else {
            throw .sorting(.tooManyPartitions(partitions, limit: Limits.partitions))
        }
        return rows
    }

    /// The text as it came, also when the parser has been over it.
    private func original(
        _ text: UnsafeMutableRawBufferPointer,
        _ sorting: SortingParts
    ) -> (text: UnsafeRawBufferPointer, block: MemoryBlock?) {
        guard sorting.textIsChanged else { return (UnsafeRawBufferPointer(text), nil) }
        let block = texts.take(capacity: max(1, text.count))
        block.bytes.copyMemory(from: UnsafeRawBufferPointer(text))
        return (block.prefix(text.count), block)
    }

    /// Makes row groups of pieces of sorted runs.
    func merge(_ input: UnsafeRawBufferPointer) throws(TransformError) -> TransformOutput {
        guard let sorting else {
            throw .sorting(.malformedRun(reason: "the table's rows are not sorted"))
        }
        let merger = sorting.merger
        do throws(SortingError) {
            try measured(.converted) { () throws(SortingError) in try merger.read(input) }
        } catch {
            throw .sorting(error)
        }
        let sizeBytes = merger.textSizeBytes
        let block = texts.take(capacity: sizeBytes + Limits.textSlackBytes)
        defer { withExtendedLifetime(block) {} }
        let text = UnsafeMutableRawBufferPointer(rebasing: block.bytes[..<sizeBytes])
        measured(.converted) { merger.writeText(of: input, to: text) }
        return try encodeMerged(text, rowCount: merger.rowCount, sorting.parser)
    }
}
