/// What the first pass over a gzip file leaves, so that later ones can begin in the middle.
///
/// For each chunk of the file: what it is, and from which compressed bytes it can be inflated alone.
/// It belongs to one file with one content, and to one way of cutting it. Values only: who reads and
/// writes it, and compares it with the file, is another's business.
package struct SplitIndex: Equatable, Sendable {
    /// Bytes of an index as it is stored.
    ///
    /// At some 7 KB a chunk this is enough for 9,000 of them, and it fits into a coordinator's memory.
    package static let maximumSizeBytes = 64 << 20

    /// The file as it was when it was read; equal to a file's now, the file has not changed.
    package struct Source: Equatable, Sendable {
        package var sizeBytes: Int64
        package var modifiedNanoseconds: Int64
        package var inode: UInt64
        package var device: UInt64

        package init(sizeBytes: Int64, modifiedNanoseconds: Int64, inode: UInt64, device: UInt64) {
            self.sizeBytes = sizeBytes
            self.modifiedNanoseconds = modifiedNanoseconds
            self.inode = inode
            self.device = device
        }
    }

    /// How the content is cut; see docs/formats/chunks.md.
    package struct Cut: Hashable, Sendable {
        package var chunkSizeBytes: Int
        /// Whether the first line is a header, and so in no chunk.
        package var hasHeader: Bool

        package init(chunkSizeBytes: Int, hasHeader: Bool) {
            self.chunkSizeBytes = chunkSizeBytes
            self.hasHeader = hasHeader
        }
    }

    /// A chunk, and how to come by its bytes.
    package struct Chunk: Equatable, Sendable {
        package let sizeBytes: Int
        package let firstLine: Int64
        package let lineCount: Int64
        package let rawOffset: Int64
        package let crc32: UInt32
        package let slice: Slice
    }

    /// Compressed bytes, and where in them inflating begins.
    package struct Slice: Equatable, Sendable {
        package let byteOffset: Int64
        /// Bits of the first byte that stand before the block.
        package let bitOffset: Int
        package let sizeBytes: Int
        package let crc32: UInt32
        /// Where the content that comes out first stands in the raw stream.
        package let rawOffset: Int64
        package let window: StoredWindow
    }

    package let source: Source
    package let cut: Cut
    /// The first line without its newline; empty where there is no header.
    package let header: [UInt8]
    /// The whole content, whose CRC-32 is that of all members together, which were verified.
    package let rawSizeBytes: Int64
    package let rawCRC32: UInt32
    /// CRC-32 of the whole file.
    package let compressedCRC32: UInt32
    /// MD5 of the whole file, where somebody had the time to take it.
    package var md5: [UInt8]?
    package let chunks: [Chunk]

    package var lineCount: Int64 {
        chunks.reduce(cut.hasHeader && rawSizeBytes > 0 ? 1 : 0) { $0 + $1.lineCount }
    }
}

/// Why an index is not used, or not made.
package enum SplitIndexError: Error, Equatable, Sendable {
    /// It does not begin as an index of this version does.
    case notAnIndex
    /// It ends too early, or its CRC-32 is another.
    case damaged
    /// Its fields contradict each other.
    case inconsistent(detail: String)
    /// The file was another one, or has changed.
    case otherSource
    /// The chunks are cut in another way.
    case otherCut
    /// The chunk at `rawOffset` cannot be inflated without much of what stands before it.
    case notSplittable(rawOffset: Int64)
    case tooLarge(limit: Int)
}

extension SplitIndexError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAnIndex: "it is not a split index of this version"
        case .damaged: "it is damaged: its CRC-32 does not fit"
        case .inconsistent(let detail): "it is damaged: \(detail)"
        case .otherSource: "the file has changed since"
        case .otherCut: "it is for another chunk size, or for a table with or without header"
        case .notSplittable(let rawOffset):
            "no deflate block begins within a chunk's size before byte \(rawOffset) of the content; "
                + "compress the file with gzip, or take a larger chunk_size"
        case .tooLarge(let limit):
            "the index would have more than \(limit) bytes; take a larger chunk_size"
        }
    }
}
