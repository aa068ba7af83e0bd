/// Every limit of the product, with its unit and where the number comes from.
///
/// Going over one is an error that names it, and each has a test.
package enum Limits {
    /// Bytes of one line of an input file, its newline included.
    ///
    /// failure-model.md: row length 1 MiB.
    package static let lineSizeBytes = 1 << 20

    /// Smallest and largest chunk of raw input that a task reads, in bytes.
    ///
    /// Below 64 KiB the frames and row groups cost more than the rows; a chunk must stay addressable
    /// by 32-bit offsets with room to spare.
    package static let chunkSizeBytes = (64 << 10)...(256 << 20)

    /// Readable bytes behind the end of a chunk's text, so that vector loops may over-read.
    package static let textSlackBytes = 64

    /// Payload of one frame between coordinator and worker, in bytes.
    package static let framePayloadBytes = 1 << 20

    /// Rows of one Parquet row group; product.md section 5.
    package static let rowGroupRows = 512 << 10

    /// Size at which a new segment (Parquet file) is begun, in bytes; product.md section 5.
    package static let segmentSizeBytes = 128 << 20

    /// Columns of one table; a guess that keeps positions and footers small.
    package static let columns = 1024

    /// Slots of one worker: attempts it runs at the same time.
    package static let slots = 1...64

    /// Bytes of one HTTP request's body and of its headers; failure-model.md section 4.
    package static let httpBodyBytes = 1 << 20
    package static let httpHeaderBytes = 16 << 10
}
