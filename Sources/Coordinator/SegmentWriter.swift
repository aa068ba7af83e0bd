import Base
import Catalog
import Columns
import Gzip
import Parquet
import Storage

/// Puts stored row groups together into one Parquet file, without decoding them.
///
/// The file is written under a temporary name, synced, read back and only then renamed: a segment
/// is whole, and to the byte what workers have encoded, or it is not there.
struct SegmentWriter {
    let directory: String
    let name: String
    var layout: SegmentLayout
    /// The values of the partition that the rows belong to, where they do.
    let partition: [ColumnBound?]?

    init(
        directory: String,
        name: String,
        layout: SegmentLayout,
        partition: [ColumnBound?]? = nil
    ) {
        self.directory = directory
        self.name = name
        self.layout = layout
        self.partition = partition
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
        try write { (file, layout, pieces) throws(StorageError) in
            var offset = layout.sizeBytes
            for run in Self.runs(of: rowGroups) {
                try file.copy(from: spool, at: run.offset, count: run.sizeBytes, to: offset)
                file.beginWriting(at: offset, count: run.sizeBytes)
                for rowGroup in run.rowGroups {
                    layout.append(rowGroup.metadata, at: offset)
                    let sizeBytes = rowGroup.metadata.payloadSizeBytes
                    pieces.append(Piece(sizeBytes: sizeBytes, crc32: rowGroup.crc32))
                    offset += sizeBytes
                }
            }
        }
    }

    /// Writes one segment that has the row groups of several, one behind the other.
    func write(
        _ segments: [(file: File, contents: SegmentContents)]
    ) throws(StorageError) -> SegmentRecord {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.readSizeBytes,
            alignment: 64
        )
        defer { buffer.deallocate() }
        return try write { (file, layout, pieces) throws(StorageError) in
            for segment in segments {
                for rowGroup in segment.contents.rowGroups {
                    let (offset, size) = (layout.sizeBytes, rowGroup.metadata.payloadSizeBytes)
                    try file.copy(from: segment.file, at: rowGroup.offset, count: size, to: offset)
                    layout.append(rowGroup.metadata, at: offset)
                    let found = try Self.crc32(
                        of: segment.file,
                        rowGroup.offset,
                        count: size,
                        through: buffer
                    )
                    pieces.append(Piece(sizeBytes: size, crc32: found))
                }
            }
        }
    }

    /// Writes a segment of one row group, whose pages are in memory.
    func write(
        _ rowGroup: RowGroupMetadata,
        pages: UnsafeRawBufferPointer
    ) throws(StorageError) -> SegmentRecord {
        try write { (file, layout, pieces) throws(StorageError) in
            try file.write(pages, at: layout.sizeBytes)
            layout.append(rowGroup, at: layout.sizeBytes)
            pieces.append(Piece(pages))
        }
    }

    private func write(
        _ fill: (File, inout SegmentLayout, inout [Piece]) throws(StorageError) -> Void
    ) throws(StorageError) -> SegmentRecord {
        let file = try File.create(path: temporaryPath, exclusive: false)
        var layout = self.layout
        var pieces = [Piece(SegmentLayout.header)]
        try file.write(SegmentLayout.header, at: 0)
        try fill(file, &layout, &pieces)
        let footer = layout.footer()
        try file.write(footer.bytes, at: layout.sizeBytes)
        pieces.append(Piece(footer.bytes))
        let sizeBytes = layout.sizeBytes + Int64(footer.bytes.count)
        try file.synchronize()
        try verify(pieces, sizeBytes: sizeBytes)
        try Directory.rename(from: temporaryPath, to: path)
        return SegmentRecord(
            fileName: name,
            rowCount: layout.rowCount,
            sizeBytes: sizeBytes,
            footerSizeBytes: Int64(footer.footerSizeBytes),
            statistics: layout.statistics,
            partition: partition
        )
    }

    /// A part of the file, and the CRC-32 that it must have; the parts lie one behind the other.
    private struct Piece {
        let sizeBytes: Int64
        let crc32: UInt32

        init(sizeBytes: Int64, crc32: UInt32) {
            self.sizeBytes = sizeBytes
            self.crc32 = crc32
        }

        init(_ bytes: UnsafeRawBufferPointer) {
            self.init(sizeBytes: Int64(bytes.count), crc32: Gzip.crc32(bytes))
        }

        init(_ bytes: [UInt8]) { self = bytes.withUnsafeBytes { Piece($0) } }
    }

    /// Bytes of the file that are read back at a time: they stay in the second-level cache.
    private static let readSizeBytes = 256 << 10

    /// Reads the file back: it must have the size, and all bytes, that were written.
    ///
    /// They mostly come from the kernel's memory, so this costs a copy and a CRC. It finds what went
    /// wrong on the way through the spool file as well, however long ago.
    private func verify(_ pieces: [Piece], sizeBytes: Int64) throws(StorageError) {
        let file = try File.open(readingFrom: temporaryPath)
        guard try file.identity().sizeBytes == sizeBytes else {
            throw .unexpectedEnd(path: temporaryPath, offset: sizeBytes)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.readSizeBytes,
            alignment: 64
        )
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        for piece in pieces {
            let end = offset + piece.sizeBytes
            let found = try Self.crc32(of: file, offset, count: piece.sizeBytes, through: buffer)
            guard found == piece.crc32 else {
                throw .damaged(path: temporaryPath, offsets: offset..<end)
            }
            offset = end
        }
    }

    private static func crc32(
        of file: File,
        _ start: Int64,
        count: Int64,
        through buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageError) -> UInt32 {
        var (offset, found) = (start, UInt32(0))
        while offset < start + count {
            let wanted = Int(min(Int64(buffer.count), start + count - offset))
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            guard try file.read(into: part, at: offset) == wanted else {
                throw .unexpectedEnd(path: file.path, offset: offset)
            }
            found = Gzip.crc32(UnsafeRawBufferPointer(part), continuing: found)
            offset += Int64(wanted)
        }
        return found
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
