/// What is told of a split index that was made or checked by hand.
package struct SplitIndexSummary: Codable, Equatable, Sendable {
    package var file: String
    package var sizeBytes: Int64
    package var rawSizeBytes: Int64
    package var lines: Int64
    package var chunks: Int
    package var chunkSizeBytes: Int
    /// Of the compressed file; nil where its index holds none.
    package var md5: String?
    /// Where the index is; nil where a file of one chunk has none.
    package var index: String?
    package var indexSizeBytes: Int?

    package init(
        file: String,
        sizeBytes: Int64,
        rawSizeBytes: Int64,
        lines: Int64,
        chunks: Int,
        chunkSizeBytes: Int,
        md5: String?,
        index: String?,
        indexSizeBytes: Int?
    ) {
        self.file = file
        self.sizeBytes = sizeBytes
        self.rawSizeBytes = rawSizeBytes
        self.lines = lines
        self.chunks = chunks
        self.chunkSizeBytes = chunkSizeBytes
        self.md5 = md5
        self.index = index
        self.indexSizeBytes = indexSizeBytes
    }

    private enum CodingKeys: String, CodingKey {
        case file
        case sizeBytes = "size_bytes"
        case rawSizeBytes = "raw_size_bytes"
        case lines
        case chunks
        case chunkSizeBytes = "chunk_size_bytes"
        case md5
        case index
        case indexSizeBytes = "index_size_bytes"
    }

    /// Writes what is nil as null, so that every key is always there.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(file, forKey: .file)
        try container.encode(sizeBytes, forKey: .sizeBytes)
        try container.encode(rawSizeBytes, forKey: .rawSizeBytes)
        try container.encode(lines, forKey: .lines)
        try container.encode(chunks, forKey: .chunks)
        try container.encode(chunkSizeBytes, forKey: .chunkSizeBytes)
        try container.encode(md5, forKey: .md5)
        try container.encode(index, forKey: .index)
        try container.encode(indexSizeBytes, forKey: .indexSizeBytes)
    }
}
