/// `[+-]?digits` within the range of `Value`, with any number of leading zeros.
struct IntegerConversion<Value: FixedWidthInteger & SignedInteger>: FieldConversion {
    private static var ones: UInt64 { 0x0101_0101_0101_0101 }

    /// One to eight digits, all at once in one register.
    @inline(__always)
    func usual(_ field: UnsafeRawPointer, _ length: Int) -> (value: Value, isUsual: Bool) {
        // The first digit is the lowest byte. Shifting what follows the field out at the top
        // brings zeros in at the bottom: leading zeros.
        let loaded = UInt64(littleEndian: field.loadUnaligned(as: UInt64.self))
        let shift = UInt64(truncatingIfNeeded: (8 &- length) &* 8)
        let digits = (loaded ^ (Self.ones &* 0x30)) &<< shift
        // Bit 7 of each byte that is above 9.
        let others = ((digits &+ Self.ones &* 0x76) | digits) & (Self.ones &* 0x80)
        let isUsual = others == 0 && UInt(bitPattern: length &- 1) < 8
        // Pairs of digits, then the four pairs weighted with 1,000,000, 10,000, 100 and 1 by two
        // multiplications whose upper halves hold the sums.
        let pairs = digits &* 10 &+ (digits >> 8)
        let mask: UInt64 = 0x0000_00FF_0000_00FF
        let outer = (pairs & mask) &* (100 &+ (1_000_000 << 32))
        let inner = ((pairs >> 16) & mask) &* (1 &+ (10_000 << 32))
        return (Value(truncatingIfNeeded: (outer &+ inner) >> 32), isUsual)
    }

    @inline(never)
    func other(_ field: UnsafeRawPointer, _ length: Int) -> Value? {
        guard length > 0 else { return nil }
        let bytes = UnsafeRawBufferPointer(start: field, count: length)
        let isNegative = bytes[0] == UInt8(ascii: "-")
        let digits = bytes.dropFirst(isNegative || bytes[0] == UInt8(ascii: "+") ? 1 : 0)
        guard !digits.isEmpty else { return nil }
        // Built below zero, where the range reaches one further.
        var value: Value = 0
        for byte in digits {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (shifted, overflows) = value.multipliedReportingOverflow(by: 10)
            let (next, overflowsNext) = shifted.subtractingReportingOverflow(Value(digit))
            guard !overflows, !overflowsNext else { return nil }
            value = next
        }
        if isNegative { return value }
        return value == Value.min ? nil : -value
    }
}

/// Exactly `1` or `0`.
struct BooleanConversion: FieldConversion {
    @inline(__always)
    func usual(_ field: UnsafeRawPointer, _ length: Int) -> (value: UInt8, isUsual: Bool) {
        let digit = field.load(as: UInt8.self) ^ UInt8(ascii: "0")
        return (digit, length == 1 && digit <= 1)
    }

    @inline(__always)
    func other(_ field: UnsafeRawPointer, _ length: Int) -> UInt8? { nil }
}
