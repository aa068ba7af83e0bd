import Base

/// A chunk's text as the run of a lease gives it compressed: a window, and deflate data behind it.
///
/// The run is the window in its stored form, then the slice; docs/formats/split-index.md.
package struct LeasedSlice: Equatable, Sendable {
    /// Bytes of the run.
    package var sizeBytes: Int
    package var windowSizeBytes: Int
    package var storedWindowSizeBytes: Int
    /// Bits of the slice's first byte that stand before the block.
    package var bitOffset: Int
    /// Content in front of the chunk.
    package var skippedBytes: Int
    /// CRC-32 of the chunk's text; that of the run is told by its end.
    package var textCRC32: UInt32

    package init(
        sizeBytes: Int,
        windowSizeBytes: Int,
        storedWindowSizeBytes: Int,
        bitOffset: Int,
        skippedBytes: Int,
        textCRC32: UInt32
    ) {
        self.sizeBytes = sizeBytes
        self.windowSizeBytes = windowSizeBytes
        self.storedWindowSizeBytes = storedWindowSizeBytes
        self.bitOffset = bitOffset
        self.skippedBytes = skippedBytes
        self.textCRC32 = textCRC32
    }
}

extension FieldWriter {
    mutating func slice(_ slice: LeasedSlice) {
        integer(UInt32(slice.sizeBytes))
        integer(UInt32(slice.windowSizeBytes))
        integer(UInt32(slice.storedWindowSizeBytes))
        integer(UInt8(slice.bitOffset))
        integer(UInt32(slice.skippedBytes))
        integer(slice.textCRC32)
    }
}

extension LeasedSlice {
    /// Largest run: the slice of the largest chunk, and a window.
    static let sizeLimitBytes =
        Limits.sliceSizeBytes(chunkSizeBytes: Limits.chunkSizeBytes.upperBound)
        + Limits.windowSizeBytes

    init(_ fields: inout FieldReader) throws(WireError) {
        sizeBytes = Int(try fields.integer(UInt32.self))
        windowSizeBytes = Int(try fields.integer(UInt32.self))
        storedWindowSizeBytes = Int(try fields.integer(UInt32.self))
        bitOffset = Int(try fields.integer(UInt8.self))
        skippedBytes = Int(try fields.integer(UInt32.self))
        textCRC32 = try fields.integer()
        guard sizeBytes <= Self.sizeLimitBytes else {
            throw .fieldTooLarge(field: "slice", value: sizeBytes, limit: Self.sizeLimitBytes)
        }
        guard windowSizeBytes <= Limits.windowSizeBytes, storedWindowSizeBytes <= windowSizeBytes,
            storedWindowSizeBytes <= sizeBytes, bitOffset <= 7
        else { throw .malformed(message: "leaseSlice") }
    }
}
