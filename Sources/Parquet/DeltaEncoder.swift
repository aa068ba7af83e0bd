/// DELTA_BINARY_PACKED for the lengths of strings.
///
/// parquet-format, Encodings.md, "Delta Encoding": a header (values a block, miniblocks a block, value
/// count, first value), then blocks of a smallest delta, a bit width a miniblock and the packed
/// differences. Lengths are below 2^28, so deltas never overflow.
enum DeltaEncoder {
    private static let blockValues = 128
    private static let miniblocks = 4
    private static let miniblockValues = blockValues / miniblocks

    static func append(
        _ values: UnsafePointer<Int32>,
        count: Int,
        to buffer: inout ByteBuffer
    ) {
        buffer.appendVarint(UInt64(blockValues))
        buffer.appendVarint(UInt64(miniblocks))
        buffer.appendVarint(UInt64(count))
        buffer.appendZigzag(count > 0 ? Int64(values[0]) : 0)
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: blockValues) { deltas in
            guard let deltas = deltas.baseAddress else { return }
            var next = 1
            while next < count {
                let blockCount = min(blockValues, count - next)
                appendBlock(values + next, blockCount, deltas, to: &buffer)
                next += blockCount
            }
        }
    }

    /// Appends the deltas of `values[0..<count]` to the value in front of each.
    private static func appendBlock(
        _ values: UnsafePointer<Int32>,
        _ count: Int,
        _ deltas: UnsafeMutablePointer<Int32>,
        to buffer: inout ByteBuffer
    ) {
        var smallest = Int32.max
        for index in 0..<count {
            let delta = values[index] &- values[index &- 1]
            deltas[index] = delta
            smallest = min(smallest, delta)
        }
        // Deltas that do not exist count as smallest: zero bits after the subtraction.
        for index in count..<blockValues { deltas[index] = smallest }
        buffer.appendZigzag(Int64(smallest))
        let widthOffset = buffer.count
        buffer.reserve(miniblocks)
        buffer.advance(by: miniblocks)
        for miniblock in 0..<miniblocks {
            // A miniblock without values has width 0 and no bytes.
            let width = appendMiniblock(deltas + miniblock * miniblockValues, smallest, to: &buffer)
            buffer.start.storeBytes(
                of: UInt8(width),
                toByteOffset: widthOffset + miniblock,
                as: UInt8.self
            )
        }
    }

    /// Packs one miniblock and returns its bit width.
    private static func appendMiniblock(
        _ deltas: UnsafeMutablePointer<Int32>,
        _ smallest: Int32,
        to buffer: inout ByteBuffer
    ) -> Int {
        var seen: UInt32 = 0
        for index in 0..<miniblockValues {
            let difference = deltas[index] &- smallest
            deltas[index] = difference
            seen |= UInt32(bitPattern: difference)
        }
        let width = UInt32.bitWidth - seen.leadingZeroBitCount
        guard width > 0 else { return 0 }
        let target = buffer.reserve(width * miniblockValues / 8)
        var accumulated: UInt64 = 0
        var bits = 0
        var written = 0
        for index in 0..<miniblockValues {
            accumulated |= UInt64(UInt32(bitPattern: deltas[index])) &<< UInt64(bits)
            bits &+= width
            if bits >= 32 {
                let word = UInt32(truncatingIfNeeded: accumulated)
                target.storeBytes(of: word.littleEndian, toByteOffset: written, as: UInt32.self)
                written &+= 4
                accumulated &>>= 32
                bits &-= 32
            }
        }
        buffer.advance(by: written)
        return width
    }
}
