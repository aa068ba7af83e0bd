import CLI
import Testing

@Suite("Text")
struct TextTests {
    @Test(
        "numbers are grouped by threes",
        arguments: [
            (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"),
            (Int64.min, "-9,223,372,036,854,775,808"),
        ]
    )
    func grouped(number: Int64, text: String) { #expect(Text.grouped(number) == text) }

    @Test(
        "durations are as exact as they are short",
        arguments: [
            (0, "0.0 s"), (0.04, "0.0 s"), (12.34, "12.3 s"), (59.96, "1:00"), (245, "4:05"),
            (3723, "1:02:03"), (-1, "0.0 s"), (.infinity, "-"), (.nan, "-"),
        ]
    )
    func duration(seconds: Double, text: String) { #expect(Text.duration(seconds) == text) }

    @Test("the time between two instants counts days, leap years and fractions")
    func between() {
        let seconds = { Text.seconds(from: $0, to: $1) }
        #expect(seconds("2026-11-23T20:08:10.5Z", "2026-11-23T20:08:12.123456Z") == 1.623456)
        #expect(seconds("2024-02-28T00:00:00Z", "2024-03-01T00:00:00Z") == 172_800.0)
        #expect(seconds("1999-12-31T23:59:59Z", "2000-01-01T00:00:00Z") == 1.0)
    }

    @Test(
        "what is no time has no duration",
        arguments: ["", "Z", "2026", "now", "2026-11-23T20:08:10"]
    )
    func noTime(text: String) {
        #expect(Text.seconds(from: text, to: "2026-11-23T20:08:10Z") == nil)
        #expect(Text.seconds(from: nil, to: "2026-11-23T20:08:10Z") == nil)
    }

    @Test("times are shown without fractions")
    func time() {
        #expect(Text.time("2026-11-23T20:08:10.123456Z") == "2026-11-23 20:08:10Z")
        #expect(Text.time("soon") == "soon")
        #expect(Text.time(nil) == nil)
    }

    @Test("control characters of foreign text do not reach the terminal")
    func printable() {
        #expect(Text.printable("a\u{1b}[31mb\nc\u{9b}") == "a [31mb c ")
        #expect(Text.printable("größe 東京") == "größe 東京")
    }
}

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

@Suite("Paths")
struct PathsTests {
    @Test(
        "a path is made absolute without looking at the disk",
        arguments: [
            ("data", "/home/u/data"), ("./a/../b//c/", "/home/u/b/c"), ("/x/./y", "/x/y"),
            ("../../..", "/"), ("*.gz", "/home/u/*.gz"), ("/", "/"),
        ]
    )
    func absolute(path: String, expected: String) {
        #expect(Paths.absolute(path, in: "/home/u") == expected)
    }

    @Test("names are names and paths are paths")
    func jobFiles() {
        #expect(["a/b", "./x", "job.yaml", "job.yml"].allSatisfy(Paths.isJobFile))
        #expect(!["imdb", "title_akas", "yaml"].contains(where: Paths.isJobFile))
    }
}
