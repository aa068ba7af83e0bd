import Base

/// Whether the parts of an index fit together.
///
/// Its checksum tells damage; this tells what no first pass leaves, so that nobody who uses an index
/// has to ask again: every raw byte is in the header or in exactly one chunk, and the CRC-32 of all
/// of them together is that which the members' trailers have confirmed.
extension SplitIndex {
    func checkConsistency() throws(SplitIndexError) {
        guard Limits.chunkSizeBytes.contains(cut.chunkSizeBytes), source.sizeBytes >= 0,
            rawSizeBytes >= 0
        else { throw .inconsistent(detail: "sizes that no file and no chunk has") }
        let headerSizeBytes = chunks.first?.rawOffset ?? rawSizeBytes
        var crc = try checkHeader(sizeBytes: headerSizeBytes)
        var rawOffset = headerSizeBytes
        var line: Int64 = headerSizeBytes > 0 ? 2 : 1
        for (number, chunk) in chunks.enumerated() {
            guard chunk.rawOffset == rawOffset, chunk.firstLine == line, chunk.lineCount > 0,
                chunk.sizeBytes >= chunk.lineCount,
                chunk.sizeBytes <= max(cut.chunkSizeBytes, Limits.lineSizeBytes)
            else { throw .inconsistent(detail: "chunk \(number) does not follow the one before") }
            guard chunk.slice.isWithin(sizeBytes: source.sizeBytes),
                chunk.isWithinReach(chunkSizeBytes: cut.chunkSizeBytes)
            else {
                throw .inconsistent(detail: "chunk \(number) cannot be inflated from its slice")
            }
            rawOffset += Int64(chunk.sizeBytes)
            line += chunk.lineCount
            crc = Gzip.crc32(joining: crc, chunk.crc32, restSizeBytes: Int64(chunk.sizeBytes))
        }
        guard rawOffset == rawSizeBytes, crc == rawCRC32 else {
            throw .inconsistent(detail: "its chunks together are not the content")
        }
    }

    /// The CRC-32 of the header line with its newline.
    private func checkHeader(sizeBytes: Int64) throws(SplitIndexError) -> UInt32 {
        let line = sizeBytes > header.count ? header + [UInt8(ascii: "\n")] : header
        guard sizeBytes == line.count, cut.hasHeader || line.isEmpty else {
            throw .inconsistent(detail: "its header has another size")
        }
        return line.withUnsafeBytes { Gzip.crc32($0) }
    }
}

extension SplitIndex.Chunk {
    /// Whether inflating begins near enough to be worth it, and from few enough compressed bytes.
    ///
    /// Within a chunk's size before it, and some more for small chunks: ISA-L decodes up to 64 KiB
    /// ahead, and stops behind the block that it has come to. The second bound only keeps out slices
    /// full of empty blocks.
    func isWithinReach(chunkSizeBytes: Int) -> Bool {
        let distance = rawOffset - slice.rawOffset
        return distance >= 0 && distance <= chunkSizeBytes + GzipReader.pieceSizeBytes
            && slice.sizeBytes <= Limits.sliceSizeBytes(chunkSizeBytes: chunkSizeBytes)
    }
}

extension SplitIndex.Slice {
    fileprivate func isWithin(sizeBytes fileSizeBytes: Int64) -> Bool {
        byteOffset >= 0 && sizeBytes > 0 && byteOffset <= fileSizeBytes - Int64(sizeBytes)
            && (0...7).contains(bitOffset) && rawOffset >= 0
            && window.sizeBytes <= Limits.windowSizeBytes
            && window.bytes.count <= window.sizeBytes
    }
}
