import Base
import Columns

@testable import TSV

/// A value as a test sees it: what a batch holds at one row and column.
enum Value: Equatable, CustomStringConvertible {
    case null
    case text([UInt8])
    case integer(Int64)
    case double(UInt64)
    case boolean(Bool)
    case list([[UInt8]])

    static func string(_ text: String) -> Value { .text(Array(text.utf8)) }
    static func strings(_ texts: String...) -> Value { .list(texts.map { Array($0.utf8) }) }
    static func number(_ value: Double) -> Value { .double(value.bitPattern) }

    var description: String {
        switch self {
        case .null: "null"
        case .text(let bytes): "\"\(String(decoding: bytes, as: UTF8.self))\""
        case .integer(let value): "\(value)"
        case .double(let bits): "\(Double(bitPattern: bits))"
        case .boolean(let value): "\(value)"
        case .list(let elements): "\(elements.map { String(decoding: $0, as: UTF8.self) })"
        }
    }
}

/// A reject as a test sees it: with the raw line's bytes.
struct Reject: Equatable {
    let line: Int64
    let raw: [UInt8]
    let isUTF8: Bool
    let reason: String
}

/// All that parsing a text gave.
struct Parsed: Equatable {
    var rows: [[Value]] = []
    var rejects: [Reject] = []
    var failures: [Int] = []
    var lineCount: Int64 = 0
    /// Rows of each batch; not compared with the reference.
    var batchSizes: [Int] = []
}

extension TransformDeclaration {
    /// Columns named a, b, c...; those of `required` are required.
    static func of(
        _ types: ColumnType...,
        required: [Int] = [],
        null: String = #"\N"#,
        stripsCarriageReturn: Bool = false
    ) -> Self {
        TransformDeclaration(
            columns: types.enumerated().map { index, type in
                ColumnDeclaration(
                    name: String(UnicodeScalar(UInt8(97 + index))),
                    type: type,
                    isRequired: required.contains(index)
                )
            },
            nullMarker: Array(null.utf8),
            stripsCarriageReturn: stripsCarriageReturn
        )
    }
}

extension ChunkParser {
    /// Parses a text to its end, in a buffer of its own with exactly the slack promised.
    func parse(_ bytes: some Collection<UInt8>, firstLine: Int64 = 2) -> Parsed {
        let size = bytes.count
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: size + Limits.textSlackBytes,
            alignment: 1
        )
        defer { buffer.deallocate() }
        buffer.copyBytes(from: bytes)
        for index in size..<buffer.count { buffer[index] = UInt8(ascii: "9") }
        begin(UnsafeMutableRawBufferPointer(rebasing: buffer[..<size]), firstLine: firstLine)
        var parsed = Parsed()
        while let rowCount = next() {
            parsed.batchSizes.append(rowCount)
            parsed.rows += rows(rowCount, of: buffer)
        }
        let bytes = UnsafeRawBufferPointer(buffer)
        parsed.rejects = rejects.map {
            Reject(
                line: $0.line,
                raw: bytes.slice($0.range),
                isUTF8: $0.isUTF8,
                reason: $0.reason
            )
        }
        parsed.failures = conversionFailures
        parsed.lineCount = lineCount
        return parsed
    }

    func parse(_ text: String, firstLine: Int64 = 2) -> Parsed {
        parse(Array(text.utf8), firstLine: firstLine)
    }

    private func rows(_ count: Int, of text: UnsafeMutableRawBufferPointer) -> [[Value]] {
        let columns = batches.map { $0.values(in: UnsafeRawBufferPointer(text)) }
        precondition(columns.allSatisfy { $0.count == count }, "batches of different sizes")
        return (0..<count).map { row in columns.map { $0[row] } }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func slice(_ range: TextRange) -> [UInt8] {
        Array(self[Int(range.start)..<Int(range.start) + Int(range.length)])
    }
}

extension ColumnBatch {
    fileprivate func values(in text: UnsafeRawBufferPointer) -> [Value] {
        let values = unfolded(in: text)
        if storage != .stringList {
            precondition(nullCount == values.count { $0 == .null }, "a wrong count of nulls")
        }
        return values
    }

    private func unfolded(in text: UnsafeRawBufferPointer) -> [Value] {
        switch storage {
        case .string:
            return (0..<rowCount).map { ranges[$0].isNull ? .null : .text(text.slice(ranges[$0])) }
        case .stringList:
            var next = 0
            let values = (0..<rowCount).map { row in
                let elements = next..<next + Int(listLengths[row])
                next = elements.upperBound
                return Value.list(elements.map { text.slice(ranges[$0]) })
            }
            precondition(next == elementCount, "a wrong count of elements")
            return values
        case .int32, .date: return valid { .integer(Int64(int32Values[$0])) }
        case .int64, .timestamp: return valid { .integer(int64Values[$0]) }
        case .float64: return valid { .double(doubleValues[$0].bitPattern) }
        case .boolean: return valid { .boolean(byteValues[$0] == 1) }
        }
    }

    private func valid(_ value: (Int) -> Value) -> [Value] {
        (0..<rowCount).map { validity[$0] == 1 ? value($0) : .null }
    }
}
