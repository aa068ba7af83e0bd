import Base
import Gzip
import Wire

/// The common shape of a spool file's header and records: docs/formats/spool.md.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | kind |
/// | 4 | 4 | *n*, size of the fields in bytes |
/// | 8 | *n* | fields, spelled as on the wire |
/// | 8 + *n* | 4 | CRC-32 of everything before |
enum SpoolBlock {
    /// Four letters each, so that a stray block is recognised by a person, too.
    enum Kind: UInt32 {
        case header = 0x4853_544F
        case result = 0x5253_544F
        case finished = 0x4653_544F
        case inputEnded = 0x4553_544F
    }

    static let prefixSizeBytes = 8
    static let checksumSizeBytes = 4

    /// Largest fields: those of a result, which fit a frame, and of a header.
    ///
    /// A header names up to 10,000 files with paths of up to 4,096 bytes (PATH_MAX).
    static let fieldsSizeLimitBytes = 48 << 20

    static func encode(_ kind: Kind, _ write: (inout FieldWriter) -> Void) -> [UInt8] {
        var fields = FieldWriter()
        write(&fields)
        var block = FieldWriter()
        block.integer(kind.rawValue)
        block.bytes(fields.bytes)
        let checksum = block.bytes.withUnsafeBytes { crc32($0) }
        block.integer(checksum)
        return block.bytes
    }

    /// Size of the whole block, told by its first `prefixSizeBytes`; nil where no block begins.
    static func sizeBytes(_ prefix: [UInt8]) -> Int? {
        guard prefix.count >= prefixSizeBytes, kind(prefix) != nil else { return nil }
        let fields = Int(prefix.withUnsafeBytes { load($0, at: 4) })
        guard fields <= fieldsSizeLimitBytes else { return nil }
        return prefixSizeBytes + fields + checksumSizeBytes
    }

    /// Calls `body` with the fields of a whole block; nil for one whose checksum or fields are wrong.
    static func decode<Value>(
        _ block: [UInt8],
        _ body: (Kind, inout FieldReader) throws(WireError) -> Value
    ) -> Value? {
        guard let kind = kind(block), sizeBytes(block) == block.count else { return nil }
        return block.withUnsafeBytes { bytes in
            let end = bytes.count - checksumSizeBytes
            let checksum = crc32(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
            guard load(bytes, at: end) == checksum else { return nil }
            var fields = FieldReader(
                UnsafeRawBufferPointer(rebasing: bytes[prefixSizeBytes..<end]),
                message: "spool record"
            )
            // A block that is whole and makes no sense is another release's.
            return try? body(kind, &fields)
        }
    }

    private static func kind(_ block: [UInt8]) -> Kind? {
        guard block.count >= prefixSizeBytes else { return nil }
        return Kind(rawValue: block.withUnsafeBytes { load($0, at: 0) })
    }

    private static func load(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}
