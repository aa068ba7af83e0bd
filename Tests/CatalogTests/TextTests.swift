import Base
import Columns
import Testing

@testable import Catalog

@Suite("Texts of the catalog")
struct TextTests {
    @Test(
        "a bound is written as DuckDB reads it",
        arguments: [
            (ColumnBound.integer(-7), ColumnStorage.int32, "-7"),
            (.integer(.min), .int64, "-9223372036854775808"),
            (.integer(0), .date, "1970-01-01"),
            (.integer(-719_162), .date, "0001-01-01"),
            (.integer(-719_163), .date, nil),
            (.integer(2_932_896), .date, "9999-12-31"),
            (.integer(2_932_897), .date, nil),
            (.integer(1_705_321_800_000_000), .timestamp, "2024-01-15 12:30:00"),
            (.integer(1_705_321_800_120_000), .timestamp, "2024-01-15 12:30:00.12"),
            (.integer(-1), .timestamp, "1969-12-31 23:59:59.999999"),
            (.integer(.max), .timestamp, nil),
            (.double(0.1), .float64, "0.1"), (.double(1e300), .float64, "1e+300"),
            (.double(.infinity), .float64, nil),
            (.boolean(true), .boolean, "1"), (.boolean(false), .boolean, "0"),
            (.text(Array("ü".utf8)), .string, "ü"), (.text([0x61, 0]), .string, nil),
            (.text([0xFF]), .stringList, nil),
        ] as [(ColumnBound, ColumnStorage, String?)]
    )
    func bounds(bound: ColumnBound, storage: ColumnStorage, text: String?) {
        #expect(BoundText.text(of: bound, storage: storage) == text)
    }

    @Test(
        "bounds are compared as values, or not at all where that is not certain",
        arguments: [
            (ColumnStorage.int32, "9", "10", true), (.int32, "10", "9", false),
            (.int64, "x", "1", nil), (.float64, "-1e+20", "2.5", true),
            (.boolean, "0", "true", true), (.boolean, "?", "1", nil),
            (.date, "1999-12-31", "2000-01-01", true),
            (.date, "0044-03-15 (BC)", "2000-01-01", nil),
            (.timestamp, "2024-01-15 12:30:00", "2024-01-15 12:30:00.5", true),
            (.timestamp, "2024-01-15 12:30:00.5", "2024-01-15 12:30:00.45", false),
            (.string, "Z", "a", true), (.stringList, "ü", "z", false),
        ] as [(ColumnStorage, String, String, Bool?)]
    )
    func comparison(storage: ColumnStorage, left: String, right: String, isLess: Bool?) {
        #expect(BoundText.isLess(left, right, storage: storage) == isLess)
    }

    @Test("merged bounds enclose all files, and are gone when one file has values without bounds")
    func merging() {
        var merged = MergedStatistics(storage: .int32)
        func add(_ values: Int64?, _ nulls: Int64?, _ minimum: String?, _ maximum: String?) {
            merged.add(
                valueCount: values,
                nullCount: nulls,
                minimum: minimum,
                maximum: maximum,
                containsNaN: false
            )
        }
        add(0, 0, nil, nil)
        add(2, 0, "9", "10")
        add(2, 0, "-1", "9")
        #expect(merged.minimum == "-1" && merged.maximum == "10" && !merged.containsNull)
        add(0, 5, nil, nil)
        #expect(merged.minimum == "-1" && merged.containsNull)
        add(1, 0, nil, nil)
        add(2, 0, "0", "1")
        #expect(merged.minimum == nil && merged.maximum == nil && merged.fileCount == 6)
    }

    @Test(
        "a stored time is read with any offset and fraction",
        arguments: [
            ("2026-11-23 20:10:52.184430+00", "2026-11-23T20:10:52.184430Z"),
            ("2026-11-23 20:10:52+00", "2026-11-23T20:10:52.000000Z"),
            ("2026-11-23 20:10:52.1+05:30", "2026-11-23T14:40:52.100000Z"),
            ("2024-02-29T23:00:00-02", "2024-03-01T01:00:00.000000Z"),
            ("1969-12-31 23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
            ("2026-11-23", nil), ("2026-13-23 20:10:52+00", nil), ("", nil),
            ("2026-11-23 20:10:52.1234567+00", nil), ("2026-11-23 20:10:52+00x", nil),
        ] as [(String, String?)]
    )
    func times(text: String, rfc3339: String?) {
        #expect(WallTime(sqlText: text)?.rfc3339 == rfc3339)
    }

    @Test("any text is a time or none, and a written time reads back")
    func garbage() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<5000 {
            let time = WallTime(
                microseconds: .random(
                    in: -30_000_000_000_000_000...250_000_000_000_000_000,
                    using: &generator
                )
            )
            #expect(WallTime(sqlText: time.sqlText) == time)
            var bytes = Array(time.sqlText.utf8)
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            bytes[place] = .random(in: 0...255, using: &generator)
            _ = WallTime(sqlText: String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test("a UUID has the form, version and variant of RFC 9562")
    func uuids() {
        #expect(uuid(high: 0, low: 0) == "00000000-0000-4000-8000-000000000000")
        #expect(uuid(high: .max, low: .max) == "ffffffff-ffff-4fff-bfff-ffffffffffff")
        #expect(randomUUID() != randomUUID())
    }

    @Test("a quoted name doubles its quotes")
    func quoting() {
        #expect(quoted(#"a"b"#) == #""a""b""#)
    }
}
