import API

/// The steps of a job as boxes, from the left to the right in the order of what needs what.
struct WorkflowGraph {
    private static let boxWidth = 208.0
    private static let boxHeight = 46.0
    private static let gapX = 44.0
    private static let gapY = 12.0
    /// Boxes side by side where no step needs another.
    private static let perRow = 4
    /// Characters of a name that fit into a box.
    private static let nameLength = 25

    var steps: [StepStatus]

    private struct Box {
        let index: Int
        let step: StepStatus
        let x: Double
        let y: Double
    }

    var html: HTML {
        let boxes = boxes
        let width = (boxes.map { $0.x + Self.boxWidth }.max() ?? 0) + 2
        let height = (boxes.map { $0.y + Self.boxHeight }.max() ?? 0) + 2
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="Steps and what they need">
            <svg class="graph" width="\(width)" height="\(height)" \
            viewBox="-1 -1 \(width) \(height)" role="img" \
            aria-label="\(boxes.count) steps; the table below tells the same">
            \(boxes.flatMap { edges(to: $0, from: boxes) })\(boxes.map(drawing))
            </svg></div>
            """
    }

    /// How many steps must have ended, one after the other, before each.
    private var depths: [Int: Int] {
        var depths: [Int: Int] = [:]
        // Needed steps come first in the order in which steps are done.
        for (index, step) in steps.placed {
            depths[index] = ((step.needs ?? []).compactMap { depths[$0] }.max() ?? -1) + 1
        }
        return depths
    }

    private var boxes: [Box] {
        let depths = depths
        let isFlat = depths.values.allSatisfy { $0 == 0 }
        var filled: [Int: Int] = [:]
        return steps.placed.enumerated().map { place, entry in
            let column = isFlat ? place % Self.perRow : depths[entry.index] ?? 0
            let row = isFlat ? place / Self.perRow : filled[column, default: 0]
            filled[column] = row + 1
            let gapX = isFlat ? Self.gapY : Self.gapX
            return Box(
                index: entry.index,
                step: entry.step,
                x: Double(column) * (Self.boxWidth + gapX),
                y: Double(row) * (Self.boxHeight + Self.gapY)
            )
        }
    }

    private func edges(to box: Box, from boxes: [Box]) -> [HTML] {
        (box.step.needs ?? []).compactMap { need in
            guard let other = boxes.first(where: { $0.index == need }) else { return nil }
            let (x1, y1) = (other.x + Self.boxWidth, other.y + Self.boxHeight / 2)
            let (x2, y2) = (box.x, box.y + Self.boxHeight / 2)
            let middle = (x1 + x2) / 2
            return
                #"<path class="edge" d="M\#(x1) \#(y1)C\#(middle) \#(y1) \#(middle) \#(y2) \#(x2) \#(y2)"/>"#
        }
    }

    private func drawing(_ box: Box) -> HTML {
        let name = box.step.name
        let isLong = name.count > Self.nameLength
        let shown = isLong ? name.prefix(Self.nameLength - 1) + "…" : name[...]
        let filled = Self.boxWidth * (box.step.state == .done ? 1 : box.step.share)
        return """
            <g transform="translate(\(box.x) \(box.y))" class="\(Self.tone(box.step.state))">
            <title>\(name): \(words(box.step))</title>
            <rect class="box" width="\(Self.boxWidth)" height="\(Self.boxHeight)" rx="7"/>
            <rect class="bar s\(box.index % 8)" y="\(Self.boxHeight - 4)" width="\(filled)" height="3"/>
            <text x="11" y="18" class="name">\(String(shown))</text>
            <text x="11" y="35" class="state">\(words(box.step))</text>
            </g>

            """
    }

    private static func tone(_ state: JobState) -> String {
        switch state {
        case .pending: "pending"
        case .running: "running"
        case .done: "done"
        case .error: "error"
        case .cancelled, .skipped: "ended"
        }
    }

    private func words(_ step: StepStatus) -> String {
        let chunks = step.chunks
        return switch step.state {
        case .pending: "◦ waits"
        case .running where !step.hasTasks: "▸ running"
        case .running:
            "▸ \(Text.grouped(Int64(chunks.done))) of \(Text.grouped(Int64(chunks.total))) chunks"
        case .done where !step.hasTasks: "✓ done"
        case .done: "✓ \(Text.grouped(step.rows)) rows"
        case .error: "✕ failed"
        case .cancelled: "■ cancelled"
        case .skipped: "» skipped"
        }
    }
}
