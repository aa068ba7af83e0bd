import Base

/// Something whose speed is measured by itself: what is prepared once, and what one run does.
package struct Benchmark: Sendable {
    /// What the work of a run is counted in; figures are times for one of them.
    package enum Unit: String, Sendable {
        case byte, value, task, decision, append, commit
    }

    /// As it is asked for and stored: `parse.int32`.
    package let name: String
    package let unit: Unit
    private let prepare: @Sendable (Extent) throws -> Workload

    init(_ name: String, _ unit: Unit, prepare: @escaping @Sendable (Extent) throws -> Workload) {
        self.name = name
        self.unit = unit
        self.prepare = prepare
    }

    /// Runs it once to warm up, and then so many times.
    package func measure(_ extent: Extent, runs: Int) throws -> Measurement {
        precondition(runs > 0, "a median needs a run")
        let workload = try prepare(extent)
        precondition(workload.count > 0, "\(name) has nothing to do")
        var times: [Double] = []
        for run in 0...runs {
            var stopwatch = Stopwatch()
            try workload.run(&stopwatch)
            let time = Double(stopwatch.elapsed.nanoseconds) / Double(workload.count)
            if run > 0 { times.append(time) }
        }
        return Measurement(name: name, unit: unit, count: workload.count, nanoseconds: times)
    }

    /// All of them, in the order of the report.
    package static let all: [Benchmark] =
        gzip + checksums + text + columns + rows + frames + storage + scheduling
        + roundTrips
}

/// How much a benchmark does.
package enum Extent: Sendable {
    /// Enough for a figure: a run takes about a tenth of a second.
    case full
    /// As little as shows that it works.
    case small

    /// The number for this extent.
    func choose<Number>(_ full: Number, small: Number) -> Number {
        self == .full ? full : small
    }
}

/// What a benchmark has prepared.
struct Workload {
    /// Units of work that one run does.
    let count: Int
    /// One run, which measures with the stopwatch what counts of it.
    let run: (inout Stopwatch) throws -> Void
}
