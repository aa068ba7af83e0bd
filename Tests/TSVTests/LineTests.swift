import Base
import Columns
import Testing

@testable import TSV

@Suite("Lines, rows and rejects")
struct LineTests {
    private func reject(
        _ line: Int64,
        _ raw: String,
        _ reason: String
    ) -> Reject {
        Reject(line: line, raw: Array(raw.utf8), isUTF8: true, reason: reason)
    }

    @Test("a line with too few or too many fields is rejected with its number and raw text")
    func fieldCount() {
        let parsed = ChunkParser(declaration: .of(.string, .int32)).parse(
            "a\t1\nb\nc\t2\t3\nd\t4\n"
        )
        #expect(parsed.rows == [[.string("a"), .integer(1)], [.string("d"), .integer(4)]])
        #expect(
            parsed.rejects == [
                reject(3, "b", "2 fields expected, 1 found"),
                reject(4, "c\t2\t3", "2 fields expected, 3 found"),
            ]
        )
        #expect(parsed.lineCount == 4)
    }

    @Test("lines whose errors make the totals agree are rejected all the same")
    func shiftedCounts() {
        let parsed = ChunkParser(declaration: .of(.string, .string)).parse("a\nb\tc\td\ne\tf\n")
        #expect(parsed.rows == [[.string("e"), .string("f")]])
        #expect(parsed.rejects.map(\.line) == [2, 3])
    }

    @Test("a line that is not UTF-8 is rejected, its neighbours are not")
    func notUTF8() {
        let bad: [UInt8] = [97, 9, 0xC3, 0x28]
        let text = Array("a\tb\n".utf8) + bad + Array("\nc\té\n".utf8)
        let parsed = ChunkParser(declaration: .of(.string, .string)).parse(text, firstLine: 10)
        #expect(parsed.rows.map { $0[0] } == [.string("a"), .string("c")])
        let reason = "not UTF-8 at byte 3"
        #expect(parsed.rejects == [Reject(line: 11, raw: bad, isUTF8: false, reason: reason)])
    }

    @Test("a sequence that only a newline cuts is not UTF-8 on both lines")
    func cutSequence() {
        let parsed = ChunkParser(declaration: .of(.string)).parse([0xC3, 10, 0xA9, 10, 97])
        #expect(parsed.rejects.map(\.reason) == ["not UTF-8 at byte 1", "not UTF-8 at byte 1"])
        #expect(parsed.rows == [[.string("a")]])
    }

    @Test("a null in a required column rejects the row, for lists too; an empty field does not")
    func required() {
        let declaration = TransformDeclaration.of(
            .string,
            .list(separator: 44),
            .int32,
            required: [0, 1]
        )
        let text = "a\tb\t1\n\\N\tb\t2\na\t\\N\t3\n\t\t4\n"
        let parsed = ChunkParser(declaration: declaration).parse(text)
        #expect(parsed.rows.map { $0[2] } == [.integer(1), .integer(4)])
        #expect(
            parsed.rejects == [
                reject(3, "\\N\tb\t2", "required column a is null"),
                reject(4, "a\t\\N\t3", "required column b is null"),
            ]
        )
    }

    @Test("a rejected line is reported as it was read, with its escapes")
    func rawIsUntouched() {
        let declaration = TransformDeclaration.of(.jsonList, .string, required: [1])
        let raw = #"["\u0041"]"# + "\t\\N"
        let parsed = ChunkParser(declaration: declaration).parse(raw + "\n[\"\\u0042\"]\tx\n")
        #expect(parsed.rejects == [reject(2, raw, "required column b is null")])
        #expect(parsed.rows == [[.strings("B"), .string("x")]])
    }

    @Test("an empty line is one empty field")
    func emptyLines() {
        #expect(
            ChunkParser(declaration: .of(.string)).parse("\n\n").rows == [[.text([])], [.text([])]]
        )
        let parsed = ChunkParser(declaration: .of(.string, .string)).parse("\n")
        #expect(parsed.rejects == [reject(2, "", "2 fields expected, 1 found")])
        let one = ChunkParser(declaration: .of(.string)).parse("\t")
        #expect(one.rejects == [reject(2, "\t", "1 field expected, 2 found")])
    }

    @Test("a CR belongs to the last field unless it is stripped, and then only one")
    func carriageReturn() {
        let text = "1\ta\r\n2\tb\r\r\n3\tc\n4\t\r\n\r\n"
        let kept = ChunkParser(declaration: .of(.int32, .string)).parse(text)
        #expect(kept.rows.map { $0[1] } == ["a\r", "b\r\r", "c", "\r"].map { .string($0) })
        #expect(kept.rejects == [reject(6, "\r", "2 fields expected, 1 found")])
        let stripped = ChunkParser(declaration: .of(.int32, .string, stripsCarriageReturn: true))
            .parse(text)
        #expect(stripped.rows.map { $0[1] } == ["a", "b\r", "c", ""].map { .string($0) })
        #expect(stripped.rejects == [reject(6, "", "2 fields expected, 1 found")])
    }

    @Test("the last line may lack its newline", arguments: ["1\t2", "1\t2\n", "1\t2\n\n"])
    func lastLine(_ text: String) {
        let parsed = ChunkParser(declaration: .of(.int32, .int32)).parse(text)
        #expect(parsed.rows == [[.integer(1), .integer(2)]])
        #expect(parsed.lineCount == (text.hasSuffix("\n\n") ? 2 : 1))
    }

    @Test("an empty chunk has no lines")
    func emptyChunk() {
        let parser = ChunkParser(declaration: .of(.string))
        #expect(parser.next() == nil)
        #expect(parser.parse("").lineCount == 0)
    }

    @Test("a parser forgets one chunk when the next begins")
    func reuse() {
        let parser = ChunkParser(declaration: .of(.string, .int32))
        #expect(parser.parse("x\n", firstLine: 5).rejects.map(\.line) == [5])
        let parsed = parser.parse("a\tb\n", firstLine: 6)
        #expect(parsed.rejects.isEmpty)
        #expect(parsed.lineCount == 1 && parsed.failures == [0, 1])
    }

    @Test("batches of which all lines are rejected are skipped")
    func allRejected() {
        let count = ColumnBatch.rowCapacity * 2 + 5
        let text = String(repeating: "x\n", count: count) + "a\tb\n"
        let parsed = ChunkParser(declaration: .of(.string, .string)).parse(text)
        #expect(parsed.batchSizes == [1])
        #expect(parsed.rejects.count == count)
        #expect(parsed.rejects.last?.line == Int64(count + 1))
    }

    @Test(
        "lines longer than a block, of text, tabs or elements",
        arguments: ["x", "\t", ",", "\"\","]
    )
    func longLines(_ unit: String) {
        let long = String(repeating: unit, count: Limits.lineSizeBytes / unit.utf8.count - 1)
        let declaration = TransformDeclaration.of(.list(separator: 44), .string)
        let text = "a\tb\n\(long)\tc\nd\te\n"
        let parsed = ChunkParser(declaration: declaration).parse(text)
        if unit == "\t" {
            #expect(parsed.rows.count == 2)
            #expect(
                parsed.rejects.map(\.reason) == ["2 fields expected, \(long.utf8.count + 2) found"]
            )
        } else {
            let parts = long.utf8.split(separator: 44, omittingEmptySubsequences: false)
            #expect(parsed.rows[1] == [.list(parts.map { Array($0) }), .string("c")])
            #expect(parsed.rows.map { $0[1] } == [.string("b"), .string("c"), .string("e")])
        }
    }

    @Test("tables of one column and of as many as the limit")
    func columnCounts() {
        let names = (0..<Limits.columns).map { ColumnDeclaration(name: "c\($0)", type: .int32) }
        let line = (0..<Limits.columns).map { "\($0)" }.joined(separator: "\t")
        let text = line + "\n" + line + "\tx\n" + line
        let parsed = ChunkParser(declaration: TransformDeclaration(columns: names)).parse(text)
        let row = (0..<Limits.columns).map { Value.integer(Int64($0)) }
        #expect(parsed.rows == [row, row])
        #expect(parsed.rejects.map(\.line) == [3])
    }
}
