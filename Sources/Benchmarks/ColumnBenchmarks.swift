import Base
import Columns
import Parquet
import Sample
import TSV

/// From text to columns and from columns to pages: of each type alone, and of whole rows.
extension Benchmark {
    /// Lines of one field: UTF-8, delimiters, the shape of rows, and one range a line.
    static let text = [
        Benchmark("text.scan", .byte) { extent in
            let lines = try Inputs.lines(of: .titleAkas, extent)
            for index in lines.bytes.indices where lines.bytes[index] == UInt8(ascii: "\t") {
                lines.bytes[index] = UInt8(ascii: " ")
            }
            let column = ColumnDeclaration(name: "line", type: .string)
            return Conversion(lines, TransformDeclaration(columns: [column])).parsing
        }
    ]

    static let columns = ColumnSample.all.flatMap { sample in
        [
            Benchmark("parse.\(sample.name)", .value) { try sample.conversion($0).parsing },
            Benchmark("encode.\(sample.name)", .value) { try sample.conversion($0).encoding },
        ]
    }

    static let rows = [SampleTable.titleAkas, .titlePrincipals, .titleBasics].flatMap { table in
        let name = table.rawValue.replacing(".", with: "_")
        let conversion = { @Sendable (extent: Extent) in
            Conversion(
                try Inputs.lines(of: table, extent),
                try Inputs.declaration(name)
            )
        }
        return [
            Benchmark("rows.\(name).parse", .byte) { try conversion($0).parsing },
            Benchmark("rows.\(name).encode", .byte) { try conversion($0).encoding },
        ]
    }
}

/// Values of one column, line by line.
private struct ColumnSample: Sendable {
    let name: String
    let type: ColumnType
    /// The text of the value in a line, counted from 0.
    let field: @Sendable (_ line: Int, inout SeededGenerator) -> String

    static let all: [ColumnSample] = [
        ColumnSample(name: "string-few", type: .string) { _, random in
            ["actor", "actress", "director", "writer", "self"].randomElement(using: &random) ?? ""
        },
        ColumnSample(name: "string-many", type: .string) { _, random in
            "Name \(Int.random(in: 0..<10_000_000, using: &random)) of the Çelik family"
        },
        ColumnSample(name: "string-sorted", type: .string) { line, _ in
            "tt\(10_000_000 + line / 8)"
        },
        ColumnSample(name: "int32", type: .int32) { _, random in
            "\(Int32.random(in: 0..<2_000_000, using: &random))"
        },
        ColumnSample(name: "int64", type: .int64) { _, random in
            "\(Int64.random(in: 0..<1 << 50, using: &random))"
        },
        ColumnSample(name: "float64", type: .float64) { _, random in
            "\(Double(Int.random(in: 10...100, using: &random)) / 10)"
        },
        ColumnSample(name: "boolean", type: .boolean) { _, random in
            Bool.random(using: &random) ? "1" : "0"
        },
        ColumnSample(name: "date", type: .date) { _, random in
            let (month, day) = (
                Int.random(in: 10...12, using: &random), Int.random(in: 10...28, using: &random)
            )
            return "\(Int.random(in: 1900...2024, using: &random))-\(month)-\(day)"
        },
        ColumnSample(name: "timestamp", type: .timestamp) { _, random in
            let second = Int.random(in: 10...59, using: &random)
            return "2024-11-\(Int.random(in: 10...28, using: &random)) 12:34:\(second).123456"
        },
        ColumnSample(name: "list", type: .list(separator: UInt8(ascii: ","))) { _, random in
            ["Drama", "Comedy,Drama", "Action,Crime,Drama", "\\N", "Short"]
                .randomElement(using: &random) ?? ""
        },
        ColumnSample(name: "json-list", type: .jsonList) { _, random in
            let number = Int.random(in: 0..<5000, using: &random)
            return Bool.random(using: &random) ? "\\N" : "[\"Character \(number)\"]"
        },
    ]

    func conversion(_ extent: Extent) throws -> Conversion {
        var random = SeededGenerator(seed: 1)
        var text: [UInt8] = []
        for line in 0..<extent.choose(500_000, small: 100) {
            text += Array(field(line, &random).utf8)
            text.append(UInt8(ascii: "\n"))
        }
        let column = ColumnDeclaration(name: name, type: type)
        return Conversion(ReadableText(text), TransformDeclaration(columns: [column]))
    }
}

/// One chunk's way from text to pages, as a worker's slot goes it, in two parts.
private struct Conversion {
    private let text: ReadableText
    private let declaration: TransformDeclaration
    private let isByValue: Bool

    init(_ text: ReadableText, _ declaration: TransformDeclaration) {
        self.text = text
        self.declaration = declaration
        isByValue = declaration.columns.count == 1 && declaration.columns[0].name != "line"
    }

    /// Text into batches.
    var parsing: Workload { workload(timesParsing: true) }

    /// Batches into compressed pages.
    var encoding: Workload { workload(timesParsing: false) }

    private func workload(timesParsing: Bool) -> Workload {
        let parser = ChunkParser(declaration: declaration)
        let encoder = RowGroupEncoder(
            columns: declaration.columns,
            sortColumns: declaration.clusterBy
        )
        let lines = text.bytes.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        // The parser decodes escapes in place, so each run begins with a copy.
        let copy = ReadableText(text.bytes)
        return Workload(count: isByValue ? lines : text.bytes.count) { [text] stopwatch in
            copy.bytes.copyMemory(from: text.readOnly)
            var idle = Stopwatch()
            var (parsing, encoding) = timesParsing ? (stopwatch, idle) : (idle, stopwatch)
            var payload = ByteBuffer()
            parser.begin(copy.bytes, firstLine: 1)
            var rows = 0
            while let count = parsing.measure({ parser.next() }) {
                rows += count
                try encoding.measure { try encoder.append(parser.batches, text: copy.readOnly) }
                if encoder.rowCount + ColumnBatch.rowCapacity > Limits.rowGroupRows {
                    _ = try encoding.measure { try encoder.finish(into: &payload) }
                }
            }
            if encoder.rowCount > 0 {
                _ = try encoding.measure { try encoder.finish(into: &payload) }
            }
            precondition(rows == lines, "lines that became no rows")
            (stopwatch, idle) = timesParsing ? (parsing, encoding) : (encoding, parsing)
        }
    }
}
