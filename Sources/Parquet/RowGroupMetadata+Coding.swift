import Base
package import Columns

// The bytes of a row group's metadata between worker and coordinator; docs/formats/segment.md.

extension RowGroupMetadata {
    /// First byte of the encoding; another number is another layout.
    private static let version: UInt8 = 2

    /// Compact bytes for the wire.
    package func encoded() -> [UInt8] {
        var bytes = [Self.version, isSorted ? 1 : 0]
        bytes.appendVarint(UInt64(rowCount))
        bytes.appendVarint(UInt64(payloadSizeBytes))
        bytes.appendVarint(UInt64(columns.count))
        for column in columns { column.encode(into: &bytes) }
        bytes.appendVarint(UInt64(edges?.columns.count ?? 0))
        if let edges {
            for column in edges.columns { bytes.appendVarint(UInt64(column)) }
            for bound in edges.first + edges.last {
                bytes.append(bound == nil ? 0 : 1)
                if let bound { ColumnChunkMetadata.encode(bound, into: &bytes) }
            }
        }
        return bytes
    }

    /// Reads what `encoded` wrote for a table of `columns`, trusting none of it.
    package init(
        decoding bytes: [UInt8],
        columns: [ColumnDeclaration]
    ) throws(ParquetError) {
        var reader = MetadataReader(bytes)
        guard try reader.byte() == Self.version else { throw reader.error("another version") }
        isSorted = try reader.flag()
        rowCount = try reader.count(upTo: Int64(Limits.rowGroupRows))
        payloadSizeBytes = try reader.count(upTo: MetadataReader.maximumSizeBytes)
        guard try reader.count(upTo: Int64(Limits.columns)) == Int64(columns.count) else {
            throw reader.error("another number of columns than the \(columns.count) of the table")
        }
        var chunks: [ColumnChunkMetadata] = []
        var end: Int64 = 0
        for column in columns {
            let chunk = try reader.chunk(column, rowCount: rowCount)
            // Chunks lie back to back, so they neither overlap nor leave the payload.
            guard chunk.startOffset == end else { throw reader.error("a chunk begins elsewhere") }
            end += chunk.compressedSizeBytes
            guard chunk.dataPageOffset <= end else {
                throw reader.error("pages beyond their chunk")
            }
            chunks.append(chunk)
        }
        guard end == payloadSizeBytes else { throw reader.error("chunks do not fill the payload") }
        self.columns = chunks
        edges = try reader.edges(of: columns)
        try reader.expectEnd()
    }

    package init(
        decoding bytes: UnsafeRawBufferPointer,
        columns: [ColumnDeclaration]
    ) throws(ParquetError) {
        try self.init(decoding: Array(bytes), columns: columns)
    }
}

extension ColumnChunkMetadata {
    /// Bits of a chunk's first byte.
    enum Flags {
        static let dictionary: UInt8 = 1
        static let minimum: UInt8 = 2
        static let maximum: UInt8 = 4
    }

    fileprivate func encode(into bytes: inout [UInt8]) {
        var flags: UInt8 = dictionaryPageOffset == nil ? 0 : Flags.dictionary
        if statistics.minimum != nil { flags |= Flags.minimum }
        if statistics.maximum != nil { flags |= Flags.maximum }
        bytes.append(flags)
        bytes.appendVarint(encodings.reduce(0) { $0 | 1 << UInt64($1.rawValue) })
        if let dictionaryPageOffset { bytes.appendVarint(UInt64(dictionaryPageOffset)) }
        bytes.appendVarint(UInt64(dataPageOffset))
        bytes.appendVarint(UInt64(compressedSizeBytes))
        bytes.appendVarint(UInt64(uncompressedSizeBytes))
        bytes.appendVarint(UInt64(statistics.valueCount))
        bytes.appendVarint(UInt64(statistics.nullCount))
        if let minimum = statistics.minimum { Self.encode(minimum, into: &bytes) }
        if let maximum = statistics.maximum { Self.encode(maximum, into: &bytes) }
    }

    fileprivate static func encode(_ bound: ColumnBound, into bytes: inout [UInt8]) {
        let plain = bound.plainBytes
        bytes.appendVarint(UInt64(plain.count))
        bytes.append(contentsOf: plain)
    }
}

extension ColumnBound {
    /// The bound for the wire: 8 little-endian bytes of a number, a byte of a boolean, text as it is.
    fileprivate var plainBytes: [UInt8] {
        switch self {
        case .integer(let value): littleEndianBytes(UInt64(bitPattern: value))
        case .double(let value): littleEndianBytes(value.bitPattern)
        case .boolean(let value): [value ? 1 : 0]
        case .text(let bytes): bytes
        }
    }
}

/// The bytes of a number, lowest first.
func littleEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
