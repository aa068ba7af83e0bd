/// The times of some runs, for one unit of work each.
package struct Measurement: Equatable, Sendable {
    package let name: String
    package let unit: Benchmark.Unit
    /// Units of work of one run.
    package let count: Int
    /// Nanoseconds for one unit, of each run.
    package let nanoseconds: [Double]

    package init(name: String, unit: Benchmark.Unit, count: Int, nanoseconds: [Double]) {
        precondition(!nanoseconds.isEmpty, "no runs")
        self.name = name
        self.unit = unit
        self.count = count
        self.nanoseconds = nanoseconds
    }

    /// The middle one; of an even number the mean of the two in the middle.
    package var median: Double {
        let sorted = nanoseconds.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// One line of JSON.
    package var json: String {
        let runs = nanoseconds.map { "\($0)" }.joined(separator: ", ")
        return #"{"name": "\#(name)", "unit": "\#(unit.rawValue)", "count": \#(count), "#
            + #""nanoseconds": \#(median), "runs": [\#(runs)]}"#
    }
}
