import Columns
import Testing

@testable import TSV

@Suite("Headers")
struct HeaderProblemTests {
    private let declaration = TransformDeclaration.of(.string, .int32, .int32)
    private let stripping = TransformDeclaration.of(
        .string,
        .int32,
        .int32,
        stripsCarriageReturn: true
    )

    private func check(_ header: String, strips: Bool = false) -> HeaderProblem? {
        checkHeader(Array(header.utf8), against: strips ? stripping : declaration)
    }

    @Test("a header equal to the columns has no problem")
    func equal() {
        #expect(check("a\tb\tc") == nil)
        #expect(check("a\tb\tc\r", strips: true) == nil)
        #expect(check("a\tb\tc", strips: true) == nil)
    }

    @Test("a header that differs only by a byte order mark or a CR says that")
    func invisible() {
        #expect(check("\u{feff}a\tb\tc") == .byteOrderMark)
        #expect(check("a\tb\tc\r") == .carriageReturn)
        #expect(HeaderProblem.carriageReturn.description.contains("line_end: crlf"))
    }

    @Test("a header that is not UTF-8 is one")
    func notUTF8() {
        #expect(checkHeader([97, 9, 0xFF], against: declaration) == .notUTF8)
    }

    @Test(
        "missing, unexpected and misplaced columns are named",
        arguments: [
            ("a\tb", ["c"], [], []),
            ("a\tb\tc\td", [], ["d"], []),
            ("a\tc\tb", [], [], ["b", "c"]),
            ("c\ta", ["b"], [], ["a", "c"]),
            ("a\tb\tb\tc", [], ["b"], []),
            ("A\tb\tc\r", ["a"], ["A"], []),
            ("", ["a", "b", "c"], [""], []),
        ] as [(String, [String], [String], [String])]
    )
    func columns(header: String, missing: [String], unexpected: [String], outOfOrder: [String]) {
        let problem = check(header)
        #expect(
            problem
                == .columns(missing: missing, unexpected: unexpected, outOfOrder: outOfOrder)
        )
        for name in missing + outOfOrder { #expect("\(problem, default: "")".contains(name)) }
    }

    @Test("names are compared by their bytes")
    func bytes() {
        let composed = TransformDeclaration(columns: [ColumnDeclaration(name: "é", type: .string)])
        #expect(checkHeader(Array("e\u{301}".utf8), against: composed) != nil)
        #expect(checkHeader(Array("é".utf8), against: composed) == nil)
    }
}
