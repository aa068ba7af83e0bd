import Columns

// The numbers of the Parquet format that our files use; parquet-format, `parquet.thrift`.

/// How the values of a page are written: `enum Encoding`.
package enum PageEncoding: UInt8, CaseIterable, Sendable {
    case plain = 0
    /// Levels only.
    case rle = 3
    case deltaLengthByteArray = 6
    case deltaByteArray = 7
    case rleDictionary = 8
}

/// How a leaf column is stored: `enum Type`.
enum PhysicalType: UInt8 {
    case boolean = 0
    case int32 = 1
    case int64 = 2
    case double = 5
    case byteArray = 6
}

extension ColumnStorage {
    var physicalType: PhysicalType {
        switch self {
        case .string, .stringList: .byteArray
        case .int32, .date: .int32
        case .int64, .timestamp: .int64
        case .float64: .double
        case .boolean: .boolean
        }
    }
}

/// `enum PageType`.
enum PageType: UInt8 {
    case data = 0
    case dictionary = 2
}

/// Numbers of our choice; docs/formats/segment.md gives the reasons.
enum PageLimits {
    /// A page is closed behind the batch in which its values reach so many bytes: 1 MiB is what other
    /// writers use, and it stays in the L2 cache until it is compressed.
    static let sizeBytes = 1 << 20
    /// The same for values and nulls; a batch more stays within 128 Ki, so ids of a page are 512 KiB.
    static let levels = (128 << 10) - ColumnBatch.rowCapacity
    /// Bytes of the longest text bound that statistics keep; a guess: longer ones prune no better.
    static let textBoundBytes = 4 << 10
}

/// Codec ZSTD of `enum CompressionCodec`: every page of ours.
let zstdCodec: Int32 = 6
