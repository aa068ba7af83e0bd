/// Values as bytes whose order is that of the values: ascending, nulls last, strings bytewise.
///
/// Keys of several values stand back to back, and compare like the rows: no value's bytes are the
/// beginning of another's. docs/formats/sorted-run.md gives them.
///
/// | value | bytes |
/// |---|---|
/// | integer from 0 on | `80` + *n*, then its *n* bytes without leading zeros, the highest first |
/// | integer below 0 | `7F` - *n*, then the *n* lowest bytes, of which the rest follows |
/// | double | `01`, then 8 bytes: the bits, the sign flipped, or all of them below 0 |
/// | text | `01`, its bytes with `00 FF` for each `00`, then `00 00` |
/// | null | `FF` |
enum KeyCoding {
    static let null: UInt8 = 0xFF
    private static let present: UInt8 = 0x01
    /// The tag of 0; those of larger numbers are above, of negative ones below.
    private static let zero: UInt8 = 0x80

    // MARK: Sizes

    @inline(__always)
    static func size(_ value: Int64) -> Int { 1 + byteCount(value) }

    static let doubleSize = 9

    @inline(__always)
    static func size(_ text: UnsafeRawBufferPointer) -> Int {
        text.count + zeros(in: text) + 3
    }

    /// Bytes that tell a number from others of its sign.
    @inline(__always)
    private static func byteCount(_ value: Int64) -> Int {
        let magnitude = UInt64(bitPattern: value < 0 ? ~value : value)
        return (UInt64.bitWidth - magnitude.leadingZeroBitCount + 7) / 8
    }

    @inline(__always)
    private static func zeros(in text: UnsafeRawBufferPointer) -> Int {
        var count = 0
        for byte in text { count &+= byte == 0 ? 1 : 0 }
        return count
    }

    // MARK: Writing; each returns where the next value begins

    @inline(__always)
    static func write(_ value: Int64, to place: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer
    {
        let count = byteCount(value)
        let tag = value < 0 ? zero - 1 - UInt8(count) : zero + UInt8(count)
        place.storeBytes(of: tag, as: UInt8.self)
        for index in 0..<count {
            let byte = UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - index)))
            place.storeBytes(of: byte, toByteOffset: 1 + index, as: UInt8.self)
        }
        return place + 1 + count
    }

    @inline(__always)
    static func write(
        _ value: Double,
        to place: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        // Both zeros are one value.
        let bits = (value == 0 ? 0 : value).bitPattern
        let ordered = bits >> 63 == 0 ? bits | 1 << 63 : ~bits
        place.storeBytes(of: present, as: UInt8.self)
        (place + 1).storeBytes(of: ordered.bigEndian, as: UInt64.self)
        return place + doubleSize
    }

    @inline(__always)
    static func write(
        _ text: UnsafeRawBufferPointer,
        to place: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        place.storeBytes(of: present, as: UInt8.self)
        var next = place + 1
        if zeros(in: text) == 0 {
            if let start = text.baseAddress { next.copyMemory(from: start, byteCount: text.count) }
            next += text.count
        } else {
            for byte in text {
                next.storeBytes(of: byte, as: UInt8.self)
                next += 1
                guard byte == 0 else { continue }
                next.storeBytes(of: 0xFF, as: UInt8.self)
                next += 1
            }
        }
        next.storeBytes(of: 0, as: UInt8.self)
        next.storeBytes(of: 0, toByteOffset: 1, as: UInt8.self)
        return next + 2
    }

    @inline(__always)
    static func writeNull(to place: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        place.storeBytes(of: null, as: UInt8.self)
        return place + 1
    }

    // MARK: Reading

    /// Takes an integer or a null off; throws where neither stands there.
    static func integer(_ key: inout ArraySlice<UInt8>) throws(SortingError) -> Int64? {
        guard let tag = key.popFirst() else { throw .malformedKey }
        guard tag != null else { return nil }
        let isNegative = tag < zero
        let count = Int(isNegative ? zero - 1 - min(tag, zero - 1) : tag - zero)
        guard count <= 8, key.count >= count else { throw .malformedKey }
        let bytes = key.prefix(count)
        key = key.dropFirst(count)
        return bytes.reduce(isNegative ? -1 : 0) { $0 << 8 | Int64($1) }
    }

    /// Takes a text or a null off; throws where neither stands there.
    static func text(_ key: inout ArraySlice<UInt8>) throws(SortingError) -> [UInt8]? {
        guard let tag = key.popFirst() else { throw .malformedKey }
        guard tag != null else { return nil }
        guard tag == present else { throw .malformedKey }
        var text: [UInt8] = []
        while let byte = key.popFirst() {
            guard byte == 0 else {
                text.append(byte)
                continue
            }
            switch key.popFirst() {
            case 0: return text
            case 0xFF: text.append(0)
            default: throw .malformedKey
            }
        }
        throw .malformedKey
    }

    // MARK: Order

    /// The first eight bytes as a number that compares like them.
    @inline(__always)
    static func prefix(_ key: UnsafeRawBufferPointer) -> UInt64 {
        var prefix: UInt64 = 0
        for index in 0..<8 {
            prefix = prefix << 8 | UInt64(index < key.count ? key[index] : 0)
        }
        return prefix
    }

    /// Negative where the left key sorts first, 0 where they are equal.
    @inline(__always)
    static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let count = min(left.count, right.count)
        if count > 0, let one = left.baseAddress, let other = right.baseAddress {
            let order = memoryOrder(one, other, count)
            if order != 0 { return order }
        }
        return left.count - right.count
    }

    @inline(__always)
    private static func memoryOrder(
        _ left: UnsafeRawPointer,
        _ right: UnsafeRawPointer,
        _ count: Int
    ) -> Int {
        var offset = 0
        while offset + 8 <= count {
            let one = UInt64(bigEndian: left.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let other = UInt64(
                bigEndian: right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            )
            if one != other { return one < other ? -1 : 1 }
            offset += 8
        }
        while offset < count {
            let one = left.load(fromByteOffset: offset, as: UInt8.self)
            let other = right.load(fromByteOffset: offset, as: UInt8.self)
            if one != other { return Int(one) - Int(other) }
            offset += 1
        }
        return 0
    }
}
