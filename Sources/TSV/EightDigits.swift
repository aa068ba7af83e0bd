/// Decimal digits at work side by side in one register.
enum EightDigits {
    private static var ones: UInt64 { 0x0101_0101_0101_0101 }

    /// The eight bytes at `field`, the first of them lowest; some may be behind the field.
    @inline(__always)
    static func load(_ field: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: field.loadUnaligned(as: UInt64.self))
    }

    /// The number that the first `length` characters make; the flag is 1 if they are 1 to 8 digits.
    @inline(__always)
    static func number(_ characters: UInt64, _ length: Int) -> (value: UInt64, flag: UInt8) {
        // Shifting what follows the digits out at the top brings zeros in at the bottom: leading
        // zeros, as the first digit is the lowest byte.
        let shift = UInt64(truncatingIfNeeded: (8 &- length) &* 8)
        let digits = (characters ^ (ones &* 0x30)) &<< shift
        // Bit 7 of each byte that is above 9, and any bit where the length is not 1 to 8.
        let others = ((digits &+ ones &* 0x76) | digits) & (ones &* 0x80)
        let excess = UInt64(bitPattern: Int64(length &- 1)) >> 3
        // Pairs of digits, then the four pairs weighted with 1,000,000, 10,000, 100 and 1 by two
        // multiplications whose upper halves hold the sums.
        let pairs = digits &* 10 &+ (digits >> 8)
        let mask: UInt64 = 0x0000_00FF_0000_00FF
        let outer = (pairs & mask) &* (100 &+ (1_000_000 << 32))
        let inner = ((pairs >> 16) & mask) &* (1 &+ (10_000 << 32))
        return ((outer &+ inner) >> 32, others | excess == 0 ? 1 : 0)
    }

    /// Takes the first `.` out; returns what is left and where it was, 8 for nowhere.
    @inline(__always)
    static func withoutPoint(_ characters: UInt64) -> (UInt64, place: Int) {
        // The lowest bit 7 set marks the first byte that is zero; those above may mislead.
        let differing = characters ^ (ones &* UInt64(UInt8(ascii: ".")))
        let zeros = (differing &- ones) & ~differing & (ones &* 0x80)
        let bit = UInt64(truncatingIfNeeded: zeros.trailingZeroBitCount & ~7)
        let before = characters & ((1 &<< bit) &- 1)
        return (before | ((characters &>> bit) >> 8) &<< bit, Int(bit / 8))
    }
}
