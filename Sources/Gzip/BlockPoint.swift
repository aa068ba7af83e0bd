/// A place in a gzip input from which inflating can begin: the header of a deflate block.
package struct BlockPoint: Equatable, Sendable {
    /// Bytes of the compressed input before the one in which the block's header begins.
    package let byteOffset: Int64
    /// Bits of that byte that still belong to what stands before the block, 0 to 7.
    package let bitOffset: Int
    /// Where the block's content stands in the raw stream.
    package let rawOffset: Int64
    /// The content before the block, the last 32 KiB of it, or all of its member where that is less.
    package let window: [UInt8]
    /// CRC-32 of the compressed input up to `byteOffset`.
    let compressedCRC32: UInt32

    /// The byte of the compressed input in which the block begins, with the CRC-32 up to there.
    package var mark: CompressedMark {
        CompressedMark(offset: byteOffset, crc32: compressedCRC32)
    }
}

/// Decides where points are wanted: close before the beginning of each chunk.
///
/// The cuts are not known in advance, only that a chunk is at most so large. The points close in on
/// the place where it may end by halving what is left, and then come block by block: so there are few
/// of them, and one that is near enough even where blocks are large.
///
/// ```
/// chunk       |------------------------------------------------|
/// wanted from                         |           |     |  | |||
/// ```
struct PointSchedule {
    /// The share of a chunk in front of its end in which every block is taken.
    private static let denseShare: Int64 = 16
    /// The share of a chunk that lies at least between two points.
    private static let leastShare: Int64 = 1024

    private let chunkSizeBytes: Int64
    private var end: Int64

    /// Where the raw stream has to be at least for the next point.
    private(set) var wantedFrom: Int64 = 0

    init(chunkSizeBytes: Int) {
        self.chunkSizeBytes = Int64(chunkSizeBytes)
        end = Int64(chunkSizeBytes)
    }

    /// A chunk begins: points are wanted before the latest end that it may have.
    mutating func begin(chunkAt rawOffset: Int64) {
        end = rawOffset + chunkSizeBytes
        // The first of all is wanted until it is found: every chunk has one before it.
        if wantedFrom > 0 { want(behind: rawOffset) }
    }

    /// A point was found.
    mutating func found(at rawOffset: Int64) { want(behind: rawOffset) }

    private mutating func want(behind rawOffset: Int64) {
        let left = end - rawOffset
        if left <= 0 {
            wantedFrom = .max
        } else if left > chunkSizeBytes / Self.denseShare {
            wantedFrom = rawOffset + left / 2
        } else {
            wantedFrom = rawOffset + max(1, chunkSizeBytes / Self.leastShare)
        }
    }
}
