import Base
import Columns
import Testing

@testable import TSV

@Suite("Fields that do not convert are told with their line")
struct UnconvertedFieldTests {
    /// Column, line and text of the examples of a chunk that begins with line 10.
    private func examples(_ text: String, _ declaration: TransformDeclaration) -> [String] {
        let bytes = Array(text.utf8)
        let block = MemoryPool(keptBlocks: 0).take(
            capacity: bytes.count + Limits.textSlackBytes
        )
        block.bytes.copyBytes(from: bytes)
        let parser = ChunkParser(declaration: declaration)
        let chunk = UnsafeMutableRawBufferPointer(rebasing: block.bytes[..<bytes.count])
        parser.begin(chunk, firstLine: 10)
        while parser.next() != nil {}
        return parser.examples.map { example in
            let range = Int(example.range.start)..<Int(example.range.start + example.range.length)
            let field = String(decoding: block.bytes[range], as: UTF8.self)
            return "\(example.column) \(example.line) \(field)"
        }
    }

    @Test("the null marker and what converts are none", arguments: ColumnType.allKinds)
    func none(type: ColumnType) {
        let values = ["\\N", "1", "2026-11-24", "2026-11-24 10:00:00", "[]", " [ ] ", "[\"a\"]"]
        let converted = values.filter {
            ChunkParser(declaration: .of(type)).parse($0).failures == [0]
        }
        #expect(converted.count >= 2)
        #expect(examples(converted.joined(separator: "\n"), .of(type)) == [])
    }

    @Test("the first two of each column, in lines that follow rejected ones, too")
    func lines() {
        let text = "1\tx\n2\n\ty\n\u{0}\t[]\n5\t[1]\nz\t[\"ok\"]\n9\tlast\n"
        #expect(
            examples(text, .of(.int32, .jsonList)) == [
                "0 12 ", "0 13 \u{0}", "1 10 x", "1 12 y",
            ]
        )
    }

    @Test("a chunk has no more examples than its limit, however many columns fail")
    func limit() {
        let types = [ColumnType](repeating: .int32, count: 10)
        let declaration = TransformDeclaration(
            columns: types.enumerated().map { ColumnDeclaration(name: "c\($0)", type: $1) }
        )
        let line = [String](repeating: "x", count: 10).joined(separator: "\t") + "\n"
        let found = examples(line + line + line, declaration)
        #expect(found.count == UnconvertedField.limit)
        #expect(found.prefix(2) == ["0 10 x", "0 11 x"])
    }
}

extension ColumnType {
    fileprivate static let allKinds: [ColumnType] = [
        .string, .int32, .int64, .float64, .boolean, .date, .timestamp, .list(separator: 44),
        .jsonList,
    ]
}
