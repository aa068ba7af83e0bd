import Base
import Columns
import FuzzSupport
import Parquet
import TSV

/// A chunk of text against any declaration: every line is a row or a reject, whatever instructions
/// the CPU has, and the rows can be encoded.
enum TSVFuzzer: FuzzTarget {
    private static func outcome(
        of text: UnsafeRawBufferPointer,
        _ declaration: TransformDeclaration,
        _ level: VectorLevel
    ) throws(ParquetError) -> Outcome {
        // On the heap with exactly the slack that is promised: reading further is an error.
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: text.count + Limits.textSlackBytes,
            alignment: 1
        )
        defer { buffer.deallocate() }
        buffer.copyMemory(from: text)
        let own = UnsafeMutableRawBufferPointer(rebasing: buffer[..<text.count])
        let parser = ChunkParser(declaration: declaration, level: level)
        let encoder = RowGroupEncoder(
            columns: declaration.columns,
            sortColumns: declaration.clusterBy
        )
        var outcome = Outcome()
        parser.begin(own, firstLine: 2)
        while let count = parser.next() {
            outcome.rows += count
            try encoder.append(parser.batches, text: UnsafeRawBufferPointer(own))
        }
        outcome.lines = parser.lineCount
        outcome.rejects = parser.rejects
        outcome.failures = parser.conversionFailures
        var payload = ByteBuffer()
        outcome.metadata = try encoder.finish(into: &payload).encoded()
        outcome.payload = Array(payload.bytes)
        return outcome
    }

    /// The number of columns less one, type and requirement of each, the null marker, the line end,
    /// the order; then text.
    private static let seedTexts: [(choices: [UInt8], text: String)] = [
        ([1, 0, 0, 1, 1, 0, 0, 1], "a\t7\n\\N\t-2147483649\nb\n\r\n"),
        (
            [3, 3, 1, 7, 1, 9, 1, 5, 1, 0, 1, 0],
            "1.5e-3\ta,b\t[\"x\\u00e9\"]\t2026-02-29\r\n"
        ),
        ([2, 6, 1, 8, 1, 4, 1, 2, 0, 1], "2026-02-28 12:00:00.5\tx\u{2}y\t1\nNULL\t\t0"),
    ]

    static var seeds: [[UInt8]] { seedTexts.map { $0.choices + Array($0.text.utf8) } }

    static func read(_ bytes: UnsafeRawBufferPointer) {
        var input = FuzzInput(bytes)
        let declaration = input.declaration()
        let text = input.rest
        guard !text.isEmpty else { return }
        let newlines = text.count { $0 == UInt8(ascii: "\n") }
        let lines = Int64(newlines + (text.last == UInt8(ascii: "\n") ? 0 : 1))
        do throws(ParquetError) {
            let plain = try outcome(of: text, declaration, .baseline)
            precondition(plain.lines == lines, "\(plain.lines) lines of \(lines)")
            precondition(lines == Int64(plain.rows + plain.rejects.count), "a line is lost")
            for level in VectorLevel.available.dropFirst() {
                let other = try outcome(of: text, declaration, level)
                precondition(other == plain, "\(level) gives another outcome")
            }
        } catch {
            preconditionFailure("rows that cannot be encoded: \(error)")
        }
    }
}

/// Types that a column may have here.
private let types: [ColumnType] = [
    .string, .int32, .int64, .float64, .boolean, .date, .timestamp, .list(separator: 44),
    .list(separator: 2), .jsonList,
]
private let nullMarkers = ["\\N", "", "NULL", "1"].map { Array($0.utf8) }

extension FuzzInput {
    fileprivate mutating func declaration() -> TransformDeclaration {
        let columns = (0...choice(4)).map { index in
            let (type, isRequired) = (types[choice(types.count)], choice(4) == 0)
            return ColumnDeclaration(name: "c\(index)", type: type, isRequired: isRequired)
        }
        return TransformDeclaration(
            columns: columns,
            nullMarker: nullMarkers[choice(nullMarkers.count)],
            stripsCarriageReturn: choice(2) == 1,
            clusterBy: choice(2) == 1 ? [0] : []
        )
    }
}

/// What parsing a text gave, as far as it can be compared.
private struct Outcome: Equatable {
    var rows = 0
    var lines: Int64 = 0
    var rejects: [RejectedLine] = []
    var failures: [Int] = []
    var payload: [UInt8] = []
    var metadata: [UInt8] = []
}

@_cdecl("LLVMFuzzerInitialize")
package func begin(_: UnsafeRawPointer, _: UnsafeRawPointer) -> CInt { TSVFuzzer.begin() }
