import Base

/// Which refused connections are worth a line of the log: one a second, with the number of those
/// that were left out since, so that a flood does not push everything else out of it.
struct RefusalLog {
    private static let interval = Duration.seconds(1)

    private var lastLine: Instant?
    private var leftOut = 0

    /// The line to write about a refusal; nil when it is only counted.
    mutating func line(for refusal: String, at now: Instant) -> String? {
        if let lastLine, now - lastLine < Self.interval {
            leftOut += 1
            return nil
        }
        defer { (lastLine, leftOut) = (now, 0) }
        let others = leftOut == 0 ? "" : " (and \(leftOut) others before)"
        return "refused a connection of \(refusal)\(others)"
    }
}
