import Gzip
import Parquet
import Sorting
import Wire

/// Gathers the row groups of one result: their pages, and behind all of them their metadata.
struct ResultBuilder {
    private let memory: ResultMemory
    private var metadata: [UInt8] = []
    private(set) var rowGroups: [ResultRowGroup] = []

    /// Begins a result in empty memory.
    init(in memory: ResultMemory) { self.memory = memory }

    /// Ends the encoder's row group and takes it in.
    mutating func finish(
        _ encoder: RowGroupEncoder,
        as table: RowGroupTable
    ) throws(ParquetError) {
        let start = memory.buffer.bytes.count
        let rowGroup = try encoder.finish(into: &memory.buffer)
        note(rowGroup.encoded(), ofPagesAt: start, as: table)
    }

    /// Takes the rows of a chunk in, sorted; `text` is what they came from.
    mutating func append(_ sorter: RowSorter, text: UnsafeRawBufferPointer) -> SortedRunIndex {
        let start = memory.buffer.bytes.count
        let index = memory.buffer.append(count: sorter.runSizeBytes) { run in
            sorter.write(text, to: run)
        }
        note(index.encoded, ofPagesAt: start, as: .sortedRun)
        return index
    }

    private mutating func note(_ encoded: [UInt8], ofPagesAt start: Int, as table: RowGroupTable) {
        let pages = UnsafeRawBufferPointer(rebasing: memory.buffer.bytes[start...])
        rowGroups.append(
            ResultRowGroup(
                table: table,
                pagesSizeBytes: pages.count,
                metadataSizeBytes: encoded.count,
                pagesCRC32: crc32(pages),
                metadataCRC32: encoded.withUnsafeBytes { crc32($0) }
            )
        )
        metadata += encoded
    }

    /// Puts the metadata behind the pages: the data of the result's run.
    func finishPayload() {
        metadata.withUnsafeBytes { memory.buffer.append(contentsOf: $0) }
    }
}
