/// `YYYY-MM-DD` as days since 1970-01-01.
struct DateConversion: FieldConversion {
    @inline(__always)
    func usual(_ field: UnsafeRawPointer, _ length: Int) -> (value: Int32, flag: UInt8) {
        (0, 0)
    }

    @inline(never)
    func other(_ field: UnsafeRawPointer, _ length: Int) -> Int32? {
        guard length == CalendarReader.dateLength else { return nil }
        return CalendarReader(field: field).days()
    }
}

/// `YYYY-MM-DD[T ]hh:mm:ss[.ffffff]` as microseconds since 1970-01-01.
struct TimestampConversion: FieldConversion {
    /// Without a fraction; with one there are a point and 1 to 6 digits more.
    private static let shortLength = 19

    @inline(__always)
    func usual(_ field: UnsafeRawPointer, _ length: Int) -> (value: Int64, flag: UInt8) {
        (0, 0)
    }

    @inline(never)
    func other(_ field: UnsafeRawPointer, _ length: Int) -> Int64? {
        let fractionLength = length - Self.shortLength - 1
        guard length == Self.shortLength || (1...6).contains(fractionLength) else { return nil }
        let reader = CalendarReader(field: field)
        guard let days = reader.days(), let seconds = reader.secondsOfDay() else { return nil }
        var micros = 0
        if length > Self.shortLength {
            guard let fraction = reader.fraction(Self.shortLength, digits: fractionLength) else {
                return nil
            }
            micros = fraction
        }
        return (Int64(days) * 86_400 + Int64(seconds)) * 1_000_000 + Int64(micros)
    }
}

/// Reads the parts of an ISO 8601 date and time at their fixed places.
private struct CalendarReader {
    static let dateLength = 10
    let field: UnsafeRawPointer

    /// Days since 1970-01-01, in the proleptic Gregorian calendar, years 1 to 9999.
    func days() -> Int32? {
        guard has("-", at: 4), has("-", at: 7),
            let year = number(0, digits: 4), year >= 1,
            let month = number(5, digits: 2), (1...12).contains(month),
            let day = number(8, digits: 2), (1...Self.days(of: month, in: year)).contains(day)
        else { return nil }
        // Years that begin in March: February's length then matters to no other month.
        let shifted = month > 2 ? year : year - 1
        let monthsSinceMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthsSinceMarch + 2) / 5 + day - 1
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear
        return Int32(days - Self.daysToEpoch)
    }

    /// From 0000-03-01 to 1970-01-01.
    private static let daysToEpoch = 719_468

    func secondsOfDay() -> Int? {
        guard has("T", at: 10) || has(" ", at: 10), has(":", at: 13), has(":", at: 16),
            let hour = number(11, digits: 2), hour < 24,
            let minute = number(14, digits: 2), minute < 60,
            let second = number(17, digits: 2), second < 60
        else { return nil }
        return (hour * 60 + minute) * 60 + second
    }

    /// Microseconds of a point and up to six digits.
    func fraction(_ offset: Int, digits: Int) -> Int? {
        guard has(".", at: offset), var micros = number(offset + 1, digits: digits) else {
            return nil
        }
        for _ in digits..<6 { micros *= 10 }
        return micros
    }

    private func has(_ character: Unicode.Scalar, at offset: Int) -> Bool {
        field.load(fromByteOffset: offset, as: UInt8.self) == UInt8(ascii: character)
    }

    private func number(_ offset: Int, digits: Int) -> Int? {
        var value = 0
        for index in offset..<offset + digits {
            let digit = field.load(fromByteOffset: index, as: UInt8.self) &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }

    private static func days(of month: Int, in year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
