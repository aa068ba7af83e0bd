import Base
import Columns
import Testing

@testable import Sorting

@Suite("Keys compare like the values they are made of")
struct KeyTests {
    private func key(_ size: Int, _ write: (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer)
        -> [UInt8]
    {
        var bytes = [UInt8](repeating: 0xAA, count: size)
        bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            #expect(write(base) - base == size)
        }
        return bytes
    }

    private func key(_ value: Int64) -> [UInt8] {
        key(KeyCoding.size(value)) { KeyCoding.write(value, to: $0) }
    }

    private func key(_ value: Double) -> [UInt8] {
        key(KeyCoding.doubleSize) { KeyCoding.write(value, to: $0) }
    }

    private func key(_ text: [UInt8]) -> [UInt8] {
        text.withUnsafeBytes { text in
            key(KeyCoding.size(text)) { KeyCoding.write(text, to: $0) }
        }
    }

    private var null: [UInt8] { key(1) { KeyCoding.writeNull(to: $0) } }

    private func expectOrder(_ keys: [[UInt8]]) {
        for (left, right) in zip(keys, keys.dropFirst()) {
            #expect(left.lexicographicallyPrecedes(right))
            let order = left.withUnsafeBytes { left in
                right.withUnsafeBytes { KeyCoding.compare(left, $0) }
            }
            #expect(order < 0)
            #expect(!right.starts(with: left))
        }
    }

    @Test("integers ascend, from the smallest to the largest, nulls last, and read back the same")
    func integers() throws {
        var values: [Int64] = [.min, .max, 0, -1, 1]
        for bits in 1..<63 {
            let power: Int64 = 1 << bits
            values += [power - 1, power, power + 1, -power - 1, -power, -power + 1]
        }
        let sorted = Array(Set(values)).sorted()
        expectOrder(sorted.map { key($0) } + [null])
        for value in sorted {
            var rest = key(value)[...]
            #expect(try KeyCoding.integer(&rest) == value)
            #expect(rest.isEmpty)
        }
        #expect(key(Int64(0)).count == 1)
        #expect(key(Int64(255)).count == 2)
    }

    @Test("doubles ascend; both zeros are one value")
    func doubles() {
        let values = [-Double.infinity, -1e300, -1, -1e-300, 0, 1e-300, 0.1, 1, 1e300, .infinity]
        expectOrder(values.map { key($0) } + [null])
        #expect(key(-0.0) == key(0.0))
    }

    @Test("texts ascend bytewise, also those with zeros in them, and read back the same")
    func texts() throws {
        let texts: [[UInt8]] = [
            [], [0], [0, 0], [0, 1], [0, 0xFF], [1], [0x61], [0x61, 0], [0x61, 0, 0x62],
            [0x61, 0x61], [0x62], [0xFE], [0xFF],
        ]
        expectOrder(texts.map { key($0) } + [null])
        for text in texts {
            var rest = (key(text) + key(Int64(7)))[...]
            #expect(try KeyCoding.text(&rest) == text)
            #expect(try KeyCoding.integer(&rest) == 7)
        }
    }

    @Test("what is no key is refused")
    func malformed() {
        for bytes: [UInt8] in [[], [0x84, 1], [0x89], [0x01, 0x61], [0x01, 0x61, 0, 7]] {
            var (number, text) = (bytes[...], bytes[...])
            #expect(throws: SortingError.malformedKey) { try KeyCoding.integer(&number) }
            #expect(throws: SortingError.malformedKey) { try KeyCoding.text(&text) }
        }
    }

    @Test(
        "hashes are those of Iceberg's specification",
        arguments: [
            (34, 2_017_239_379), (17_486, -653_330_422), (1_510_871_468_000_000, -2_047_944_441),
        ]
    )
    func numberHashes(value: Int64, hash: Int32) {
        #expect(Int32(bitPattern: Murmur3.hash(value)) == hash)
    }

    @Test("hashes of texts, of any length, are those of Iceberg and DuckDB")
    func textHashes() {
        func hash(_ text: String) -> UInt32 {
            Array(text.utf8).withUnsafeBytes { Murmur3.hash($0) }
        }
        #expect(Int32(bitPattern: hash("iceberg")) == 1_210_000_089)
        let buckets = ["", "a", "ab", "xyzzy", "häß"].map { Murmur3.bucket(hash($0), of: 1000) }
        #expect(buckets == [0, 850, 343, 324, 228])
    }

    @Test("dates have the year, month and day of the calendar")
    func calendar() {
        let days: [(Int64, [Int64])] = [
            (0, [1970, 1, 1]), (-1, [1969, 12, 31]), (18_321, [2020, 2, 29]),
            (18_322, [2020, 3, 1]), (-719_162, [1, 1, 1]), (2_932_896, [9999, 12, 31]),
            (-719_528, [0, 1, 1]), (-719_529, [-1, 12, 31]), (10_956, [1999, 12, 31]),
        ]
        for (day, expected) in days {
            let parts = CalendarParts(daysSince1970: day)
            #expect([parts.year, parts.month, parts.day] == expected)
            let evening = CalendarParts(
                microsecondsSince1970: (day + 1) * CalendarParts.microsecondsPerDay - 1
            )
            #expect([evening.year, evening.month, evening.day] == expected)
        }
    }
}
