import CShims

/// `[+-]?(digits[.digits*] | .digits)([eE][+-]?digits)?`, finite as a double, rounded to nearest.
struct DecimalConversion: FieldConversion {
    /// Each is exact, as is what it divides.
    private let powers: InlineArray<8, Double> = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7]

    /// Up to seven digits and a point.
    @inline(__always)
    func usual(_ field: UnsafeRawPointer, _ length: Int) -> (value: Double, flag: UInt8) {
        let (characters, place) = EightDigits.withoutPoint(EightDigits.load(field))
        let (number, flag) = EightDigits.number(characters, length &- 1)
        let fractionCount = length &- 1 &- place
        let hasPoint: UInt8 = UInt(bitPattern: fractionCount) < 8 ? 1 : 0
        return (Double(number) / powers[fractionCount & 7], flag & hasPoint)
    }

    @inline(__always)
    func masked(_ value: Double, _ flag: UInt8) -> Double { flag == 0 ? 0 : value }

    @inline(never)
    func other(_ field: UnsafeRawPointer, _ length: Int) -> Double? {
        var reader = DecimalReader(field: field, length: length)
        guard reader.read() else { return nil }
        if let value = reader.exactValue { return value }
        let value = Self.roundedValue(field, length)
        return value.isFinite ? value : nil
    }

    /// The C library's rounding, for what the quick way cannot do.
    ///
    /// It wants a zero byte at the end, so the field is copied. Only called with what fits the
    /// grammar: the library would also take hexadecimal and "inf".
    private static func roundedValue(_ field: UnsafeRawPointer, _ length: Int) -> Double {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: length + 1) { copy in
            let source = UnsafeRawBufferPointer(start: field, count: length)
            UnsafeMutableRawBufferPointer(copy).copyMemory(from: source)
            copy[length] = 0
            return copy.baseAddress.map { shim_decimal_to_double($0) } ?? .nan
        }
    }
}

/// Reads a decimal number from left to right.
private struct DecimalReader {
    let field: UnsafeRawPointer
    let length: Int
    private var offset = 0
    private var isNegative = false
    /// The digits without their point; right while `significantCount` is at most `exactDigits`.
    private var mantissa: UInt64 = 0
    /// Digits from the first that is not zero on.
    private var significantCount = 0
    private var fractionCount = 0
    private var exponent = 0

    /// Digits that a double always holds exactly: 10^15 < 2^53.
    private static let exactDigits = 15
    /// Beyond this every number is zero or infinite, unless it has very many digits.
    private static let exponentLimit = 1_000_000

    init(field: UnsafeRawPointer, length: Int) {
        self.field = field
        self.length = length
    }

    /// Whether the whole field fits the grammar.
    mutating func read() -> Bool {
        isNegative = readSign()
        var digitCount = readDigits()
        if readByte(UInt8(ascii: ".")) {
            fractionCount = readDigits()
            digitCount += fractionCount
        }
        guard digitCount > 0 else { return false }
        if readByte(UInt8(ascii: "e")) || readByte(UInt8(ascii: "E")) {
            guard readExponent() else { return false }
        }
        return offset == length
    }

    /// The value where one multiplication or division of two exact doubles gives it.
    ///
    /// W. Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990: both operands are
    /// exact, so the single rounding of the operation is the right one.
    var exactValue: Double? {
        guard significantCount <= Self.exactDigits else { return nil }
        let scale = mantissa == 0 ? 0 : exponent - fractionCount
        guard abs(scale) < powersOfTen.count else { return nil }
        let power = powersOfTen[abs(scale)]
        let value = scale < 0 ? Double(mantissa) / power : Double(mantissa) * power
        return isNegative ? -value : value
    }

    private mutating func readByte(_ byte: UInt8) -> Bool {
        guard offset < length, field.load(fromByteOffset: offset, as: UInt8.self) == byte else {
            return false
        }
        offset += 1
        return true
    }

    /// Whether there is a minus.
    private mutating func readSign() -> Bool {
        if readByte(UInt8(ascii: "-")) { return true }
        _ = readByte(UInt8(ascii: "+"))
        return false
    }

    private mutating func nextDigit() -> UInt8? {
        guard offset < length else { return nil }
        let digit = field.load(fromByteOffset: offset, as: UInt8.self) &- UInt8(ascii: "0")
        guard digit <= 9 else { return nil }
        offset += 1
        return digit
    }

    private mutating func readDigits() -> Int {
        let start = offset
        while let digit = nextDigit() {
            mantissa = mantissa &* 10 &+ UInt64(digit)
            significantCount += digit != 0 || significantCount > 0 ? 1 : 0
        }
        return offset - start
    }

    private mutating func readExponent() -> Bool {
        let isBelowOne = readSign()
        let start = offset
        while let digit = nextDigit() {
            exponent = min(exponent * 10 + Int(digit), Self.exponentLimit)
        }
        if isBelowOne { exponent = -exponent }
        return offset > start
    }
}

/// The powers of ten that are exact as doubles: 5^22 < 2^53.
private let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]
