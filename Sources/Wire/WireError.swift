/// What a peer sent that the protocol does not allow; the connection ends with it.
package enum WireError: Error, Equatable, CustomStringConvertible {
    case frameTooLarge(sizeBytes: Int, limit: Int)
    case unknownKind(UInt8)
    /// A message ended before its fields did, or went on behind them.
    case malformed(message: String)
    case fieldTooLarge(field: String, value: Int, limit: Int)
    /// Data outside of a run, or a run that begins, ends or grows where it must not.
    case unexpectedData(String)

    package var description: String {
        switch self {
        case .frameTooLarge(let size, let limit):
            "a frame of \(size) bytes is over the limit of \(limit)"
        case .unknownKind(let kind):
            "a frame of unknown kind \(kind): is the peer of another version?"
        case .malformed(let message):
            "the message \(message) has the wrong length for its fields"
        case .fieldTooLarge(let field, let value, let limit):
            "the field \(field) is \(value), over the limit of \(limit)"
        case .unexpectedData(let detail):
            "unexpected data: \(detail)"
        }
    }
}
