import Parquet
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
        let rowGroup = try encoder.finish(into: &memory.buffer)
        let encoded = rowGroup.encoded()
        rowGroups.append(
            ResultRowGroup(
                table: table,
                pagesSizeBytes: Int(rowGroup.payloadSizeBytes),
                metadataSizeBytes: encoded.count
            )
        )
        metadata += encoded
    }

    /// Puts the metadata behind the pages: the data of the result's run.
    func finishPayload() {
        metadata.withUnsafeBytes { memory.buffer.append(contentsOf: $0) }
    }
}
