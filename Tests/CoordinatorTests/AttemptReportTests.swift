import Base
import Columns
import Testing
import Wire

@testable import Coordinator

@Suite("What a worker reports, as lines of a job's log")
struct AttemptReportTests {
    private let columns = [
        ColumnDeclaration(name: "id", type: .string), ColumnDeclaration(name: "n", type: .int32),
    ]

    @Test("stages in order, counts and memory on one line; each example on its own")
    func lines() {
        var report = AttemptReport()
        report.add(.microseconds(4560), to: .sent)
        report.add(.microseconds(12_340), to: .received)
        report.add(.milliseconds(80), to: .converted)
        report.peakMemoryBytes = 123 << 20
        report.append(AttemptReport.Example(column: 1, line: 901_205, text: Array("19x4".utf8)))
        let result = TransformResult(
            lines: 12,
            rows: 10,
            rejected: 2,
            conversionFailures: [0, 3],
            rowGroups: []
        )
        #expect(
            report.lines(result, columns: columns) == [
                "received in 12.3 ms, converted in 80.0 ms, sent in 4.5 ms, 10 rows, 2 rejected, "
                    + "3 fields not converted, 0 bytes of result, peak memory 123 MiB",
                "line 901205, column n: \"19x4\" does not convert",
            ]
        )
        #expect(AttemptReport().lines(nil, columns: columns) == [])
    }

    @Test("a column that there is not has its number")
    func unknownColumn() {
        var report = AttemptReport()
        report.append(AttemptReport.Example(column: 9, line: 1, text: []))
        #expect(report.lines(nil, columns: columns) == ["line 1, column 9: \"\" does not convert"])
    }

    @Test(
        "bytes of an input are shown so that they steer nothing and end nothing",
        arguments: [
            ("plain äß漢", #""plain äß漢""#), ("a\"b\\", #""a\"b\\""#), ("a\nb", #""a\nb""#),
            ("\u{1B}[2J", #""\u{1B}[2J""#), ("\u{202E}x", #""\u{202E}x""#),
            ("\u{9B}1m", #""\u{9B}1m""#), ("\u{2028}", #""\u{2028}""#), ("\0", #""\u{0}""#),
        ]
    )
    func hostileText(text: String, shown: String) {
        #expect(LogText.quoted(Array(text.utf8)) == shown)
    }

    @Test("bytes that are not UTF-8 are told one by one")
    func notUTF8() {
        #expect(LogText.quoted([0x61, 0xFF, 0xC3]) == #""a\xFF\xC3""#)
        #expect(LogText.quoted([0xE6, 0xBC, 0x62]) == #""\xE6\xBCb""#)
    }

    @Test("a failure's message, which a worker chose, is one line of visible characters")
    func message() {
        #expect(LogText.escaped("a\r\n\u{1B}[31mb") == #"a\u{D} \u{1B}[31mb"#)
    }
}
