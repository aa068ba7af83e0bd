import Parquet
import Wire

/// Gathers the row groups of one result: their pages, and behind all of them their metadata.
struct ResultBuilder: ~Copyable {
    private var pages = ByteBuffer()
    private var metadata: [UInt8] = []
    private(set) var rowGroups: [ResultRowGroup] = []

    /// Ends the encoder's row group and takes it in.
    mutating func finish(
        _ encoder: RowGroupEncoder,
        as table: RowGroupTable
    ) throws(ParquetError) {
        let rowGroup = try encoder.finish(into: &pages)
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

    /// The data of the result's run.
    consuming func payload() -> ByteBuffer {
        metadata.withUnsafeBytes { pages.append(contentsOf: $0) }
        return pages
    }
}
