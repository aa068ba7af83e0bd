import Base
import Catalog
import Parquet
import Storage

/// Puts stored row groups together into one Parquet file, without decoding them.
///
/// The file is written under a temporary name, synced, read back by its footer and only then
/// renamed: a segment is whole or it is not there.
struct SegmentWriter {
    let directory: String
    let name: String
    var layout: SegmentLayout

    init(directory: String, name: String, layout: SegmentLayout) {
        self.directory = directory
        self.name = name
        self.layout = layout
    }

    var path: String { "\(directory)/\(name)" }
    var temporaryPath: String { "\(directory)/.\(name).tmp" }

    /// Writes the segment and says what the catalog has to know of it.
    ///
    /// Where that fails, the caller removes what may lie under the two paths.
    func write(
        _ rowGroups: [StoredResult.RowGroup],
        from spool: File
    ) throws(StorageError) -> SegmentRecord {
        try write { (file, layout) throws(StorageError) in
            var offset = layout.sizeBytes
            for run in Self.runs(of: rowGroups) {
                try file.copy(from: spool, at: run.offset, count: run.sizeBytes, to: offset)
                for rowGroup in run.rowGroups {
                    layout.append(rowGroup.metadata, at: offset)
                    offset += rowGroup.metadata.payloadSizeBytes
                }
            }
        }
    }

    /// Writes a segment of one row group, whose pages are in memory.
    func write(
        _ rowGroup: RowGroupMetadata,
        pages: UnsafeRawBufferPointer
    ) throws(StorageError) -> SegmentRecord {
        try write { (file, layout) throws(StorageError) in
            try file.write(pages, at: layout.sizeBytes)
            layout.append(rowGroup, at: layout.sizeBytes)
        }
    }

    private func write(
        _ fill: (File, inout SegmentLayout) throws(StorageError) -> Void
    ) throws(StorageError) -> SegmentRecord {
        let file = try File.create(path: temporaryPath, exclusive: false)
        var layout = self.layout
        try file.write(SegmentLayout.header, at: 0)
        try fill(file, &layout)
        let footer = layout.footer()
        try file.write(footer.bytes, at: layout.sizeBytes)
        let sizeBytes = layout.sizeBytes + Int64(footer.bytes.count)
        try file.synchronize()
        try verify(file, sizeBytes: sizeBytes, footer: footer.bytes)
        try Directory.rename(from: temporaryPath, to: path)
        return SegmentRecord(
            fileName: name,
            rowCount: layout.rowCount,
            sizeBytes: sizeBytes,
            footerSizeBytes: Int64(footer.footerSizeBytes),
            statistics: layout.statistics
        )
    }

    /// The file must have the size and the footer that were written.
    private func verify(
        _ file: File,
        sizeBytes: Int64,
        footer: [UInt8]
    ) throws(StorageError) {
        let written = try File.open(readingFrom: file.path)
        let tail = try written.read(footer.count, at: sizeBytes - Int64(footer.count))
        guard tail == footer, try written.identity().sizeBytes == sizeBytes else {
            throw .unexpectedEnd(path: file.path, offset: sizeBytes)
        }
    }

    /// Row groups that lie next to each other in the spool, copied with one call.
    private struct CopyRun {
        var offset: Int64
        var sizeBytes: Int64
        var rowGroups: [StoredResult.RowGroup]
    }

    private static func runs(of rowGroups: [StoredResult.RowGroup]) -> [CopyRun] {
        var runs: [CopyRun] = []
        for rowGroup in rowGroups {
            let size = rowGroup.metadata.payloadSizeBytes
            if let last = runs.indices.last,
                runs[last].offset + runs[last].sizeBytes == rowGroup.offset
            {
                runs[last].sizeBytes += size
                runs[last].rowGroups.append(rowGroup)
            } else {
                runs.append(
                    CopyRun(offset: rowGroup.offset, sizeBytes: size, rowGroups: [rowGroup])
                )
            }
        }
        return runs
    }
}
