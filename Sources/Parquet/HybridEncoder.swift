/// The RLE / bit-packing hybrid of the format, for levels and dictionary ids.
///
/// parquet-format, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid": a run is either a varint
/// `count << 1` and one value, or a varint `groups << 1 | 1` and groups of eight packed values, lowest
/// bit first.
enum HybridEncoder {
    /// Groups of eight equal ids from which a run is worth leaving bit-packing: 24 values, measured.
    private static let runGroups = 3

    /// Bits that hold every id below `count`; at least one, because some readers refuse zero.
    static func bitWidth(idsBelow count: Int) -> Int {
        max(1, Int.bitWidth - max(0, count - 1).leadingZeroBitCount)
    }

    /// Appends `count` ids of up to 16 bits; `ids` must have room for seven more values behind.
    ///
    /// Runs begin and end at multiples of eight: any run of 24 or more covers two whole groups, and
    /// looking at whole groups is one vector comparison.
    static func appendIDs(
        _ ids: UnsafeMutablePointer<UInt32>,
        count: Int,
        bitWidth: Int,
        to buffer: inout ByteBuffer
    ) {
        precondition(bitWidth >= 1 && bitWidth <= 16, "dictionary ids have 1 to 16 bits")
        guard count > 0 else { return }
        let groupCount = (count + 7) / 8
        // The last group is filled up with its last id, so that it may end a run.
        for index in count..<groupCount * 8 { ids[index] = ids[count - 1] }
        var group = 0
        var literalStart = 0
        while group < groupCount {
            let length = runLength(ids, from: group, to: groupCount)
            if length >= runGroups {
                appendPacked(ids, literalStart..<group, bitWidth, to: &buffer)
                let runCount = min(length * 8, count - group * 8)
                appendRun(of: ids[group * 8], count: runCount, bitWidth: bitWidth, to: &buffer)
                literalStart = group + length
            }
            group += max(1, length)
        }
        appendPacked(ids, literalStart..<groupCount, bitWidth, to: &buffer)
    }

    /// Groups from `group` on that hold one and the same id only.
    @inline(__always)
    private static func runLength(
        _ ids: UnsafeMutablePointer<UInt32>,
        from group: Int,
        to end: Int
    ) -> Int {
        let wanted = SIMD8<UInt32>(repeating: ids[group &* 8])
        let raw = UnsafeRawPointer(ids)
        var next = group
        while next < end {
            let found = raw.loadUnaligned(fromByteOffset: next &* 32, as: SIMD8<UInt32>.self)
            if found != wanted { break }
            next &+= 1
        }
        return next &- group
    }

    private static func appendRun(
        of value: UInt32,
        count: Int,
        bitWidth: Int,
        to buffer: inout ByteBuffer
    ) {
        buffer.appendVarint(UInt64(count) << 1)
        buffer.append(UInt8(truncatingIfNeeded: value))
        if bitWidth > 8 { buffer.append(UInt8(truncatingIfNeeded: value >> 8)) }
    }

    private static func appendPacked(
        _ ids: UnsafeMutablePointer<UInt32>,
        _ groups: Range<Int>,
        _ bitWidth: Int,
        to buffer: inout ByteBuffer
    ) {
        guard !groups.isEmpty else { return }
        buffer.appendVarint(UInt64(groups.count) << 1 | 1)
        let target = buffer.reserve(groups.count * bitWidth)
        var written = 0
        for group in groups {
            packGroup(UnsafePointer(ids + group &* 8), bitWidth, target + written)
            written &+= bitWidth
        }
        buffer.advance(by: written)
    }

    /// Packs eight values of up to 16 bits into `bitWidth` bytes; stores 16 bytes.
    @inline(__always)
    static func packGroup(
        _ values: UnsafePointer<UInt32>,
        _ bitWidth: Int,
        _ target: UnsafeMutableRawPointer
    ) {
        let (low, high) = (packFour(values, bitWidth), packFour(values + 4, bitWidth))
        let halfBits = UInt64(truncatingIfNeeded: bitWidth &* 4)
        if bitWidth == 16 {
            target.storeBytes(of: low, as: UInt64.self)
            target.storeBytes(of: high, toByteOffset: 8, as: UInt64.self)
        } else {
            target.storeBytes(of: low | (high &<< halfBits), as: UInt64.self)
            target.storeBytes(of: high &>> (64 &- halfBits), toByteOffset: 8, as: UInt64.self)
        }
    }

    @inline(__always)
    private static func packFour(_ values: UnsafePointer<UInt32>, _ bitWidth: Int) -> UInt64 {
        let width = UInt64(truncatingIfNeeded: bitWidth)
        let first = UInt64(values[0]) | UInt64(values[1]) &<< width
        let second = UInt64(values[2]) | UInt64(values[3]) &<< width
        return first | second &<< (width &* 2)
    }

    /// Appends levels of one bit, given as bytes of 0 and 1, with their length in 4 bytes in front.
    ///
    /// Equal levels are one run, others one bit-packed run: zstd finds what repeats in it. `levels`
    /// must have seven bytes of slack behind.
    static func appendLevels(
        _ levels: UnsafeMutablePointer<UInt8>,
        count: Int,
        to buffer: inout ByteBuffer
    ) {
        let lengthOffset = buffer.count
        buffer.reserve(4)
        buffer.advance(by: 4)
        let ones = sum(levels, count)
        if ones == 0 || ones == count {
            appendRun(of: ones == 0 ? 0 : 1, count: count, bitWidth: 1, to: &buffer)
        } else {
            buffer.appendVarint(UInt64((count + 7) / 8) << 1 | 1)
            appendBits(levels, count: count, to: &buffer)
        }
        let length = UInt32(buffer.count - lengthOffset - 4)
        buffer.start.storeBytes(
            of: length.littleEndian,
            toByteOffset: lengthOffset,
            as: UInt32.self
        )
    }

    /// Packs bytes of 0 and 1 into bits, lowest first; also the PLAIN encoding of booleans.
    static func appendBits(
        _ bits: UnsafeMutablePointer<UInt8>,
        count: Int,
        to buffer: inout ByteBuffer
    ) {
        let byteCount = (count + 7) / 8
        for index in count..<byteCount * 8 { bits[index] = 0 }
        let target = buffer.reserve(byteCount)
        let source = UnsafeRawPointer(bits)
        for index in 0..<byteCount {
            let eight = source.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self)
            // Every byte's lowest bit meets in the topmost byte of the product, the first one lowest.
            let packed = (UInt64(littleEndian: eight) &* 0x0102_0408_1020_4080) &>> 56
            target.storeBytes(
                of: UInt8(truncatingIfNeeded: packed),
                toByteOffset: index,
                as: UInt8.self
            )
        }
        buffer.advance(by: byteCount)
    }

    private static func sum(_ levels: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int {
        var total = 0
        for index in 0..<count { total &+= Int(levels[index]) }
        return total
    }
}
