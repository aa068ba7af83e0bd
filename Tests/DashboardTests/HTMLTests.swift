import Dashboard
import Testing

@Suite("HTML")
struct HTMLTests {
    @Test(
        "what is interpolated is text, in content and in attributes",
        arguments: [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            (#"" onload="x"#, "&quot; onload=&quot;x"), ("' x='", "&#39; x=&#39;"),
            ("a & b", "a &amp; b"), ("&lt;", "&amp;lt;"), ("é 😀", "é 😀"), ("a\u{0}b", "a\u{fffd}b"),
        ]
    )
    func escaping(text: String, escaped: String) {
        let piece: HTML = #"<a title="\#(text)">\#(text)</a>"#
        #expect(piece.text == #"<a title="\#(escaped)">\#(escaped)</a>"#)
    }

    @Test("HTML within HTML is not escaped again")
    func nesting() {
        let inner: HTML = "<b>\("<")</b>"
        let outer: HTML = "<p>\(inner)\([inner, inner])</p>"
        #expect(outer.text == "<p><b>&lt;</b><b>&lt;</b><b>&lt;</b></p>")
    }

    @Test(
        "coordinates have one decimal place",
        arguments: [(0, "0.0"), (1.25, "1.3"), (-0.5, "-0.5"), (719.96, "720.0"), (-0.04, "0.0")]
    )
    func coordinates(value: Double, text: String) {
        let piece: HTML = "\(value)"
        #expect(piece.text == text)
    }
}

@Suite("Windows of long lists")
struct ListWindowTests {
    @Test(
        "a page shows its part, and one beyond either end is the last or the first",
        arguments: [
            (0, 1, 0..<0, 1), (10, 1, 0..<10, 1), (101, 1, 0..<50, 1), (101, 3, 100..<101, 3),
            (101, 9, 100..<101, 3), (101, -4, 0..<50, 1), (100, 2, 50..<100, 2),
        ]
    )
    func parts(total: Int, asked: Int, shown: Range<Int>, page: Int) {
        let window = ListWindow(total: total, page: asked, size: 50)
        #expect(window.shown == shown)
        #expect(window.page == page)
    }
}
