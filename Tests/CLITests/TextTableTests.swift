import CLI
import Testing

@Suite("Text table")
struct TextTableTests {
    @Test("columns are aligned, the last one is not padded, nil is a dash")
    func aligned() {
        var table = TextTable([.right("ID"), .left("NAME"), .right("N"), .left("WHY")])
        table.add(["1", "akas", "10", nil])
        table.add(["12", "größer", "5", "because"])
        #expect(
            table.text() == """
                ID  NAME     N  WHY
                 1  akas    10  -
                12  größer   5  because

                """
        )
    }

    @Test("colours change no widths and stay away from a plain palette")
    func colours() {
        var table = TextTable([.left("STATE"), .left("X")])
        table.add(["DONE", "1"])
        #expect(
            table.text(.coloured)
                == "\u{1b}[1mSTATE\u{1b}[0m  \u{1b}[1mX\u{1b}[0m\n\u{1b}[32mDONE\u{1b}[0m   1\n"
        )
        #expect(!table.text(.plain).contains("\u{1b}"))
    }

    @Test("a cell cannot break its line")
    func lines() {
        var table = TextTable([.left("A"), .left("B")])
        table.add(["x\ny", "\u{1b}[2J"])
        #expect(table.text() == "A    B\nx y   [2J\n")
    }
}
