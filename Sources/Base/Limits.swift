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

    /// How far references of deflate reach back, in bytes; RFC 1951 section 2.
    package static let windowSizeBytes = 32 << 10

    /// Compressed bytes from which one chunk is inflated, where a split index says from which.
    ///
    /// Inflating begins at most a chunk's size (and 256 KiB) before it. What does not compress has no more
    /// compressed bytes than raw ones, but for a few in each block; the rest is room for those.
    package static func sliceSizeBytes(chunkSizeBytes: Int) -> Int {
        2 * chunkSizeBytes + 4 * lineSizeBytes
    }

    /// Readable bytes behind the end of a chunk's text, so that vector loops may over-read.
    package static let textSlackBytes = 64

    /// Payload of one frame between coordinator and worker, in bytes.
    package static let framePayloadBytes = 1 << 20

    /// Rows of one Parquet row group; product.md section 5.
    package static let rowGroupRows = 512 << 10

    /// Size at which a new segment (Parquet file) is begun, in bytes; product.md section 5.
    package static let segmentSizeBytes = 128 << 20

    /// Payload of the frame in which a worker says who it is, in bytes.
    ///
    /// Names of hosts and pools are under 300 bytes together; whoever sends more before anybody
    /// knows who it is, is no worker.
    package static let helloPayloadBytes = 4 << 10

    /// Jobs that have not ended; one more is refused until one of them has.
    ///
    /// Each costs some 10 KiB of memory and a row, and a coordinator that comes back takes all of them
    /// in before it is ready. A guess at what no team waits for.
    package static let openJobs = 10_000

    /// Workers of one coordinator; as many as the largest pool that `cluster.yaml` may ask for.
    package static let workers = 1024

    /// Files and sockets that a coordinator may need at a time.
    ///
    /// 1,024 workers, as many ways to share memory with them, 512 connections that have not said
    /// which, 1,024 of HTTP; the rest is for blocks of shared memory, inputs, spool files and the store.
    package static let openFiles = 4096

    /// Bytes of messages that may wait for a peer that does not read them.
    ///
    /// Messages are small, and data does not count: this is minutes of them. A guess.
    package static let queuedMessageBytes = 4 << 20

    /// Columns of one table; a guess that keeps positions and footers small.
    package static let columns = 1024

    /// Fields of `partition_by`; a guess, more than anybody can keep in mind.
    package static let partitionFields = 8

    /// Partitions of one load, and buckets of one field.
    ///
    /// Each is a file at least, and a file that readers open costs them milliseconds: eleven years of
    /// days fit, and a column without equal values is noticed before it has made a million files.
    package static let partitions = 4096

    /// Slots of one worker: attempts it runs at the same time.
    package static let slots = 1...64

    /// Bytes of one HTTP request's body and of its headers; failure-model.md section 4.
    package static let httpBodyBytes = 1 << 20
    package static let httpHeaderBytes = 16 << 10
}
