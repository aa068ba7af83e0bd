import Base
import Gzip
import Spool
import Testing
import Wire

/// A spool file in memory, written as the coordinator writes one.
private struct SpoolFile {
    static let header = SpoolHeader(
        step: StepID(job: JobID(7), index: 2),
        chunkSizeBytes: 65536,
        declarationHash: Array(0..<32),
        files: [
            SpoolHeader.InputFile(
                path: "/data/tïtle.tsv.gz",
                sizeBytes: 1 << 40,
                modifiedNanoseconds: 1_700_000_000_123_456_789,
                inode: 42,
                device: .max
            )
        ]
    )

    private(set) var bytes = Self.header.encoded
    private(set) var syncedOffset: Int64 = 0
    /// Where each record ends, its payload included.
    private(set) var ends: [Int] = []

    mutating func append(_ record: SpoolRecord) {
        bytes += record.encoded(syncedOffset: syncedOffset)
        if case .result(let result) = record { bytes += Self.payload(of: result) }
        ends.append(bytes.count)
    }

    mutating func synchronize() { syncedOffset = Int64(bytes.count) }

    /// A payload that the test's stand-in for a hash recognises.
    static func payload(of result: SpooledResult) -> [UInt8] {
        Array(repeating: UInt8(truncatingIfNeeded: result.task), count: size(of: result))
    }

    private static func size(of result: SpooledResult) -> Int { result.result.payloadSizeBytes }

    static func result(_ task: Int, payloadSizeBytes: Int = 40) -> SpoolRecord {
        .result(
            SpooledResult(
                attempt: AttemptID(5 << 32 | Int64(task)),
                task: task,
                chunk: ChunkSummary(
                    sizeBytes: 100,
                    lines: 3,
                    firstLine: 2,
                    source: "ä",
                    crc32: 1 << 31
                ),
                result: TransformResult(
                    lines: 3,
                    rows: 2,
                    rejected: 1,
                    conversionFailures: [0, 3],
                    rowGroups: [
                        ResultRowGroup(
                            table: .rows,
                            pagesSizeBytes: payloadSizeBytes - 10,
                            metadataSizeBytes: 10,
                            pagesCRC32: 11,
                            metadataCRC32: 1 << 31
                        )
                    ]
                ),
                sha256: Array(repeating: UInt8(truncatingIfNeeded: task), count: 32)
            )
        )
    }

    /// Two results, synced, and then one more, tasks without data and the input's end.
    static var sample: SpoolFile {
        var file = SpoolFile()
        file.append(result(0))
        file.append(result(1))
        file.synchronize()
        file.append(result(2))
        file.append(.finished([3, 9]))
        file.append(.inputEnded(chunks: 12))
        return file
    }

    static let records: [SpoolRecord] = [
        result(0), result(1), result(2), .finished([3, 9]), .inputEnded(chunks: 12),
    ]
}

private func contents(_ bytes: [UInt8]) -> SpoolContents? {
    SpoolContents(
        sizeBytes: Int64(bytes.count),
        read: { count, offset in
            let start = min(bytes.count, Int(offset))
            return Array(bytes[start..<min(bytes.count, start + count)])
        },
        isIntact: { result, offset in
            let payload = SpoolFile.payload(of: result)
            let start = Int(offset)
            return Array(bytes[start..<start + payload.count]) == payload
        }
    )
}

@Suite("Spool files")
struct SpoolContentsTests {
    @Test("what was written is read back, in order")
    func roundTrip() throws {
        let file = SpoolFile.sample
        let read = try #require(contents(file.bytes))
        #expect(read.header == SpoolFile.header)
        #expect(read.entries.map(\.record) == SpoolFile.records)
        #expect(read.endOffset == Int64(file.bytes.count))
        #expect(read.results.keys.sorted() == [0, 1, 2])
        #expect(read.finishedTasks == [3, 9])
        #expect(read.chunkCount == 12)
        for (task, found) in read.results {
            let start = Int(found.payloadOffset)
            #expect(file.bytes[start] == UInt8(task))
        }
    }

    @Test("a file cut at any byte holds exactly the records that are whole")
    func cutAnywhere() throws {
        let file = SpoolFile.sample
        for size in 0..<file.bytes.count {
            guard let read = contents(Array(file.bytes[..<size])) else {
                #expect(size < SpoolFile.header.encoded.count, "cut at \(size)")
                continue
            }
            let whole = file.ends.count { $0 <= size }
            #expect(read.entries.map(\.record) == Array(SpoolFile.records[..<whole]), "at \(size)")
            let end = whole == 0 ? SpoolFile.header.encoded.count : file.ends[whole - 1]
            #expect(read.endOffset == Int64(end), "cut at \(size)")
        }
    }

    @Test("a flipped bit ends the file there, and is never taken for another record")
    func flipAnywhere() throws {
        let file = SpoolFile.sample
        for index in file.bytes.indices {
            var bytes = file.bytes
            bytes[index] ^= 0x10
            guard let read = contents(bytes) else {
                #expect(index < SpoolFile.header.encoded.count, "flip at \(index)")
                continue
            }
            let found = read.entries.map(\.record)
            #expect(Array(SpoolFile.records.prefix(found.count)) == found, "flip at \(index)")
            let hit = file.ends.firstIndex { index < $0 } ?? 0
            // Payloads that were synced before a later record are not hashed again.
            #expect(found.count == hit || found.count == SpoolFile.records.count && hit < 2)
        }
    }

    @Test("a payload that was never synced is believed only with its hash")
    func tornPayload() throws {
        var bytes = SpoolFile.sample.bytes
        let third = SpoolFile.sample.ends[2]
        bytes.replaceSubrange(third - 40..<third, with: [UInt8](repeating: 0, count: 40))
        #expect(try #require(contents(bytes)).results.keys.sorted() == [0, 1])
    }

    @Test("records behind the end are written over, and do not come back")
    func overwritten() throws {
        let file = SpoolFile.sample
        let torn = try #require(contents(Array(file.bytes[..<(file.ends[2] - 1)])))
        var bytes = Array(file.bytes[..<Int(torn.endOffset)])
        bytes += SpoolRecord.finished([11]).encoded(syncedOffset: torn.endOffset)
        bytes += file.bytes[bytes.count...]
        let read = try #require(contents(bytes))
        #expect(read.entries.map(\.record) == SpoolFile.records[..<2] + [.finished([11])])
    }

    @Test("a path that is no text names no file, though its checksum is right")
    func foreignPath() throws {
        let header = SpoolFile.header.encoded
        let place = try #require(header.firstIndex(of: 0xC3), "the first byte of the path's ï")
        func read(secondByte: UInt8) -> SpoolContents? {
            var fields = Array(header.dropLast(4))
            fields[place + 1] = secondByte
            let checksum = fields.withUnsafeBytes { crc32($0) }
            return contents(
                fields + withUnsafeBytes(of: checksum.littleEndian) { Array($0) }
            )
        }
        #expect(read(secondByte: 0xA9)?.header.files.first?.path == "/data/tétle.tsv.gz")
        #expect(read(secondByte: 0x28) == nil)
    }

    @Test("of two results of one task the first counts")
    func twice() throws {
        var file = SpoolFile()
        file.append(SpoolFile.result(4))
        file.append(SpoolFile.result(4, payloadSizeBytes: 50))
        let read = try #require(contents(file.bytes))
        #expect(read.results[4]?.result.result.payloadSizeBytes == 40)
    }

    @Test("garbage is no spool file, and large sizes in it take no memory")
    func garbage() {
        var random = SeededGenerator(seed: 11)
        for round in 0..<2000 {
            var bytes = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
            if round % 2 == 0 { bytes.replaceSubrange(0..<4, with: Array("OTSH".utf8)) }
            #expect(contents(bytes) == nil, "round \(round)")
        }
    }
}
