/// What can go wrong while Parquet is written or read back.
package enum ParquetError: Error, Equatable, CustomStringConvertible {
    /// libzstd refused a page; `reason` is its name for the error.
    case compression(column: String, reason: String)
    /// A page would not fit the format's 32-bit sizes.
    case pageTooLarge(column: String, sizeBytes: Int)
    /// Bytes from the wire that are no row group metadata of these columns.
    case malformedMetadata(offset: Int, reason: String)
    /// Bytes of a file that are no Parquet footer.
    case malformedFooter(offset: Int, reason: String)
    /// The end of the file that was handed over does not hold the whole footer.
    case footerBeyondTail(neededBytes: Int)

    package var description: String {
        switch self {
        case .compression(let column, let reason):
            "column \(column): zstd failed with '\(reason)': free memory or lower the number of slots"
        case .pageTooLarge(let column, let sizeBytes):
            "column \(column): a page of \(sizeBytes) bytes is over the format's limit of 2 GiB:"
                + " use smaller chunks"
        case .malformedMetadata(let offset, let reason):
            "row group metadata, byte \(offset): \(reason): the sender is damaged or of another"
                + " version; run its attempt again"
        case .malformedFooter(let offset, let reason):
            "Parquet footer, byte \(offset): \(reason): the file is damaged; write it again"
        case .footerBeyondTail(let neededBytes):
            "the Parquet footer takes the last \(neededBytes) bytes of the file: hand over as many"
        }
    }
}
