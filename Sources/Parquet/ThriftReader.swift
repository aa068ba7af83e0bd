/// Reads Thrift's compact protocol from bytes that nobody vouches for.
///
/// Every length is compared with the bytes that are left, and depth is bounded, so that garbage ends
/// in an error after work in proportion to its size.
struct ThriftReader {
    typealias FieldType = ThriftWriter.FieldType

    /// Structs within structs that are followed; the footer itself has seven.
    private static let maximumDepth = 24

    private let bytes: [UInt8]
    private(set) var offset = 0
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var remaining: Int { bytes.count - offset }

    /// Reads one struct, handing each field to `body`, which reads or skips its value.
    mutating func structure(
        _ body: (inout ThriftReader, Int16, FieldType) throws(ParquetError) -> Void
    ) throws(ParquetError) {
        try descend()
        var field: Int16 = 0
        while true {
            let head = try byte()
            if head == 0 { break }
            guard let type = FieldType(rawValue: head & 15) else {
                throw error("unknown field type \(head & 15)")
            }
            let delta = Int64(head >> 4)
            let id = delta == 0 ? try zigzag() : Int64(field) + delta
            guard let id = Int16(exactly: id) else { throw error("field number out of range") }
            field = id
            try body(&self, id, type)
        }
        depth -= 1
    }

    /// Reads a list's header and hands each element to `body`.
    mutating func list(
        _ type: FieldType,
        of wanted: FieldType,
        _ body: (inout ThriftReader) throws(ParquetError) -> Void
    ) throws(ParquetError) {
        try expect(type, .list)
        let (count, found) = try listHeader()
        // An empty list may name any type.
        guard found == wanted || count == 0 else { throw error("list of an unexpected type") }
        for _ in 0..<count { try body(&self) }
    }

    mutating func integer(_ type: FieldType) throws(ParquetError) -> Int64 {
        switch type {
        case .i16, .i32, .i64: return try zigzag()
        default: throw error("a number was expected")
        }
    }

    mutating func text(_ type: FieldType) throws(ParquetError) -> String {
        try expect(type, .binary)
        return String(decoding: try binary(), as: UTF8.self)
    }

    mutating func blob(_ type: FieldType) throws(ParquetError) -> [UInt8] {
        try expect(type, .binary)
        return Array(try binary())
    }

    func expect(_ type: FieldType, _ wanted: FieldType) throws(ParquetError) {
        guard type == wanted else { throw error("type \(type) where \(wanted) was expected") }
    }

    /// Passes over a value of no interest.
    mutating func skip(_ type: FieldType, isElement: Bool = false) throws(ParquetError) {
        switch type {
        case .boolTrue, .boolFalse: if isElement { _ = try byte() }
        case .i8: _ = try byte()
        case .i16, .i32, .i64: _ = try zigzag()
        case .double: try take(8)
        case .binary: _ = try binary()
        case .structure:
            try structure { (reader, _, type) throws(ParquetError) in try reader.skip(type) }
        case .list, .set:
            try descend()
            let (count, element) = try listHeader()
            for _ in 0..<count { try skip(element, isElement: true) }
            depth -= 1
        case .map: try skipMap()
        }
    }

    private mutating func skipMap() throws(ParquetError) {
        try descend()
        let count = try bounded(try varint())
        guard count > 0 else {
            depth -= 1
            return
        }
        let types = try byte()
        guard let key = FieldType(rawValue: types >> 4), let value = FieldType(rawValue: types & 15)
        else { throw error("unknown type in a map") }
        for _ in 0..<count {
            try skip(key, isElement: true)
            try skip(value, isElement: true)
        }
        depth -= 1
    }

    private mutating func listHeader() throws(ParquetError) -> (count: Int, type: FieldType) {
        let head = try byte()
        guard let type = FieldType(rawValue: head & 15) else {
            throw error("unknown element type \(head & 15)")
        }
        let short = UInt64(head >> 4)
        return (try bounded(short == 15 ? try varint() : short), type)
    }

    private mutating func descend() throws(ParquetError) {
        depth += 1
        guard depth <= Self.maximumDepth else { throw error("structs nested too deeply") }
    }

    /// A count of things that take at least one byte each.
    private func bounded(_ count: UInt64) throws(ParquetError) -> Int {
        guard count <= UInt64(remaining) else {
            throw error("a length of \(count) leaves the bytes")
        }
        return Int(count)
    }

    private mutating func binary() throws(ParquetError) -> ArraySlice<UInt8> {
        let count = try bounded(try varint())
        let start = offset
        try take(count)
        return bytes[start..<offset]
    }

    private mutating func take(_ count: Int) throws(ParquetError) {
        guard count <= remaining else { throw error("the bytes end within a value") }
        offset += count
    }

    private mutating func byte() throws(ParquetError) -> UInt8 {
        try take(1)
        return bytes[offset - 1]
    }

    private mutating func varint() throws(ParquetError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            let next = try byte()
            value |= UInt64(next & 0x7F) << UInt64(shift)
            if next < 0x80 { return value }
        }
        throw error("a number of more than ten bytes")
    }

    private mutating func zigzag() throws(ParquetError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1)))
    }

    func error(_ reason: String) -> ParquetError {
        .malformedFooter(offset: offset, reason: reason)
    }
}
