import Columns
import Testing

@testable import TSV

/// One field and what becomes of it.
struct Conversion: Sendable, CustomStringConvertible {
    let type: ColumnType
    let field: String
    let value: Value
    let fails: Bool

    init(_ type: ColumnType, _ field: String, _ value: Value, fails: Bool = false) {
        self.type = type
        self.field = field
        self.value = value
        self.fails = fails
    }

    var description: String { "\(type) \(field.debugDescription)" }

    /// What does not convert: null (a list: empty), and counted.
    static func failures(_ type: ColumnType, _ fields: String...) -> [Conversion] {
        fields.map { Conversion(type, $0, type == .jsonList ? .list([]) : .null, fails: true) }
    }

    static func integers(_ type: ColumnType, _ fields: [String: Int64]) -> [Conversion] {
        fields.sorted { $0.key < $1.key }.map { Conversion(type, $0.key, .integer($0.value)) }
    }
}

@Suite("Conversion rules")
struct ConversionTests {
    private static let comma = ColumnType.list(separator: UInt8(ascii: ","))

    private static let nulls: [Conversion] =
        [.string, .int32, .int64, .float64, .boolean, .date, .timestamp].map {
            Conversion($0, #"\N"#, .null)
        } + [comma, .jsonList].map { Conversion($0, #"\N"#, .list([])) }

    private static let empties: [Conversion] =
        [Conversion(.string, "", .text([]))]
        + [.int32, .int64, .float64, .boolean, .date, .timestamp].flatMap {
            Conversion.failures($0, "")
        } + [comma, .jsonList].map { Conversion($0, "", .list([])) }

    private static let integers: [Conversion] =
        Conversion.integers(
            .int32,
            [
                "0": 0, "7": 7, "-7": -7, "+7": 7, "-0": 0, "12345678": 12_345_678,
                "123456789": 123_456_789, "2147483647": 2_147_483_647,
                "-2147483648": -2_147_483_648, "0000000000000000000000007": 7, "00000000": 0,
            ]
        )
        + Conversion.integers(
            .int64,
            [
                "99999999": 99_999_999, "9223372036854775807": .max,
                "-9223372036854775808": .min, "+00000000000000000000001": 1,
            ]
        )
        + Conversion.failures(
            .int32,
            "2147483648",
            "-2147483649",
            "99999999999999999999999",
            "1.0",
            " 1",
            "1 ",
            "+",
            "-",
            "+-1",
            "1a",
            "a",
            "0x1",
            "１",
            "1234567/",
            "1234567:",
            "\\n",
            "1,000"
        )
        + Conversion.failures(.int64, "9223372036854775808", "-9223372036854775809")

    private static let decimals: [Conversion] = [
        ("5.7", 5.7), ("10", 10), ("5.", 5), (".5", 0.5), ("-.5", -0.5), ("+1.25", 1.25),
        ("-0", -0.0), ("0.0000000", 0), ("1234.567", 1234.567), ("123456.7", 123456.7),
        ("1e3", 1e3),
        ("1E+3", 1e3), ("1e-3", 1e-3), ("1.7976931348623157e308", 1.7976931348623157e308),
        ("5e-324", .leastNonzeroMagnitude), ("1e-400", 0), ("0e999999999999999999999", 0),
        ("9007199254740993", 9_007_199_254_740_992), ("1e23", 1e23),
        ("8.5e-23", 8.5e-23), ("123456789012345e22", 123456789012345e22),
        ("2.2250738585072011e-308", .leastNormalMagnitude.nextDown),
        ("0.1000000000000000055511", 0.1),
    ].map { Conversion(.float64, $0.0, .number($0.1)) }

    private static let notDecimals = Conversion.failures(
        .float64,
        ".",
        "-",
        "e5",
        "1e",
        "1e+",
        "1e309",
        "-1e309",
        "inf",
        "nan",
        "NaN",
        "0x1p3",
        "1,5",
        "1.2.3",
        "1..2",
        " 1.5",
        "1.5 ",
        "1_0",
        "٣",
        "1.5f",
        "\\N\\N",
        "1e99999999999999999999"
    )

    private static let booleans: [Conversion] =
        [Conversion(.boolean, "1", .boolean(true)), Conversion(.boolean, "0", .boolean(false))]
        + Conversion.failures(.boolean, "2", "01", "10", "true", "/", "-1", "1 ")

    private static let dates: [Conversion] =
        Conversion.integers(
            .date,
            [
                "1970-01-01": 0, "1969-12-31": -1, "2000-02-29": 11_016, "2024-12-31": 20_088,
                "0001-01-01": -719_162, "9999-12-31": 2_932_896, "1900-03-01": -25_508,
            ]
        )
        + Conversion.failures(
            .date,
            "0000-01-01",
            "1900-02-29",
            "2023-02-29",
            "2024-04-31",
            "2024-13-01",
            "2024-00-01",
            "2024-01-00",
            "2024-1-01",
            "2024/01/01",
            "20240101",
            "2024-01-01 ",
            "-024-01-01",
            "2024-01-0a"
        )

    private static let timestamps: [Conversion] =
        Conversion.integers(
            .timestamp,
            [
                "1970-01-01T00:00:00": 0, "1970-01-01 00:00:01": 1_000_000,
                "1969-12-31 23:59:59.999999": -1, "1970-01-02T00:00:00.5": 86_400_500_000,
                "2024-02-29T12:34:56.789012": 1_709_210_096_789_012,
                "1970-01-01T00:00:00.000001": 1,
            ]
        )
        + Conversion.failures(
            .timestamp,
            "1970-01-01",
            "1970-01-01T24:00:00",
            "1970-01-01T00:60:00",
            "1970-01-01T00:00:60",
            "1970-01-01T00:00:00.",
            "1970-01-01T00:00:00.1234567",
            "1970-01-01T00:00:00Z",
            "1970-01-01t00:00:00",
            "1970-01-01T00:00:00.1+",
            "2023-02-29T00:00:00",
            "1970-01-01T00-00-00",
            "1970-01-01T00:00:00,5"
        )

    private static let long = String(repeating: "abcdefg,", count: 20)

    private static let lists: [Conversion] = [
        Conversion(comma, "a", .strings("a")),
        Conversion(comma, "a,b", .strings("a", "b")),
        Conversion(comma, ",", .strings("", "")),
        Conversion(comma, "a,,b,", .strings("a", "", "b", "")),
        Conversion(comma, "1,2,3,4,5,6", .strings("1", "2", "3", "4", "5", "6")),
        Conversion(comma, #"\N,\N"#, .strings(#"\N"#, #"\N"#)),
        Conversion(comma, #"["x"],映画"#, .strings(#"["x"]"#, "映画")),
        Conversion(
            comma,
            long,
            .list(
                long.split(separator: ",", omittingEmptySubsequences: false).map { Array($0.utf8) }
            )
        ),
        Conversion(.list(separator: 2), "a,b\u{2}c", .strings("a,b", "c")),
        Conversion(
            comma,
            String(repeating: "x", count: 63) + ",y",
            .strings(String(repeating: "x", count: 63), "y")
        ),
    ]

    private static let json: [Conversion] = [
        Conversion(.jsonList, #"["Self"]"#, .strings("Self")),
        Conversion(.jsonList, #"["a","b, c","d]"]"#, .strings("a", "b, c", "d]")),
        Conversion(.jsonList, "[]", .list([])),
        Conversion(.jsonList, " [ ] ", .list([])),
        Conversion(.jsonList, #" [ "a" , "b" ] "#, .strings("a", "b")),
        Conversion(.jsonList, "\r[\r\"a\"\r]\r", .strings("a")),
        Conversion(.jsonList, #"[""]"#, .strings("")),
        Conversion(.jsonList, #"["\"\\\/\b\f\n\r\t"]"#, .strings("\"\\/\u{8}\u{c}\n\r\t")),
        Conversion(.jsonList, #"["x\u0041\u00e9\u20AC\u0000y","z"]"#, .strings("xAé€\0y", "z")),
        Conversion(.jsonList, #"["\ud83c\uDFAC!"]"#, .strings("🎬!")),
        Conversion(.jsonList, "[\"映画 \u{7f}\"]", .strings("映画 \u{7f}")),
    ]

    private static let notJSON = Conversion.failures(
        .jsonList,
        "[",
        "]",
        "[,]",
        #"["a",]"#,
        #"["a" "b"]"#,
        #"["a"]]"#,
        #"[["a"]]"#,
        "[1]",
        "[null]",
        #"["a",null]"#,
        "null",
        "{}",
        #""a""#,
        #"["a"#,
        #"["a\"]"#,
        #"["\"#,
        #"["\x"]"#,
        #"["\u12"]"#,
        #"["\u12g4"]"#,
        #"["\ud800"]"#,
        #"["\udc00"]"#,
        #"["\ud800\ud800"]"#,
        #"["\ud800\u0041"]"#,
        #"["\ud800x"]"#,
        "[\"a\u{1}b\"]",
        "[\"a\rb\"]",
        "\u{feff}[\"a\"]",
        #"['a']"#,
        #"["a"] x"#,
        "[\u{a0}]",
        #"["a";"b"]"#,
        " ",
        #"["\"#,
        #"["\u"#,
        #"["\ud83c\u"]"#
    )

    @Test(
        "a field converts, or is null or empty and counted",
        arguments: [
            nulls, empties, integers, decimals, notDecimals, booleans, dates, timestamps, lists,
            json, notJSON,
        ].flatMap { $0 }
    )
    func converts(_ conversion: Conversion) {
        let parser = ChunkParser(declaration: .of(conversion.type, .string))
        // With neighbours, and at the very end of a text without its newline.
        let parsed = parser.parse("\tz\n\(conversion.field)\tz\n")
        #expect(parsed.rows.last == [conversion.value, .string("z")])
        let alone = ChunkParser(declaration: .of(.string, conversion.type))
        let ending = alone.parse("z\t\(conversion.field)")
        #expect(ending.rows == [[.string("z"), conversion.value]])
        #expect(ending.failures == [0, conversion.fails ? 1 : 0])
        #expect(ending.rejects.isEmpty)
    }

    @Test(
        "strings stay as they stand",
        arguments: ["\"", "\"a", "\\n", " a ", "NULL", "\u{0}", "\r"]
    )
    func strings(_ text: String) {
        let parser = ChunkParser(declaration: .of(.string, .string))
        #expect(parser.parse("\(text)\tb\n").rows == [[.string(text), .string("b")]])
    }

    @Test("the null marker is what the declaration says", arguments: ["", "0", "NA", "NULL"])
    func marker(_ marker: String) {
        let parser = ChunkParser(
            declaration: .of(.string, .int32, .float64, .jsonList, Self.comma, null: marker)
        )
        let parsed = parser.parse([marker, marker, marker, marker, marker].joined(separator: "\t"))
        #expect(parsed.rows == [[.null, .null, .null, .list([]), .list([])]])
        #expect(parsed.failures == [0, 0, 0, 0, 0])
    }

    @Test("counts of failures add up over batches and start anew with each chunk")
    func failureCounts() {
        let parser = ChunkParser(declaration: .of(.int32))
        let text = String(repeating: "x\n1\n", count: ColumnBatch.rowCapacity)
        let parsed = parser.parse(text)
        #expect(parsed.batchSizes == [ColumnBatch.rowCapacity, ColumnBatch.rowCapacity])
        #expect(parsed.failures == [ColumnBatch.rowCapacity])
        #expect(parser.parse("x\n").failures == [1])
    }
}
