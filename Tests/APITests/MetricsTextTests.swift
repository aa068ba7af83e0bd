import API
import Testing

@Suite("Figures in Prometheus's text form")
struct MetricsTextTests {
    @Test("a family has its help and type before its samples, and labels in braces")
    func family() {
        var metrics = MetricsText()
        metrics.add(
            "jobs",
            .gauge,
            "Jobs.",
            [.init(2, ["state": "RUNNING", "pool": "a"]), .init(0)]
        )
        #expect(
            metrics.text == """
                # HELP jobs Jobs.
                # TYPE jobs gauge
                jobs{state="RUNNING",pool="a"} 2
                jobs 0

                """
        )
    }

    @Test("whole numbers have no fraction, others have theirs")
    func numbers() {
        var metrics = MetricsText()
        metrics.add("a_total", .counter, "A.", Int64.max >> 11)
        metrics.add("b_seconds_total", .counter, "B.", 1.25)
        let lines = metrics.text.split(separator: "\n")
        #expect(lines[2] == "a_total 4503599627370495")
        #expect(lines[5] == "b_seconds_total 1.25")
    }

    @Test("what outsiders name can begin no line and end no label")
    func hostileLabels() {
        var metrics = MetricsText()
        metrics.add("x", .gauge, "A \\ and\nmore", [.init(1, ["path": "a\"b\\c\nx 7"])])
        #expect(
            metrics.text == #"""
                # HELP x A \\ and\nmore
                # TYPE x gauge
                x{path="a\"b\\c\nx 7"} 1

                """#
        )
    }

    @Test("a family without samples is left out")
    func empty() {
        var metrics = MetricsText()
        metrics.add("x", .gauge, "X.", [])
        #expect(metrics.text.isEmpty)
    }
}
