import CZstd

/// Compresses pages with one zstd context that serves all columns of an encoder.
///
/// Holds the page under construction too: columns write one after another, so one is enough.
final class PageCompressor {
    /// Bytes left for a page header: five fields of at most 11 bytes, a struct and its ends.
    private static let headerRoomBytes = 128

    /// Base-two logarithm of the entries of level 1's match table, instead of zstd's 14.
    ///
    /// 16 KiB stay in the first-level cache beside the page. Measured on the pages of the seven IMDb
    /// tables: an eighth of the time less, 3.5 % more bytes.
    private static let fastHashLog: Int32 = 12

    var page = ByteBuffer()
    private let context: OpaquePointer

    init(level: Int32) {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("no memory for zstd") }
        self.context = context
        // libzstd clamps the level to what it has.
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        if level == 1 {
            ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, Self.fastHashLog)
        }
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Appends `page` with its header to `chunk`, and returns both sizes, headers included.
    func writePage(
        _ header: PageHeader,
        column: String,
        to chunk: inout ByteBuffer
    ) throws(ParquetError) -> (compressed: Int, uncompressed: Int) {
        let bytes = page.bytes
        guard ZSTD_compressBound(bytes.count) <= Int(Int32.max) else {
            throw .pageTooLarge(column: column, sizeBytes: bytes.count)
        }
        let bound = ZSTD_compressBound(bytes.count)
        let room = chunk.reserve(Self.headerRoomBytes + bound)
        let written = ZSTD_compress2(
            context,
            room + Self.headerRoomBytes,
            bound,
            bytes.baseAddress,
            bytes.count
        )
        guard ZSTD_isError(written) == 0 else {
            throw .compression(column: column, reason: String(cString: ZSTD_getErrorName(written)))
        }
        let head = header.encoded(uncompressed: bytes.count, compressed: written)
        precondition(head.count <= Self.headerRoomBytes, "a page header outgrew its room")
        // The header's size is known only now: the page moves up to it.
        (room + head.count).copyMemory(from: room + Self.headerRoomBytes, byteCount: written)
        UnsafeMutableRawBufferPointer(start: room, count: head.count).copyBytes(from: head)
        chunk.advance(by: head.count + written)
        return (head.count + written, head.count + bytes.count)
    }
}

/// What stands in front of a page: `struct PageHeader` of parquet.thrift.
struct PageHeader {
    let type: PageType
    /// Values and nulls of a data page, entries of a dictionary.
    let valueCount: Int
    let encoding: PageEncoding

    func encoded(uncompressed: Int, compressed: Int) -> [UInt8] {
        var writer = ThriftWriter()
        writer.field(1, i32: Int32(type.rawValue))
        writer.field(2, i32: Int32(uncompressed))
        writer.field(3, i32: Int32(compressed))
        writer.beginStruct(field: type == .data ? 5 : 7)
        writer.field(1, i32: Int32(valueCount))
        writer.field(2, i32: Int32(encoding.rawValue))
        if type == .data {
            writer.field(3, i32: Int32(PageEncoding.rle.rawValue))
            writer.field(4, i32: Int32(PageEncoding.rle.rawValue))
        }
        writer.endStruct()
        return writer.finish()
    }
}
