import Base

/// Gathers the points of a gzip input while it is read from its beginning.
struct PointRecorder {
    var schedule: PointSchedule
    /// The points found and not dropped yet, in order.
    private(set) var points: [BlockPoint] = []
    private var recent = RecentBytes()

    init(schedule: PointSchedule) { self.schedule = schedule }

    /// Bytes of content to read before a point is wanted; 0 where it is wanted now.
    func bytesToWanted(from rawOffset: Int64) -> Int {
        Int(clamping: max(0, schedule.wantedFrom - rawOffset))
    }

    /// A member begins, whose references do not reach into the one before.
    mutating func beginMember() { recent.removeAll() }

    mutating func append(_ content: UnsafeRawBufferPointer) { recent.append(content) }

    /// The content that the next block may refer to.
    var window: [UInt8] { recent.bytes }

    mutating func add(_ mark: CompressedMark, bitOffset: Int, rawOffset: Int64) {
        schedule.found(at: rawOffset)
        points.append(
            BlockPoint(
                byteOffset: mark.offset,
                bitOffset: bitOffset,
                rawOffset: rawOffset,
                window: recent.bytes,
                compressedCRC32: mark.crc32
            )
        )
    }

    /// The last point at or before `rawOffset`; those before it are dropped.
    mutating func takePoint(before rawOffset: Int64) -> BlockPoint? {
        guard let index = points.lastIndex(where: { $0.rawOffset <= rawOffset }) else { return nil }
        points.removeFirst(index)
        return points[0]
    }
}

/// The last bytes of a stream, as many as deflate may refer to.
private struct RecentBytes {
    private var memory: [UInt8] = []

    mutating func append(_ content: UnsafeRawBufferPointer) {
        let size = Limits.windowSizeBytes
        memory.reserveCapacity(2 * size)
        let added = content.suffix(size)
        // Moves what is left only when the memory is full, not with each of many small pieces.
        if memory.count + added.count > 2 * size {
            memory.removeFirst(memory.count - min(memory.count, size - added.count))
        }
        memory.append(contentsOf: added)
    }

    mutating func removeAll() { memory.removeAll(keepingCapacity: true) }

    var bytes: [UInt8] { Array(memory.suffix(Limits.windowSizeBytes)) }
}
