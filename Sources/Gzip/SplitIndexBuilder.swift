/// Makes the index of a file while a `ChunkCutter` cuts it.
package struct SplitIndexBuilder: Sendable {
    private let cut: SplitIndex.Cut
    private let header: [UInt8]
    private var chunks: [SplitIndex.Chunk] = []
    private var sizeBytes: Int

    /// Begins with the first line, without its newline; empty where there is no header.
    package init(cut: SplitIndex.Cut, header: [UInt8]) {
        self.cut = cut
        self.header = header
        sizeBytes = SplitIndex.fixedSizeBytes + header.count
    }

    /// Takes the next chunk in.
    ///
    /// An error says that there can be no index.
    package mutating func append(_ chunk: CutChunk) throws(SplitIndexError) {
        guard let slice = chunk.slice else {
            preconditionFailure("the reader of an index's chunks records points")
        }
        let entry = SplitIndex.Chunk(
            sizeBytes: chunk.sizeBytes,
            firstLine: chunk.firstLine,
            lineCount: chunk.lineCount,
            rawOffset: chunk.rawOffset,
            crc32: chunk.crc32,
            slice: SplitIndex.Slice(
                byteOffset: slice.point.byteOffset,
                bitOffset: slice.point.bitOffset,
                sizeBytes: Int(slice.endOffset - slice.point.byteOffset),
                crc32: slice.crc32,
                rawOffset: slice.point.rawOffset,
                window: StoredWindow(slice.point.window)
            )
        )
        guard entry.isWithinReach(chunkSizeBytes: cut.chunkSizeBytes) else {
            throw .notSplittable(rawOffset: chunk.rawOffset)
        }
        sizeBytes += SplitIndex.entrySizeBytes + entry.slice.window.bytes.count
        guard sizeBytes <= SplitIndex.maximumSizeBytes else {
            throw .tooLarge(limit: SplitIndex.maximumSizeBytes)
        }
        chunks.append(entry)
    }

    /// The index, when the reader has come to the verified end of `source`.
    package func finish(
        _ reader: GzipReader,
        of source: SplitIndex.Source
    ) throws(SplitIndexError) -> SplitIndex {
        let index = SplitIndex(
            source: source,
            cut: cut,
            header: header,
            rawSizeBytes: reader.rawOffset,
            rawCRC32: reader.verifiedCRC32,
            compressedCRC32: reader.inputMark.crc32,
            md5: nil,
            chunks: chunks
        )
        try index.checkConsistency()
        return index
    }
}
