package import Columns

/// A line of a chunk that became no row, and why: one row of the table of rejects.
package struct RejectedLine: Sendable, Equatable {
    /// Number of the line in its file, from 1.
    package let line: Int64
    /// The raw line in the chunk's text, without its newline and, where stripped, its CR.
    package let range: TextRange
    /// Whether the raw line is well-formed UTF-8.
    package let isUTF8: Bool
    /// For people: "9 fields expected, 7 found".
    package let reason: String

    package init(line: Int64, range: TextRange, isUTF8: Bool, reason: String) {
        self.line = line
        self.range = range
        self.isUTF8 = isUTF8
        self.reason = reason
    }
}
