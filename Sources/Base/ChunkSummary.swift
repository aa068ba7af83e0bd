/// What is known of a chunk that was cut from an input: enough to recognise it when it is cut again.
package struct ChunkSummary: Sendable, Equatable {
    package var sizeBytes: Int
    package var lines: Int64
    /// The number of its first line in `source`, counted from 1; 0 for what was cut from no file: a
    /// task without data, or one that merges sorted rows.
    package var firstLine: Int64
    /// The file it was cut from.
    package var source: String
    /// CRC-32 of its text.
    package var crc32: UInt32

    /// Whether it is no chunk of an input, but sorted rows that are merged; `lines` then is the most
    /// that they may be.
    package var isMerge: Bool { firstLine == 0 }

    package init(
        sizeBytes: Int,
        lines: Int64,
        firstLine: Int64 = 0,
        source: String = "",
        crc32: UInt32 = 0
    ) {
        self.sizeBytes = sizeBytes
        self.lines = lines
        self.firstLine = firstLine
        self.source = source
        self.crc32 = crc32
    }
}
