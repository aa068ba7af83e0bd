/// How much a gzip input may ask for.
package struct GzipLimits: Equatable, Sendable {
    /// Bytes of content per compressed byte that are still believed.
    ///
    /// Tables of text reach 4 to 20, columns that repeat one value 100. Deflate itself ends at 1032.
    package var maximumRatio: Int64

    /// Bytes of content below which the ratio is not looked at.
    ///
    /// A small file of equal lines is legitimate at any ratio, and 1 GiB does no harm to a stream.
    package var ratioFloorBytes: Int64

    /// Bytes of one member's header, with its extra field, name and comment.
    ///
    /// The extra field has at most 64 KiB; names are paths. A guess with room to spare.
    package var headerSizeBytes: Int

    package init(
        maximumRatio: Int64 = 200,
        ratioFloorBytes: Int64 = 1 << 30,
        headerSizeBytes: Int = 1 << 20
    ) {
        self.maximumRatio = maximumRatio
        self.ratioFloorBytes = ratioFloorBytes
        self.headerSizeBytes = headerSizeBytes
    }
}
