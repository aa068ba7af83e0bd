/// `[+-]?digits` within the range of `Value`, with any number of leading zeros.
struct IntegerConversion<Value: FixedWidthInteger & SignedInteger>: FieldConversion {
    /// One to eight digits, all at once in one register.
    @inline(__always)
    func usual(_ field: UnsafeRawPointer, _ length: Int) -> (value: Value, flag: UInt8) {
        let (number, flag) = EightDigits.number(EightDigits.load(field), length)
        return (Value(truncatingIfNeeded: number), flag)
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
    func usual(_ field: UnsafeRawPointer, _ length: Int) -> (value: UInt8, flag: UInt8) {
        let digit = field.load(as: UInt8.self) ^ UInt8(ascii: "0")
        return (digit, Int(digit >> 1) | (length ^ 1) == 0 ? 1 : 0)
    }

    @inline(__always)
    func other(_ field: UnsafeRawPointer, _ length: Int) -> UInt8? { nil }
}
