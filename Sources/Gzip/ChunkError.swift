/// Why a stream could not be cut into chunks.
package enum ChunkError: Error, Equatable, Sendable {
    case gzip(GzipError)
    /// A line, counted from 1 in the file, has more than `limit` bytes with its newline.
    case lineTooLong(line: Int64, limit: Int)
}

extension ChunkError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .gzip(let error): error.description
        case .lineTooLong(let line, let limit):
            "line \(line) has more than \(limit) bytes; the input is not a table of lines, "
                + "or a newline is missing there"
        }
    }
}
