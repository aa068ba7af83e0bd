import Base
import Columns
import Testing

@testable import Parquet

// Internal encoders, hence `@testable`: their vectors are worked out by hand from Encodings.md.

@Suite("Encodings, byte by byte")
struct EncodingTests {
    private func hybrid(_ ids: [UInt32], _ bitWidth: Int) -> [UInt8] {
        var buffer = ByteBuffer()
        var copy = ids + Array(repeating: 99, count: 8)
        copy.withUnsafeMutableBufferPointer { pointer in
            guard let start = pointer.baseAddress else { return }
            HybridEncoder.appendIDs(start, count: ids.count, bitWidth: bitWidth, to: &buffer)
        }
        return Array(buffer.bytes)
    }

    @Test("the format's example of bit-packing: 0 to 7 in three bits")
    func packedExample() {
        #expect(hybrid(Array(0..<8), 3) == [0x03, 0x88, 0xC6, 0xFA])
    }

    @Test("24 equal ids are a run, 16 are bit-packed")
    func runs() {
        #expect(hybrid(Array(repeating: 5, count: 24), 3) == [48, 5])
        #expect(hybrid(Array(repeating: 1, count: 16), 1) == [0x05, 0xFF, 0xFF])
        #expect(hybrid(Array(repeating: 0x1FF, count: 27), 9) == [54, 0xFF, 0x01])
        let mixed = [UInt32](0..<8) + Array(repeating: 2, count: 32) + [UInt32](0..<8)
        #expect(hybrid(mixed, 3) == [0x03, 0x88, 0xC6, 0xFA, 64, 2, 0x03, 0x88, 0xC6, 0xFA])
    }

    @Test("packed ids of every width come back", arguments: 1...16)
    func widths(bitWidth: Int) {
        var random = SeededGenerator(seed: UInt64(bitWidth))
        let mask = UInt32(1) << UInt32(bitWidth) - 1
        // Neighbours differ, so that there is no run: one header, then the bits of all ids.
        var ids = (0..<203).map { _ in UInt32(truncatingIfNeeded: random.next()) & mask }
        for index in ids.indices where index % 2 == 1 { ids[index] = ids[index - 1] ^ 1 }
        let bytes = hybrid(ids, bitWidth)
        #expect(bytes.count == 1 + 26 * bitWidth)
        #expect(bytes[0] == 53)  // 26 groups, bit-packed
        let found = ids.indices.map { index in
            (0..<bitWidth).reduce(UInt32(0)) { value, bit in
                let place = index * bitWidth + bit
                return value | UInt32(bytes[1 + place / 8] >> UInt8(place % 8) & 1) << UInt32(bit)
            }
        }
        #expect(found == ids)
    }

    @Test("levels: equal ones are one run, others bits, with their length in front")
    func levels() {
        func levels(_ values: [UInt8]) -> [UInt8] {
            var buffer = ByteBuffer()
            var copy = values + Array(repeating: 9, count: 8)
            copy.withUnsafeMutableBufferPointer { pointer in
                guard let start = pointer.baseAddress else { return }
                HybridEncoder.appendLevels(start, count: values.count, to: &buffer)
            }
            return Array(buffer.bytes)
        }
        #expect(levels(Array(repeating: 1, count: 100)) == [3, 0, 0, 0, 0xC8, 0x01, 1])
        #expect(levels(Array(repeating: 0, count: 3)) == [2, 0, 0, 0, 6, 0])
        #expect(levels([1, 0, 0, 0, 0, 0, 0, 1, 0, 1]) == [3, 0, 0, 0, 0x05, 0x81, 0x02])
    }

    @Test("the format's examples of delta encoding, padded to whole miniblocks")
    func delta() {
        func delta(_ values: [Int32]) -> [UInt8] {
            var buffer = ByteBuffer()
            values.withUnsafeBufferPointer { pointer in
                guard let start = pointer.baseAddress else { return }
                DeltaEncoder.append(start, count: values.count, to: &buffer)
            }
            return Array(buffer.bytes)
        }
        let header: [UInt8] = [0x80, 0x01, 4]
        #expect(delta([1, 2, 3, 4, 5]) == header + [5, 2, 2, 0, 0, 0, 0])
        // Deltas -2 -2 -2 1 1 1 1: the smallest is -2, differences 0 0 0 3 3 3 3 in two bits.
        let packed: [UInt8] = [0xC0, 0x3F, 0, 0, 0, 0, 0, 0]
        #expect(delta([7, 5, 3, 1, 2, 3, 4, 5]) == header + [8, 14, 3, 2, 0, 0, 0] + packed)
        #expect(delta([300]) == header + [1, 0xD8, 0x04])
    }

    @Test("Thrift's compact protocol: short and long field headers, zigzag, lists, structs")
    func thrift() {
        var writer = ThriftWriter()
        writer.field(1, i32: -1)
        writer.field(3, i64: 150)
        writer.field(30, bool: true)
        writer.field(31, text: "ab")
        writer.list(field: 32, of: .i32, count: 2)
        writer.element(i32: 1)
        writer.element(i32: -2)
        writer.beginStruct(field: 33)
        writer.field(2, bool: false)
        writer.endStruct()
        writer.list(field: 34, of: .binary, count: 15)
        for _ in 0..<15 { writer.element(binary: []) }
        let expected: [UInt8] =
            [0x15, 0x01, 0x26, 0xAC, 0x02, 0x01, 60, 0x18, 2, 97, 98, 0x19, 0x25, 2, 3]
            + [0x1C, 0x22, 0, 0x19, 0xF8, 15] + Array(repeating: 0, count: 15) + [0]
        #expect(writer.finish() == expected)
    }

    @Test("strings are ordered bytewise whatever their first bytes share")
    func order() {
        let strings = [
            "", "\u{0}", "a", "a\u{0}", "aaaaaaaa", "aaaaaaaab", "b", "zzzzzzzzzzzzzzzzz", "é",
        ]
        var text: [UInt8] = []
        let ranges = strings.map { string in
            defer { text += string.utf8 }
            return TextRange(start: UInt32(text.count), length: UInt32(string.utf8.count))
        }
        text += Array(repeating: 0xFF, count: Limits.textSlackBytes)
        text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            for one in ranges.indices {
                for other in ranges.indices {
                    let order = compareText(ranges[one], ranges[other], in: base)
                    #expect(order.signum() == (one - other).signum())
                }
            }
        }
    }
}
