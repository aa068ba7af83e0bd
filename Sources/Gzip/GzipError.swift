/// Why compressed input is not what it should be.
///
/// Offsets count bytes of the compressed input from 0. Member offsets are those of the member's first
/// byte. None of these is worth a retry but `source`: the file has to be fetched or made again.
package enum GzipError: Error, Equatable, Sendable {
    /// There is not a single byte.
    case empty
    /// The input does not begin as a gzip member begins.
    case notGzip(offset: Int64)
    /// The input ends within a member.
    case truncated(offset: Int64)
    /// The compressed data cannot be decoded; it was read up to about `offset`.
    case damaged(offset: Int64, detail: String)
    /// The header of the member at `member` has another CRC-16 than it says.
    case wrongHeaderCRC(member: Int64, expected: UInt16, found: UInt16)
    /// The content of the member at `member` has another CRC-32 than its trailer says.
    case wrongCRC(member: Int64, expected: UInt32, found: UInt32)
    /// The content of the member at `member` has another length, modulo 2^32, than its trailer says.
    case wrongLength(member: Int64, expected: UInt32, found: UInt32)
    /// Something that is neither a member nor zero padding follows the last member.
    case trailingBytes(offset: Int64)
    /// The header of a member asks for something that RFC 1952 does not define, or is too long.
    case unsupportedHeader(offset: Int64, detail: String)
    /// The content is too many times larger than the compressed bytes that gave it.
    case ratioExceeded(offset: Int64, rawSizeBytes: Int64, maximumRatio: Int64)
    /// The source of the compressed bytes failed; the words are the source's own.
    case source(description: String)
}

extension GzipError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty:
            "the input is empty (0 bytes), which no gzip file is; fetch it again"
        case .notGzip(let offset):
            "no gzip header at byte \(offset); give a file made by gzip, or fetch it again"
        case .truncated(let offset):
            "the input ends in the middle, at byte \(offset); fetch it again"
        case .damaged(let offset, let detail):
            "damaged compressed data near byte \(offset): \(detail); fetch it again"
        case .wrongHeaderCRC(let member, let expected, let found):
            "damaged header of the gzip member at byte \(member): CRC-16 should be "
                + "\(hexadecimal(expected)), is \(hexadecimal(found)); fetch the input again"
        case .wrongCRC(let member, let expected, let found):
            "damaged content of the gzip member at byte \(member): CRC-32 should be "
                + "\(hexadecimal(expected)), is \(hexadecimal(found)); fetch the input again"
        case .wrongLength(let member, let expected, let found):
            "damaged content of the gzip member at byte \(member): its length modulo 2^32 should be "
                + "\(expected), is \(found); fetch the input again"
        case .trailingBytes(let offset):
            "bytes that are neither gzip nor zero padding follow the last member, from byte "
                + "\(offset); cut them off, or fetch the input again"
        case .unsupportedHeader(let offset, let detail):
            "unsupported gzip header near byte \(offset): \(detail); compress the input with gzip"
        case .ratioExceeded(let offset, let rawSizeBytes, let maximumRatio):
            "\(offset) compressed bytes gave \(rawSizeBytes), more than \(maximumRatio):1; "
                + "refused as a decompression bomb"
        case .source(let description):
            description
        }
    }

    private func hexadecimal(_ value: some UnsignedInteger & FixedWidthInteger) -> String {
        let digits = String(value, radix: 16)
        return "0x" + String(repeating: "0", count: value.bitWidth / 4 - digits.count) + digits
    }
}
