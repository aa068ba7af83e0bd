/// Why DuckDB was not asked, or gave no answer.
package enum QueryError: Error, Equatable, CustomStringConvertible {
    case notInstalled(String)
    /// The program did not start, or did not end in time.
    case notRun(String)
    /// A view that readers could not use; the text names it and what is wrong.
    case badView(String)

    package var description: String {
        switch self {
        case .notInstalled(let text), .notRun(let text), .badView(let text): text
        }
    }
}
