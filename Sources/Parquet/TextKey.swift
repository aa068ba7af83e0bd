import Columns

/// The first 16 bytes of a string as two big-endian numbers, zeros behind its end.
///
/// Numbers compare as the bytes do, so most comparisons and equality tests of strings take one or two
/// instructions and no call. All functions here read up to 16 bytes behind a string; the caller's
/// text has that slack (`Limits.textSlackBytes`).
struct TextKey {
    let high: UInt64
    let low: UInt64

    /// Bytes of a string that its key holds; strings of up to so many are equal when their keys and
    /// lengths are.
    static let sizeBytes = 16

    @inline(__always)
    init(_ bytes: UnsafeRawPointer, _ length: Int) {
        // Without a branch on the length, which nobody could predict: both words are always read.
        let second = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        high = Self.word(bytes, length)
        low = second & ~(UInt64.max >> UInt64(max(0, length &* 8 &- 64)))
    }

    /// Eight bytes of which the first `length` count.
    @inline(__always)
    static func word(_ bytes: UnsafeRawPointer, _ length: Int) -> UInt64 {
        let word = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        return length >= 8 ? word : word & ~(UInt64.max &>> UInt64(truncatingIfNeeded: length &* 8))
    }

    /// A 32-bit hash of the whole string: multiplications whose halves are folded together.
    @inline(__always)
    func hash(_ bytes: UnsafeRawPointer, _ length: Int) -> UInt32 {
        // Odd constants without structure: the fraction of the golden ratio, of the root of 3.
        let (first, second): (UInt64, UInt64) = (0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B)
        var state = Self.fold(high ^ first, low ^ second ^ UInt64(truncatingIfNeeded: length))
        var offset = Self.sizeBytes
        while offset < length {
            state = Self.fold(state ^ Self.word(bytes + offset, length &- offset), second)
            offset &+= 8
        }
        return UInt32(truncatingIfNeeded: state >> 32)
    }

    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}

extension TextRange {
    /// The same as `isNull`, which loops of this module could not inline.
    @inline(__always) var isAbsent: Bool { length == UInt32.max }
}

/// Whether two strings whose keys and lengths are equal are equal behind the key as well.
@inline(__always)
func tailsAreEqual(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ length: Int) -> Bool {
    var offset = TextKey.sizeBytes
    while offset < length {
        let (rest, one) = (length &- offset, TextKey.word(left + offset, length &- offset))
        if one != TextKey.word(right + offset, rest) { return false }
        offset &+= 8
    }
    return true
}

/// Bytewise order of two strings: negative, zero or positive.
@inline(__always)
func compareText(_ left: TextRange, _ right: TextRange, in text: UnsafeRawPointer) -> Int {
    let (leftLength, rightLength) = (Int(left.length), Int(right.length))
    let (leftBytes, rightBytes) = (text + Int(left.start), text + Int(right.start))
    let shared = min(leftLength, rightLength)
    var offset = 0
    while offset < shared {
        let one = TextKey.word(leftBytes + offset, shared &- offset)
        let other = TextKey.word(rightBytes + offset, shared &- offset)
        if one != other { return one < other ? -1 : 1 }
        offset &+= 8
    }
    return leftLength - rightLength
}

/// Copies a string in 16-byte steps, up to 15 bytes too many; 2-3 ns against 3-4 of `memcpy`.
@inline(__always)
func copyOverlapping(
    from source: UnsafeRawPointer,
    to target: UnsafeMutableRawPointer,
    count: Int
) {
    var offset = 0
    repeat {
        let piece = source.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
        target.storeBytes(of: piece, toByteOffset: offset, as: SIMD16<UInt8>.self)
        offset &+= 16
    } while offset < count
}
