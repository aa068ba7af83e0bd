/// How many rejected rows fail a job; product.md section 4.
package struct RejectLimits: Sendable, Equatable {
    /// More rejected rows than this fail the job at once.
    package var maxRows: Int64
    /// A larger share of the lines than this fails it at the end of the input.
    package var maxShare: Double
    /// The share counts only from this many lines on: one bad row of three is no proof of bad input.
    package static let linesForShare: Int64 = 10_000

    package init(maxRows: Int64 = 1000, maxShare: Double = 0.001) {
        self.maxRows = maxRows
        self.maxShare = maxShare
    }
}
