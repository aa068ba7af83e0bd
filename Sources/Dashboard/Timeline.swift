import API
import Base

/// Who worked at which table when: a lane a worker, a row in it a slot.
///
/// Places are percentages, so that the drawing is as wide as the page, and letters stay letters. A
/// table is known by its colour and its number; what went wrong by a cross, and in words below.
struct Timeline {
    /// Workers shown; the others are counted.
    static let lanesShown = 40
    /// Notes shown in words.
    static let notesShown = 50
    private static let slotHeight = 14.0
    /// Percent of the width from which a table's number fits into a span.
    private static let numberWidth = 2.2

    var course: JobCourse
    var steps: [StepStatus]
    /// Attempts that did not finish; marked on the lanes of their workers.
    var troubles: [AttemptSummary]
    /// RFC 3339: of the job, or of now as long as it runs.
    var end: String

    var html: HTML {
        guard !course.lanes.isEmpty else {
            return #"<p class="none">No task has finished yet.</p>\#(notes)"#
        }
        let shown = course.lanes.prefix(Self.lanesShown)
        return """
            <p class="legend">\(legend)</p>
            <div class="timeline">
            \(shown.map(lane))<div class="times" aria-hidden="true">\(times)</div>
            </div>
            \(summary(shown.count))\(notes)
            """
    }

    /// Milliseconds of the whole drawing.
    private var length: Double {
        let last = course.lanes.flatMap { $0.slots.compactMap { $0.last?.to } }.max() ?? 0
        return Double(max(1, last, milliseconds(end)))
    }

    private func milliseconds(_ rfc3339: String) -> Int64 {
        let start = WallTime(microseconds: course.start).rfc3339
        return Int64((Text.seconds(from: start, to: rfc3339) ?? 0) * 1000)
    }

    private func percent(_ milliseconds: Int64) -> Double {
        min(100, max(0, Double(milliseconds) / length * 100))
    }

    private var legend: [HTML] {
        let worked = Set(course.lanes.flatMap { $0.slots.flatMap { $0.map(\.step) } })
        return worked.sorted().map { index in
            #"<span>\#(StepStatus.chip(index, steps.name(index)))</span> "#
        } + [#"<span><span class="cross" aria-hidden="true">✕</span> did not finish</span>"#]
    }

    private func lane(_ lane: JobCourse.Lane) -> HTML {
        let height = Double(lane.slots.count) * Self.slotHeight
        let spans = lane.slots.enumerated().flatMap { slot, spans in
            runs(of: spans, y: Double(slot) * Self.slotHeight)
        }
        let own = troubles.filter {
            ($0.worker, $0.host, $0.pid) == (lane.worker, lane.host, lane.pid)
        }
        let tasks = lane.slots.joined().reduce(0) { $0 + $1.tasks }
        return """
            <div class="who"><b>worker \(lane.worker)</b> \
            <span class="muted">\(lane.pool) · \(lane.host) · \(Parts.number(tasks)) tasks</span></div>
            <svg class="lane" width="100%" height="\(height)" role="img" \
            aria-label="worker \(lane.worker) finished \(Text.grouped(Int64(tasks))) tasks; \(own.count) \
            did not finish">\(spans)\(own.map { cross($0, height: height) })</svg>

            """
    }

    /// The spans of a slot and, above them, the number of each table where there is room for it.
    private func runs(of spans: [JobCourse.Span], y: Double) -> [HTML] {
        let firsts = spans.indices.filter { $0 == 0 || spans[$0 - 1].step != spans[$0].step }
        let numbers = firsts.map { first -> HTML in
            let run = spans[first...].prefix { $0.step == spans[first].step }
            let width = percent(run.last?.to ?? 0) - percent(spans[first].from)
            return number(spans[first], y: y, width: width)
        }
        return spans.map { span($0, y: y) } + numbers
    }

    private func span(_ span: JobCourse.Span, y: Double) -> HTML {
        let (x, end) = (percent(span.from), percent(span.to))
        let tasks = span.tasks == 1 ? "one task" : "\(Text.grouped(Int64(span.tasks))) tasks"
        let took = Text.duration(Double(span.to - span.from) / 1000)
        return """
            <rect class="s\(span.step % 8)" x="\(hundredths: x)%" \
            width="\(hundredths: max(0.15, end - x))%" y="\(y + 1)" height="\(Self.slotHeight - 2)">\
            <title>\(steps.name(span.step)): \(tasks), \(took)</title></rect>
            """
    }

    private func number(_ span: JobCourse.Span, y: Double, width: Double) -> HTML {
        guard width >= Self.numberWidth else { return .empty }
        return #"<text x="\#(percent(span.from) + 0.4)%" y="\#(y + 10.5)">\#(span.step + 1)</text>"#
    }

    private func cross(_ attempt: AttemptSummary, height: Double) -> HTML {
        let x = percent(milliseconds(attempt.ended))
        return """
            <text class="cross" x="\(x)%" y="\(height / 2 + 5)" text-anchor="middle">✕<title>\
            \(steps.name(attempt.step)), chunk \(attempt.chunk): \(attempt.cause)</title></text>
            """
    }

    private var times: [HTML] {
        [0, 0.25, 0.5, 0.75, 1].map { share in
            "<span>\(Text.duration(length * share / 1000))</span>"
        }
    }

    private func summary(_ shown: Int) -> HTML {
        let tasks = course.lanes.reduce(0) { sum, lane in
            sum + lane.slots.joined().reduce(0) { $0 + $1.tasks }
        }
        let workers =
            shown < course.lanes.count
            ? "the first \(shown) of \(Text.grouped(Int64(course.lanes.count))) workers are drawn; "
            : ""
        let sums =
            course.resolution > 0
            ? "tasks of one table are drawn together within "
                + Text.duration(max(0.1, Double(course.resolution) / 1000))
            : "each task is drawn"
        return """
            <p class="note">\(Parts.number(tasks)) finished tasks; \(workers)\(sums).</p>
            """
    }

    private var notes: HTML {
        guard !course.notes.isEmpty else { return .empty }
        let shown = course.notes.suffix(Self.notesShown)
        let items = shown.map { note -> HTML in
            """
            <li><span class="muted">\(Text.duration(Double(note.at) / 1000))</span> \(note.text)</li>

            """
        }
        let count: HTML =
            shown.count < course.noteCount
            ? #"<p class="note">The newest \#(shown.count) of \#(Parts.number(course.noteCount)); the log has all.</p>"#
            : ""
        return #"<h3>Decisions</h3><ol class="notes">\#(items)</ol>\#(count)"#
    }
}
