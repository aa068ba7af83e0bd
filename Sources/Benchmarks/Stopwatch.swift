import Base

/// Adds up the times for which it runs.
struct Stopwatch {
    private(set) var elapsed = Duration.zero

    /// Runs `body` and adds the time that it took.
    mutating func measure<Result>(_ body: () throws -> Result) rethrows -> Result {
        let start = ContinuousClock.now
        defer { elapsed += start.duration(to: .now) }
        return try body()
    }
}
