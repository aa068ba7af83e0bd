import API
import Base

/// The last hour as three small plots, one above the other on the same scale of time.
struct ThroughputPlot {
    /// Of the drawing; it is stretched to the width that there is.
    private static let width = 720.0
    private static let height = 56.0

    var throughput: Throughput

    var html: HTML {
        let seconds = Int64(max(1, throughput.intervalSeconds))
        let intervals = throughput.intervals
        return """
            <div class="plots">
            \(plot("Text read", intervals.map(\.bytes)) { "\(ByteCount($0 / seconds).description)/s" })
            \(plot("Rows", intervals.map(\.rows)) { "\(Text.grouped($0 / seconds))/s" })
            \(plot("Tasks", intervals.map { Int64($0.tasks) }) { Self.rate($0, seconds) })
            </div>
            <p class="axis" aria-hidden="true"><span>60 min ago</span><span>30 min ago</span>\
            <span>now</span></p>
            """
    }

    /// With a tenth, where there are few.
    private static func rate(_ count: Int64, _ seconds: Int64) -> String {
        let tenths = count * 10 / seconds
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10)/s" : Text.grouped(tenths / 10) + "/s"
    }

    private func plot(
        _ title: String,
        _ values: [Int64],
        _ words: (Int64) -> String
    ) -> HTML {
        let most = values.max() ?? 0
        let peak = "peak \(words(most))"
        let now = words(values.last ?? 0)
        return """
            <figure>
            <figcaption><b>\(title)</b> <span>now \(now)</span> <span class="muted">\(peak)</span>\
            </figcaption>
            <svg class="plot" viewBox="0 0 \(Self.width) \(Self.height)" preserveAspectRatio="none" \
            role="img" aria-label="\(title) in the last hour: now \(now), \(peak)">
            \(most > 0 ? area(values, most) : HTML.empty)<line class="base" x1="0" x2="\(Self.width)" \
            y1="\(Self.height)" y2="\(Self.height)"/>
            </svg>
            </figure>
            """
    }

    /// The area below the values; each interval is as high as it was, without anything between.
    private func area(_ values: [Int64], _ most: Int64) -> HTML {
        let step = Self.width / Double(max(values.count, 1))
        var path: HTML = "M0 \(Self.height)"
        for (index, value) in values.enumerated() {
            let top = Self.height - Double(value) / Double(most) * (Self.height - 2)
            path = path + "L\(Double(index) * step) \(top)H\(Double(index + 1) * step)"
        }
        return #"<path class="area" d="\#(path)V\#(Self.height)Z"/>"#
    }
}
