/// A piece of SQL text, as much as the guard needs to know of it.
package enum SQLToken: Equatable, Sendable {
    /// A keyword or a name, in lower case (DuckDB's names know no case).
    case word(String)
    /// A name in double quotes, in lower case, unquoted.
    case quotedName(String)
    case string
    case number
    /// One character of punctuation or of an operator.
    case symbol(Unicode.Scalar)

    /// The name that this may be, quoted or not.
    var name: String? {
        switch self {
        case .word(let name), .quotedName(let name): name
        case .string, .number, .symbol: nil
        }
    }
}
