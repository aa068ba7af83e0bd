import Base

/// How a result is spelled, on the wire and in the spool file of its step.
extension FieldWriter {
    package mutating func result(_ result: TransformResult) {
        integer(result.lines)
        integer(result.rows)
        integer(result.rejected)
        list(result.conversionFailures) { $0.integer($1) }
        list(result.rowGroups) { fields, rowGroup in
            fields.integer(rowGroup.table.rawValue)
            fields.integer(UInt32(rowGroup.pagesSizeBytes))
            fields.integer(UInt32(rowGroup.metadataSizeBytes))
            fields.integer(rowGroup.pagesCRC32)
            fields.integer(rowGroup.metadataCRC32)
        }
    }
}

extension FieldReader {
    package mutating func result() throws(WireError) -> TransformResult {
        let result = TransformResult(
            lines: try integer(),
            rows: try integer(),
            rejected: try integer(),
            conversionFailures: try list(minimumSizeBytes: 8) { fields throws(WireError) in
                try fields.integer()
            },
            rowGroups: try list(minimumSizeBytes: 17) { fields throws(WireError) in
                guard let table = RowGroupTable(rawValue: try fields.integer()) else {
                    throw .malformed(message: "result")
                }
                return ResultRowGroup(
                    table: table,
                    pagesSizeBytes: Int(try fields.integer(UInt32.self)),
                    metadataSizeBytes: Int(try fields.integer(UInt32.self)),
                    pagesCRC32: try fields.integer(),
                    metadataCRC32: try fields.integer()
                )
            }
        )
        try result.check()
        return result
    }
}

extension TransformResult {
    /// Four times the largest chunk.
    ///
    /// Pages are nearly always smaller than their text; rejects in hexadecimal double it.
    static let payloadLimitBytes = 4 * Limits.chunkSizeBytes.upperBound

    /// Refuses counts that contradict each other, or are so large that sums of them overflow.
    fileprivate func check() throws(WireError) {
        // A line takes a byte at least.
        let linesLimit = Int64(Limits.chunkSizeBytes.upperBound + Limits.lineSizeBytes)
        guard (0...linesLimit).contains(lines), (0...lines).contains(rejected),
            rows == lines - rejected, conversionFailures.allSatisfy((0...lines).contains)
        else { throw .malformed(message: "result") }
        guard payloadSizeBytes <= Self.payloadLimitBytes else {
            throw .fieldTooLarge(
                field: "payload size",
                value: payloadSizeBytes,
                limit: Self.payloadLimitBytes
            )
        }
    }
}
