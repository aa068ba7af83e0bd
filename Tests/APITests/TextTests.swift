import API
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
