package import Columns

/// The row groups of a segment, read back from its footer: all that another segment needs to hold them.
///
/// Only of segments that this program wrote, and to the last byte as it writes them: the footer that
/// these row groups would get again must be the one that was read.
package struct SegmentContents: Sendable, Equatable {
    package struct RowGroup: Sendable, Equatable {
        /// Where its first page begins in the file.
        package let offset: Int64
        package let metadata: RowGroupMetadata
    }

    package let rowGroups: [RowGroup]
    /// Indexes of the columns that sorted row groups are sorted by.
    package let sortColumns: [Int]

    /// Reads the footer from the last bytes of a file, or from all of them.
    ///
    /// `columns` and `fieldIDs` are those of its table. Throws `footerBeyondTail` with the number of
    /// bytes it needs when there are too few.
    package init(
        fileTail tail: [UInt8],
        columns: [ColumnDeclaration],
        fieldIDs: [FieldIDs]
    ) throws(ParquetError) {
        let footer = try SegmentFooter(fileTail: tail)
        let start = tail.count - SegmentFooter.tailSizeBytes - footer.footerSizeBytes
        let metadata = Array(tail[start..<start + footer.footerSizeBytes])
        var reader = ThriftReader(metadata)
        var read = FooterRowGroups(columns: columns)
        try read.read(&reader)
        rowGroups = read.rowGroups
        sortColumns = read.sortColumns
        var layout = SegmentLayout(
            columns: columns,
            fieldIDs: fieldIDs,
            sortColumns: sortColumns,
            keyValues: []
        )
        for rowGroup in rowGroups {
            guard rowGroup.offset >= layout.sizeBytes, rowGroup.metadata.rowCount > 0 else {
                throw .malformedFooter(offset: start, reason: "row groups that overlap")
            }
            layout.append(rowGroup.metadata, at: rowGroup.offset)
        }
        guard layout.footer().bytes == Array(tail[start...]) else {
            throw .malformedFooter(offset: start, reason: "another program, or release, wrote it")
        }
    }
}

/// What is found of row groups, by the field numbers of parquet.thrift.
private struct FooterRowGroups {
    let columns: [ColumnDeclaration]
    var rowGroups: [SegmentContents.RowGroup] = []
    var sortColumns: [Int] = []

    init(columns: [ColumnDeclaration]) { self.columns = columns }

    mutating func read(_ reader: inout ThriftReader) throws(ParquetError) {
        var read = self
        try reader.structure { (reader, id, type) throws(ParquetError) in
            guard id == 4 else { return try reader.skip(type) }
            try reader.list(type, of: .structure) { (reader) throws(ParquetError) in
                try read.readRowGroup(&reader)
            }
        }
        self = read
    }

    private mutating func readRowGroup(_ reader: inout ThriftReader) throws(ParquetError) {
        var chunks: [Chunk] = []
        var (rows, offset, size): (Int64, Int64, Int64) = (0, 0, 0)
        var sort: [Int] = []
        try reader.structure { (reader, id, type) throws(ParquetError) in
            switch id {
            case 1:
                try reader.list(type, of: .structure) { (reader) throws(ParquetError) in
                    guard chunks.count < columns.count else { throw reader.error("more columns") }
                    chunks.append(try Chunk(&reader, columns[chunks.count].type.storage))
                }
            case 3: rows = try reader.integer(type)
            case 4:
                try reader.list(type, of: .structure) { (reader) throws(ParquetError) in
                    sort.append(try Self.sortColumn(&reader))
                }
            case 5: offset = try reader.integer(type)
            case 6: size = try reader.integer(type)
            default: try reader.skip(type)
            }
        }
        let limit = MetadataReader.maximumSizeBytes
        guard chunks.count == columns.count, 0...limit ~= offset, 0...limit ~= size,
            chunks.allSatisfy({ $0.areSizesSound(below: limit) })
        else { throw reader.error("a row group with other columns, or sizes out of range") }
        if !sort.isEmpty { sortColumns = sort }
        let metadata = RowGroupMetadata(
            rowCount: rows,
            payloadSizeBytes: size,
            isSorted: !sort.isEmpty,
            columns: chunks.map { $0.metadata(from: offset) },
            edges: nil
        )
        rowGroups.append(.init(offset: offset, metadata: metadata))
    }

    private static func sortColumn(_ reader: inout ThriftReader) throws(ParquetError) -> Int {
        var column: Int64 = -1
        try reader.structure { (reader, id, type) throws(ParquetError) in
            if id == 1 { column = try reader.integer(type) } else { try reader.skip(type) }
        }
        guard 0...Int64(Int16.max) ~= column else { throw reader.error("a sort column") }
        return Int(column)
    }
}

/// `struct ColumnMetaData` of a column chunk.
private struct Chunk {
    private var encodings: [PageEncoding] = []
    private var levelCount: Int64 = 0
    private var uncompressedSizeBytes: Int64 = 0
    private var compressedSizeBytes: Int64 = 0
    private var dataPageOffset: Int64 = 0
    private var dictionaryPageOffset: Int64?
    private var nullCount: Int64 = 0
    private var minimum: ColumnBound?
    private var maximum: ColumnBound?

    init(_ reader: inout ThriftReader, _ storage: ColumnStorage) throws(ParquetError) {
        var chunk = Chunk()
        try reader.structure { (reader, id, type) throws(ParquetError) in
            guard id == 3, type == .structure else { return try reader.skip(type) }
            try chunk.read(&reader, storage)
        }
        self = chunk
    }

    private init() {}

    /// Whether sums of these numbers stay numbers.
    func areSizesSound(below limit: Int64) -> Bool {
        [
            levelCount, uncompressedSizeBytes, compressedSizeBytes, dataPageOffset, nullCount,
            dictionaryPageOffset ?? 0,
        ].allSatisfy { 0...limit ~= $0 }
    }

    func metadata(from offset: Int64) -> ColumnChunkMetadata {
        ColumnChunkMetadata(
            encodings: encodings,
            levelCount: levelCount,
            dictionaryPageOffset: dictionaryPageOffset.map { $0 - offset },
            dataPageOffset: dataPageOffset - offset,
            uncompressedSizeBytes: uncompressedSizeBytes,
            statistics: ColumnStatistics(
                valueCount: levelCount - nullCount,
                nullCount: nullCount,
                minimum: minimum,
                maximum: maximum,
                compressedSizeBytes: compressedSizeBytes
            )
        )
    }

    private mutating func read(
        _ reader: inout ThriftReader,
        _ storage: ColumnStorage
    ) throws(ParquetError) {
        var chunk = self
        try reader.structure { (reader, id, type) throws(ParquetError) in
            switch id {
            case 2:
                try reader.list(type, of: .i32) { (reader) throws(ParquetError) in
                    let number = try reader.integer(.i32)
                    let encoding = UInt8(exactly: number).flatMap(PageEncoding.init)
                    guard let encoding else { throw reader.error("an unknown encoding") }
                    chunk.encodings.append(encoding)
                }
            case 5: chunk.levelCount = try reader.integer(type)
            case 6: chunk.uncompressedSizeBytes = try reader.integer(type)
            case 7: chunk.compressedSizeBytes = try reader.integer(type)
            case 9: chunk.dataPageOffset = try reader.integer(type)
            case 11: chunk.dictionaryPageOffset = try reader.integer(type)
            case 12 where type == .structure: try chunk.readStatistics(&reader, storage)
            default: try reader.skip(type)
            }
        }
        self = chunk
    }

    private mutating func readStatistics(
        _ reader: inout ThriftReader,
        _ storage: ColumnStorage
    ) throws(ParquetError) {
        var chunk = self
        try reader.structure { (reader, id, type) throws(ParquetError) in
            switch id {
            case 3: chunk.nullCount = try reader.integer(type)
            case 5: chunk.maximum = ColumnBound(parquet: try reader.blob(type), storage)
            case 6: chunk.minimum = ColumnBound(parquet: try reader.blob(type), storage)
            default: try reader.skip(type)
            }
        }
        self = chunk
    }
}

extension ColumnBound {
    /// Reads a bound as statistics hold it; nil where it has not the size of one.
    fileprivate init?(parquet bytes: [UInt8], _ storage: ColumnStorage) {
        let bits = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        switch (storage.physicalType, bytes.count) {
        case (.int32, 4): self = .integer(Int64(Int32(truncatingIfNeeded: bits)))
        case (.int64, 8): self = .integer(Int64(bitPattern: bits))
        case (.double, 8): self = .double(Double(bitPattern: bits))
        case (.boolean, 1): self = .boolean(bits != 0)
        case (.byteArray, _): self = .text(bytes)
        default: return nil
        }
    }
}
