import Columns

@testable import TSV

/// The rules of conversion once more, slow and plain, by strings and arrays.
struct Reference {
    let declaration: TransformDeclaration

    func parse(_ text: [UInt8], firstLine: Int64 = 2) -> Parsed {
        var lines = text.split(separator: 10, omittingEmptySubsequences: false).map { Array($0) }
        if lines.last == [] { lines.removeLast() }
        var parsed = Parsed()
        parsed.failures = declaration.columns.map { _ in 0 }
        parsed.lineCount = Int64(lines.count)
        for (index, line) in lines.enumerated() {
            parse(line, number: firstLine + Int64(index), into: &parsed)
        }
        return parsed
    }

    private func parse(_ whole: [UInt8], number: Int64, into parsed: inout Parsed) {
        let strips = declaration.stripsCarriageReturn && whole.last == 13
        let line = strips ? Array(whole.dropLast()) : whole
        func reject(_ reason: String, isUTF8: Bool = true) {
            parsed.rejects.append(
                Reject(line: number, raw: line, isUTF8: isUTF8, reason: reason)
            )
        }
        guard String(validating: line, as: UTF8.self) != nil else {
            return reject("not UTF-8 at byte \(Self.wellFormed(line) + 1)", isUTF8: false)
        }
        let fields = line.split(separator: 9, omittingEmptySubsequences: false).map { Array($0) }
        let columns = declaration.columns
        guard fields.count == columns.count else {
            let noun = columns.count == 1 ? "field" : "fields"
            return reject("\(columns.count) \(noun) expected, \(fields.count) found")
        }
        for (column, field) in zip(columns, fields)
        where column.isRequired && field == declaration.nullMarker {
            return reject("required column \(column.name) is null")
        }
        var row: [Value] = []
        for (index, field) in fields.enumerated() {
            let (value, fails) = convert(field, columns[index].type)
            row.append(value)
            parsed.failures[index] += fails ? 1 : 0
        }
        parsed.rows.append(row)
    }

    /// The longest prefix that is UTF-8, shrunk to where the first bad sequence begins.
    static func wellFormed(_ bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var length = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            length += UTF8.width(scalar)
        }
        return length
    }

    private func convert(_ field: [UInt8], _ type: ColumnType) -> (Value, fails: Bool) {
        let isNull = field == declaration.nullMarker
        let text = String(decoding: field, as: UTF8.self)
        let value: Value?
        switch type {
        case .string: return (isNull ? .null : .text(field), false)
        case .list(let separator):
            if isNull || field.isEmpty { return (.list([]), false) }
            let parts = field.split(separator: separator, omittingEmptySubsequences: false)
            return (.list(parts.map { Array($0) }), false)
        case .jsonList:
            if isNull || field.isEmpty { return (.list([]), false) }
            var reader = ReferenceJSON(Array(text.unicodeScalars))
            let strings = reader.arrayOfStrings()
            return (.list(strings ?? []), strings == nil)
        case .int32: value = Int32(asciiInteger(text) ?? "").map { .integer(Int64($0)) }
        case .int64: value = Int64(asciiInteger(text) ?? "").map { .integer($0) }
        case .float64: value = Self.double(text)
        case .boolean: value = text == "1" ? .boolean(true) : text == "0" ? .boolean(false) : nil
        case .date: value = Self.days(text).map { .integer($0) }
        case .timestamp: value = Self.micros(text)
        }
        return isNull ? (.null, false) : (value ?? .null, value == nil)
    }

    private func asciiInteger(_ text: String) -> String? {
        text.wholeMatch(of: /[+\-]?[0-9]+/.matchingSemantics(.unicodeScalar)).map { String($0.0) }
    }

    private static func double(_ text: String) -> Value? {
        let grammar = /[+\-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+\-]?[0-9]+)?/
        guard text.wholeMatch(of: grammar.matchingSemantics(.unicodeScalar)) != nil,
            let value = Double(text), value.isFinite
        else { return nil }
        return .number(value)
    }

    /// Counts days year by year and month by month.
    static func days(_ text: String) -> Int64? {
        let grammar = /([0-9]{4})-([0-9]{2})-([0-9]{2})/.matchingSemantics(.unicodeScalar)
        guard let match = text.wholeMatch(of: grammar), let year = Int64(match.1),
            let month = Int(match.2), let day = Int64(match.3), year > 0
        else { return nil }
        func isLeap(_ year: Int64) -> Bool {
            year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
        }
        let lengths: [Int64] = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...12).contains(month), (1...lengths[month - 1]).contains(day) else { return nil }
        let range = year < 1970 ? year..<1970 : 1970..<year
        let years = range.reduce(Int64(0)) { $0 + (isLeap($1) ? 366 : 365) }
        let months = lengths[..<(month - 1)].reduce(0, +)
        return (year < 1970 ? -years : years) + months + day - 1
    }

    private static func micros(_ text: String) -> Value? {
        let grammar = /(.{10})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,6})?/
        guard let match = text.wholeMatch(of: grammar.matchingSemantics(.unicodeScalar)),
            let days = days(String(match.1)), let hour = Int64(match.2), hour < 24,
            let minute = Int64(match.3), minute < 60, let second = Int64(match.4), second < 60
        else { return nil }
        let digits = (match.5.map { String($0.dropFirst()) } ?? "") + "000000"
        guard let fraction = Int64(digits.prefix(6)) else { return nil }
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
        return .integer(seconds * 1_000_000 + fraction)
    }
}

/// RFC 8259, for arrays of strings, by scalars.
struct ReferenceJSON {
    private var rest: ArraySlice<Unicode.Scalar>

    init(_ text: [Unicode.Scalar]) { rest = text[...] }

    mutating func arrayOfStrings() -> [[UInt8]]? {
        var strings: [[UInt8]] = []
        skipBlanks()
        guard take("[") else { return nil }
        skipBlanks()
        if !take("]") {
            repeat {
                skipBlanks()
                guard let string = string() else { return nil }
                strings.append(string)
                skipBlanks()
            } while take(",")
            guard take("]") else { return nil }
        }
        skipBlanks()
        return rest.isEmpty ? strings : nil
    }

    private mutating func skipBlanks() {
        while let next = rest.first, [" ", "\t", "\n", "\r"].contains(next) { rest.removeFirst() }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == scalar else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func string() -> [UInt8]? {
        guard take("\"") else { return nil }
        var units: [UInt16] = []
        while let next = rest.popFirst() {
            if next == "\"" { return Self.utf8(units) }
            guard next.value >= 0x20 else { return nil }
            if next == "\\" {
                guard let unit = escapedUnit() else { return nil }
                units.append(unit)
            } else {
                units += UTF16.encode(next).map { Array($0) } ?? []
            }
        }
        return nil
    }

    private mutating func escapedUnit() -> UInt16? {
        let plain: [Unicode.Scalar: UInt16] = [
            "\"": 34, "\\": 92, "/": 47, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9,
        ]
        guard let letter = rest.popFirst() else { return nil }
        guard letter == "u" else { return plain[letter] }
        let digits = String(String.UnicodeScalarView(rest.prefix(4)))
        guard digits.wholeMatch(of: /[0-9a-fA-F]{4}/) != nil else { return nil }
        rest.removeFirst(4)
        return UInt16(digits, radix: 16)
    }

    private static func utf8(_ units: [UInt16]) -> [UInt8]? {
        String(validating: units, as: UTF16.self).map { Array($0.utf8) }
    }
}
