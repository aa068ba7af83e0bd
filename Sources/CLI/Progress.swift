package import API
package import Base

/// Turns the states of a job, as they come, into text: lines that stay and a bar that moves.
///
/// Pure: the caller passes the time in and draws.
package struct Progress: Sendable {
    /// How far back the rate looks; long enough to be calm, short enough to be true.
    private static let rateWindow: Duration = .seconds(5)

    private var jobState: JobState?
    private var reason: String?
    private var stepStates: [Int: JobState] = [:]
    /// Raw bytes read so far at some instants within the window, the oldest first.
    private var samples: [(at: Instant, bytes: Int64)] = []
    /// When and how far the running step was first seen.
    private var stepStart: (step: Int, at: Instant, share: Double)?

    package init() {}

    /// The lines that this status adds: one for each change of the job or of a step.
    package mutating func lines(for status: JobStatus, _ palette: Palette = .plain) -> [String] {
        var lines: [String] = []
        let jobChanged = status.state != jobState || status.reason != reason
        if jobChanged, !status.state.isEnded { lines.append(Self.line(for: status, palette)) }
        for (index, step) in status.steps.enumerated() where stepStates[index] != step.state {
            stepStates[index] = step.state
            // That a step waits is no news.
            if step.state != .pending { lines.append(Self.line(for: step, palette)) }
        }
        if jobChanged, status.state.isEnded { lines.append(Self.line(for: status, palette)) }
        jobState = status.state
        reason = status.reason
        return lines
    }

    private static func line(for status: JobStatus, _ palette: Palette) -> String {
        var line = "job \(status.id) (\(Text.printable(status.name))): "
        line += palette.state(status.state.rawValue)
        if !status.state.isEnded, let pool = status.pool { line += " in pool \(pool)" }
        if let seconds = Text.seconds(from: status.started, to: status.ended) {
            line += " in \(Text.duration(seconds))"
        }
        if let reason = status.reason { line += ": \(Text.printable(reason))" }
        return line
    }

    private static func line(for step: StepStatus, _ palette: Palette) -> String {
        var line = "\(step.table ?? step.job): \(palette.state(step.state.rawValue))"
        switch step.state {
        case .running where step.inputBytes > 0:
            line += ", \(ByteCount(step.inputBytes)) to read"
        case .done where !step.hasTasks:
            if step.inputBytes > 0 { line += ", \(ByteCount(step.inputBytes))" }
            if let seconds = Text.seconds(from: step.started, to: step.ended) {
                line += " in \(Text.duration(seconds))"
            }
        case .done:
            line += ", \(Text.grouped(step.rows)) rows"
            if step.rejected > 0 { line += ", \(Text.grouped(step.rejected)) rejected" }
            let failures = step.conversionFailures.values.reduce(0, +)
            if failures > 0 { line += ", \(Text.grouped(failures)) fields not converted" }
            if let seconds = Text.seconds(from: step.started, to: step.ended) {
                line += " in \(Text.duration(seconds))"
            }
        default: break
        }
        if let reason = step.reason { line += ": \(Text.printable(reason))" }
        return line
    }

    /// The bar of the step that runs, at most `width` characters; nil where none does.
    package mutating func bar(for status: JobStatus, at now: Instant, width: Int) -> String? {
        guard let index = status.steps.firstIndex(where: { $0.state == .running }),
            !status.state.isEnded
        else { return nil }
        let step = status.steps[index]
        let share = step.share
        if stepStart?.step != index {
            stepStart = (index, now, share)
            samples = []
        }
        let rate = rate(adding: step.hasTasks ? step.bytesIn : step.inputReadBytes, at: now)
        var parts = ["\(Int((share * 100).rounded(.down)))%"]
        if !step.hasTasks {
            // A file that comes from elsewhere.
            parts.append("\(ByteCount(step.inputReadBytes)) of \(ByteCount(step.inputBytes))")
        } else if step.inputBytes > 0 {
            parts += ["\(ByteCount(step.bytesIn))", "\(Text.grouped(step.rows)) rows"]
        } else {
            // A step that reads nothing, as a self-test: its tasks are all there is to count.
            parts.append("\(step.chunks.done) of \(step.chunks.total) tasks")
        }
        if rate > 0 { parts.append("\(ByteCount(Int64(min(rate, 1e18))))/s") }
        if let left = secondsLeft(share: share, at: now) {
            parts.append(Text.duration(left) + " left")
        }
        let name = step.table ?? step.job
        return String(
            "\(name)  \(Self.drawing(share))  \(parts.joined(separator: "  "))".prefix(width)
        )
    }

    /// Twenty cells, filled in eighths (the block elements U+2588 to U+258F).
    private static func drawing(_ share: Double) -> String {
        let eighths = Int((share * 160).rounded(.down))
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        let filled = String(repeating: "█", count: eighths / 8) + partial
        return filled + String(repeating: "·", count: 20 - filled.count)
    }

    /// Raw bytes a second over the window.
    private mutating func rate(adding bytes: Int64, at now: Instant) -> Double {
        samples.append((now, bytes))
        // One sample older than the window stays, so that the rate spans all of it.
        while samples.count > 2, now - samples[1].at >= Self.rateWindow { samples.removeFirst() }
        let seconds = (now - samples[0].at).seconds
        return seconds > 0 ? max(0, (Double(bytes) - Double(samples[0].bytes)) / seconds) : 0
    }

    private func secondsLeft(share: Double, at now: Instant) -> Double? {
        guard let stepStart, share > stepStart.share else { return nil }
        let seconds = (now - stepStart.at).seconds
        return seconds * (1 - share) / (share - stepStart.share)
    }
}
