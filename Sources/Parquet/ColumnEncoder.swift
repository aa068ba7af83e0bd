import Columns

/// One column of a row group encoder, seen without the type of its values.
protocol ColumnEncoding: AnyObject {
    func append(_ batch: ColumnBatch, text: UnsafeRawBufferPointer) throws(ParquetError)
    /// Appends the column chunk to `payload`; offsets count from its byte `origin`.
    func finish(
        into payload: inout ByteBuffer,
        origin: Int
    ) throws(ParquetError) -> ColumnChunkMetadata
    func reset()
}

/// Collects one column's values and levels, and writes and compresses each page as it fills up.
///
/// Pages end at the end of a batch, hence at a row; only compressed pages are kept, so a column costs
/// about one page of memory besides its compressed bytes.
final class ColumnEncoder<Values: LeafValues & ~Copyable>: ColumnEncoding {
    private let declaration: ColumnDeclaration
    private let compressor: PageCompressor
    private var values: Values
    private var levels = LevelBuffer()
    private var pages = ByteBuffer()
    private var encodings: Set<PageEncoding> = []
    private var uncompressedSizeBytes = 0
    private var levelCount = 0
    private var nullCount = 0

    init(
        _ declaration: ColumnDeclaration,
        _ values: consuming Values,
        _ compressor: PageCompressor
    ) {
        self.declaration = declaration
        self.values = values
        self.compressor = compressor
    }

    func append(_ batch: ColumnBatch, text: UnsafeRawBufferPointer) throws(ParquetError) {
        values.load(batch, text: text)
        if values.usesDictionary, !values.appendToDictionary() { try leaveDictionary() }
        if !values.usesDictionary { values.appendPlain() }
        levels.append(batch)
        if values.pageSizeBytes >= PageLimits.sizeBytes || levels.count >= PageLimits.levels {
            try writePage()
        }
    }

    private func leaveDictionary() throws(ParquetError) {
        if !values.canRebuildPage { try writePage() }
        values.leaveDictionary()
    }

    private func writePage() throws(ParquetError) {
        let count = levels.count
        guard count > 0 else { return }
        levelCount += count
        nullCount += levels.nullCount
        compressor.page.removeAll()
        levels.writePage(isList: declaration.type.storage == .stringList, to: &compressor.page)
        let encoding = values.writePage(to: &compressor.page)
        encodings.insert(encoding)
        let header = PageHeader(type: .data, valueCount: count, encoding: encoding)
        let sizes = try compressor.writePage(header, column: declaration.name, to: &pages)
        uncompressedSizeBytes += sizes.uncompressed
    }

    func finish(
        into payload: inout ByteBuffer,
        origin: Int
    ) throws(ParquetError) -> ColumnChunkMetadata {
        if values.judgeDictionary() { try leaveDictionary() }
        try writePage()
        let start = payload.count
        let hasDictionary = values.dictionaryCount > 0
        if hasDictionary { try writeDictionary(into: &payload) }
        let dataStart = payload.count
        payload.append(contentsOf: pages.bytes)
        let bounds = values.bounds()
        let statistics = ColumnStatistics(
            valueCount: Int64(levelCount - nullCount),
            nullCount: Int64(nullCount),
            minimum: bounds.minimum,
            maximum: bounds.maximum,
            compressedSizeBytes: Int64(payload.count - start)
        )
        return ColumnChunkMetadata(
            encodings: encodings.union([.rle]).sorted { $0.rawValue < $1.rawValue },
            levelCount: Int64(levelCount),
            dictionaryPageOffset: hasDictionary ? Int64(start - origin) : nil,
            dataPageOffset: Int64(dataStart - origin),
            uncompressedSizeBytes: Int64(uncompressedSizeBytes),
            statistics: statistics
        )
    }

    private func writeDictionary(into payload: inout ByteBuffer) throws(ParquetError) {
        compressor.page.removeAll()
        values.writeDictionary(to: &compressor.page)
        encodings.insert(.plain)
        let header = PageHeader(
            type: .dictionary,
            valueCount: values.dictionaryCount,
            encoding: .plain
        )
        let sizes = try compressor.writePage(header, column: declaration.name, to: &payload)
        uncompressedSizeBytes += sizes.uncompressed
    }

    func reset() {
        values.reset()
        levels.removeAll()
        pages.removeAll()
        encodings = []
        (uncompressedSizeBytes, levelCount, nullCount) = (0, 0, 0)
    }
}
