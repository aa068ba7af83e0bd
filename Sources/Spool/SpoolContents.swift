import Base
import Wire

/// What a spool file holds, as far as it is whole.
///
/// Records were appended and synced in groups, so a crash can only have torn what came last: reading
/// ends at the first record that is not whole, and what lies behind it never counted. A record tells
/// up to where the file was synced before it; only payloads behind that need to be hashed again.
package struct SpoolContents: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package var record: SpoolRecord
        /// Where the record's payload begins, in bytes from the start of the file.
        package var payloadOffset: Int64
    }

    package private(set) var header: SpoolHeader
    package private(set) var entries: [Entry] = []
    /// Where the next record is to be written; anything behind it is torn.
    package private(set) var endOffset: Int64

    /// Bytes that a record's head is looked for in at first; nearly all fit.
    private static let readSizeBytes = 4096

    /// Reads a spool file of `sizeBytes`; nil when not even its header is whole.
    ///
    /// `read` gives so many bytes from an offset on, fewer only at the file's end; `isIntact` tells
    /// whether the payload at an offset has the record's hash.
    package init?<Failure: Error>(
        sizeBytes: Int64,
        read: (_ count: Int, _ offset: Int64) throws(Failure) -> [UInt8],
        isIntact: (SpooledResult, _ offset: Int64) throws(Failure) -> Bool
    ) throws(Failure) {
        guard let block = try Self.block(at: 0, read),
            let header = SpoolBlock.decode(
                block,
                { kind, fields throws(WireError) in
                    guard kind == .header else { throw WireError.unexpectedData("no spool header") }
                    return try SpoolHeader(&fields)
                }
            )
        else { return nil }
        self.header = header
        endOffset = Int64(block.count)
        var heads: [(entry: Entry, endOffset: Int64)] = []
        var syncedOffset: Int64 = 0
        var offset = endOffset
        while let block = try Self.block(at: offset, read),
            let (record, synced) = Self.decode(block)
        {
            let payloadOffset = offset + Int64(block.count)
            offset = payloadOffset + Int64(record.payloadSizeBytes)
            guard offset <= sizeBytes else { break }
            syncedOffset = max(syncedOffset, synced)
            heads.append((Entry(record: record, payloadOffset: payloadOffset), offset))
        }
        for (entry, end) in heads {
            if case .result(let result) = entry.record, end > syncedOffset,
                try !isIntact(result, entry.payloadOffset)
            {
                break
            }
            entries.append(entry)
            endOffset = end
        }
    }

    private static func decode(_ block: [UInt8]) -> (record: SpoolRecord, syncedOffset: Int64)? {
        SpoolBlock.decode(block) { kind, fields throws(WireError) in
            let syncedOffset = try fields.integer(Int64.self)
            return (try SpoolRecord(kind, &fields), syncedOffset)
        }
    }

    private static func block<Failure: Error>(
        at offset: Int64,
        _ read: (Int, Int64) throws(Failure) -> [UInt8]
    ) throws(Failure) -> [UInt8]? {
        let front = try read(readSizeBytes, offset)
        guard let size = SpoolBlock.sizeBytes(front) else { return nil }
        if size <= front.count { return Array(front[..<size]) }
        let whole = try read(size, offset)
        return whole.count == size ? whole : nil
    }

    // MARK: What it says of the step

    /// The durable results by task; of two of the same task the first.
    ///
    /// Both would have been made of the same chunk by the same declaration.
    package var results: [Int: (result: SpooledResult, payloadOffset: Int64)] {
        var results: [Int: (result: SpooledResult, payloadOffset: Int64)] = [:]
        for entry in entries {
            guard case .result(let result) = entry.record, results[result.task] == nil else {
                continue
            }
            results[result.task] = (result, entry.payloadOffset)
        }
        return results
    }

    /// Tasks without data that are finished.
    package var finishedTasks: Set<Int> {
        entries.reduce(into: []) { tasks, entry in
            if case .finished(let finished) = entry.record { tasks.formUnion(finished) }
        }
    }

    /// How many chunks the input has; nil when it was not read to its end.
    package var chunkCount: Int? {
        for entry in entries {
            if case .inputEnded(let chunks) = entry.record { return chunks }
        }
        return nil
    }
}
