import Base
import Columns
import Testing

@testable import TSV

/// Random text, parsed by `ChunkParser` and by `Reference`.
@Suite("Parser against a plain reference")
struct DifferentialTests {
    private static let declarations: [TransformDeclaration] = [
        .of(.string, .int32, .float64, .list(separator: 44), .jsonList, required: [0]),
        .of(.int64, .date, .timestamp, .boolean, .jsonList, stripsCarriageReturn: true),
        .of(.string, .jsonList, .list(separator: 2), .string, null: "NULL"),
        .of(.int32, .string, .float64, .date, required: [1], null: ""),
        .of(.string),
        .of(.jsonList, .int64, .boolean, required: [0, 1], null: "1"),
    ]

    @Test(
        "nasty random lines give the same rows, rejects and counts",
        arguments: declarations.indices,
        VectorLevel.available
    )
    func nastyLines(index: Int, level: VectorLevel) {
        let declaration = Self.declarations[index]
        let parser = ChunkParser(declaration: declaration, level: level)
        for seed in 0..<60 {
            var source = NastyText(seed: UInt64(seed * 100 + index))
            let text = source.text(
                lines: 40,
                declaration,
                errorShare: [0, 0.02, 0.3][seed % 3]
            )
            expectEqual(parser.parse(text), Reference(declaration: declaration).parse(text), seed)
        }
    }

    @Test("blocks and batches that end anywhere lose nothing", arguments: [0.0, 0.001])
    func manyRows(errorShare: Double) {
        let declaration = Self.declarations[0]
        let parser = ChunkParser(declaration: declaration)
        var source = NastyText(seed: 7)
        let text = source.text(lines: 25_000, declaration, errorShare: errorShare)
        #expect(text.count > 2 * LineBlock.sizeBytes)
        let parsed = parser.parse(text)
        #expect(parsed.batchSizes.count > 2)
        expectEqual(parsed, Reference(declaration: declaration).parse(text), 7)
    }

    @Test("random bytes never crash and lose no line", arguments: 0..<30 as Range<UInt64>)
    func garbage(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet: [UInt8] = [9, 9, 10, 13, 34, 44, 49, 91, 92, 93, 117, 0xC3, 0xA9, 0xF0, 0]
        let size = Int.random(in: 0...3_000, using: &generator)
        let text = (0..<size).map { _ in
            Bool.random(using: &generator)
                ? alphabet[Int.random(in: alphabet.indices, using: &generator)]
                : UInt8.random(in: 0...255, using: &generator)
        }
        for declaration in Self.declarations {
            let parsed = ChunkParser(declaration: declaration).parse(text)
            #expect(parsed.lineCount == Int64(parsed.rows.count + parsed.rejects.count))
            expectEqual(parsed, Reference(declaration: declaration).parse(text), Int(seed))
        }
    }

    /// Compares piece by piece, so that a failure shows one row and not all.
    private func expectEqual(_ parsed: Parsed, _ expected: Parsed, _ seed: Int) {
        #expect(parsed.lineCount == expected.lineCount, "seed \(seed)")
        #expect(parsed.rows.count == expected.rows.count, "seed \(seed)")
        #expect(parsed.failures == expected.failures, "seed \(seed)")
        let row = zip(parsed.rows, expected.rows).first { $0 != $1 }
        #expect(row == nil, "seed \(seed): \(row?.0 ?? []) is not \(row?.1 ?? [])")
        let reject = zip(parsed.rejects, expected.rejects).first { $0 != $1 }
        #expect(reject == nil, "seed \(seed)")
        #expect(parsed.rejects.count == expected.rejects.count, "seed \(seed)")
    }
}

/// Lines that hold what goes wrong in practice, some of it in every field.
struct NastyText {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func text(
        lines: Int,
        _ declaration: TransformDeclaration,
        errorShare: Double
    ) -> [UInt8] {
        var text: [UInt8] = []
        for _ in 0..<lines {
            var columns = declaration.columns
            if chance(errorShare) { columns.append(columns[0]) }
            if chance(errorShare) { columns.removeLast() }
            for (index, column) in columns.enumerated() {
                if index > 0 { text.append(9) }
                let isNull = chance(column.isRequired ? errorShare / 4 : 0.2)
                var bytes = isNull ? declaration.nullMarker : field(column.type)
                if chance(errorShare / 4) { bytes.insert(pick([0x80, 0xC3, 0xED, 0xFF]), at: 0) }
                if column.isRequired && !isNull && bytes == declaration.nullMarker {
                    bytes.append(UInt8(ascii: "7"))
                }
                text += bytes
            }
            if declaration.stripsCarriageReturn || chance(0.05) { text.append(13) }
            text.append(10)
        }
        if chance(0.5) { text.removeLast() }
        return text
    }

    private mutating func field(_ type: ColumnType) -> [UInt8] {
        if chance(0.1) { return Array(pick(Self.oddities).utf8) }
        switch type {
        case .string: return Array(pick(Self.words).utf8)
        case .int32, .int64: return Array(pick(Self.integers).utf8)
        case .float64: return Array(decimal().utf8)
        case .boolean: return Array(pick(["0", "1", "2", "01", "true"]).utf8)
        case .date: return Array(date().utf8)
        case .timestamp:
            return Array((date() + pick(["T", " "]) + pick(Self.times)).utf8)
        case .list(let separator):
            let parts = (0..<Int.random(in: 1...9, using: &generator)).map { _ in pick(Self.words) }
            let joined = parts.joined(separator: String(UnicodeScalar(separator)))
            return Array(joined.utf8)
        case .jsonList:
            let parts = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                "\"" + pick(Self.words + Self.escapes) + "\""
            }
            let blank = pick(["", "", " ", "\r "])
            let joined = parts.joined(separator: blank + "," + blank)
            return Array((blank + "[" + joined + "]" + blank).utf8)
        }
    }

    private mutating func decimal() -> String {
        if chance(0.3) { return pick(Self.decimals) }
        let value = Double(bitPattern: generator.next())
        return chance(0.5)
            ? "\(value)" : "\(Double(Int.random(in: 0...99_999, using: &generator)) / 100)"
    }

    private mutating func date() -> String {
        func digits(_ value: Int, _ width: Int) -> String {
            let text = "\(value)"
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return digits(Int.random(in: 0...2400, using: &generator), 4) + "-"
            + digits(Int.random(in: 0...13, using: &generator), 2) + "-"
            + digits(Int.random(in: 0...32, using: &generator), 2)
    }

    private mutating func chance(_ share: Double) -> Bool {
        Double.random(in: 0..<1, using: &generator) < share
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &generator)]
    }

    private static let words = [
        "", "a", "tt0000001", "\"", "\"quoted\"", "\\", "\\N", "\\n", " ", "Café", "映画", "🎬",
        "a\u{0}b", "\r", "with blanks and more than thirty-two bytes of text", "[]", ",", "\u{2}",
        "0123456789012345678901234567890,", "\u{7f}", "\u{1f}",
    ]
    private static let escapes = [
        "\\n", "\\\"", "\\\\", "\\/", "\\u0041", "\\u00e9", "\\uD83C\\uDFAC", "\\ud800", "\\udc00x",
        "\\u0000", "\\u12", "\\x", "\\", "a\\tb\\u20ACc", "\\ud83c\\ud83c\\udfac",
        "\\t\\t\\r\\b\\f",
    ]
    private static let oddities = [
        "", "\\N", "NULL", "1", "[", "]", "[1]", "[\"a\",]", "[[\"a\"]]", "{}", "null", "\"a\"",
        "[\"a\"]]", "[\"a\" \"b\"]", "[,]", "[\"", "[\"\\", "[ ]", "[\"a\"", "x", "-", "+", ".",
        "e5",
    ]
    private static let integers = [
        "0", "1", "-1", "+1", "12345678", "123456789", "2147483647", "2147483648", "-2147483648",
        "-2147483649", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "-9223372036854775809", "00000000000000000000000000007", "-0", "1 ", " 1", "1.0", "１",
        "+-1",
        "99999999", "1a", "a1", "1234567/", "1234567:", "/", ":", "", "18446744073709551616",
    ]
    private static let decimals = [
        "5.7", "10", "-0", "-0.0", "+.5", "5.", ".", "1e5", "1E+5", "1e-5", "1e", "1e+", "1e309",
        "1.7976931348623157e308", "1.7976931348623159e308", "4.9e-324", "1e-400", "0e999999999999",
        "1e99999999999999999999", "9007199254740993", "123456789012345678901234567890", "1e22",
        "1e23", "123456789012345e22", "0.1", "0x10", "inf", "nan", "NaN", "1,5", "1.2.3", "--1",
        "0.000000000000000000000000000000123", "9007199254740992999e-3", "1e-22", "1_0", "٣",
        "000000000000000000000000000000000001.5",
    ]
    private static let times = [
        "00:00:00", "23:59:59", "24:00:00", "12:60:00", "12:00:60", "01:02:03.4", "01:02:03.456789",
        "01:02:03.4567890", "01:02:03.", "01:02", "01:02:03Z", "1:02:03", "01-02-03",
    ]
}
