import Base
import FuzzSupport
import Spool
import Wire

/// A spool file that a crash, or a failing disk, left to the next coordinator.
enum SpoolFuzzer: FuzzTarget {
    private static let header = SpoolHeader(
        step: StepID(job: JobID(7), index: 1),
        chunkSizeBytes: 65536,
        declarationHash: Array(repeating: 1, count: 32),
        files: [
            SpoolHeader.InputFile(
                path: "/a.gz",
                sizeBytes: 9,
                modifiedNanoseconds: 8,
                inode: 7,
                device: 6
            )
        ]
    )
    private static let result = SpooledResult(
        attempt: AttemptID(1),
        task: 0,
        chunk: ChunkSummary(sizeBytes: 9, lines: 1, firstLine: 2, source: "/a.gz", crc32: 5),
        result: TransformResult(
            lines: 1,
            rows: 1,
            rejected: 0,
            conversionFailures: [0],
            rowGroups: [
                ResultRowGroup(
                    table: .rows,
                    pagesSizeBytes: 4,
                    metadataSizeBytes: 2,
                    pagesCRC32: 7,
                    metadataCRC32: 1 << 31
                )
            ]
        ),
        sha256: Array(repeating: 2, count: 32)
    )

    static let seeds: [[UInt8]] = [
        header.encoded,
        header.encoded + SpoolRecord.result(result).encoded(syncedOffset: 0) + [1, 2, 3, 4, 5, 6]
            + SpoolRecord.inputEnded(chunks: 1).encoded(syncedOffset: 300),
        header.encoded + SpoolRecord.finished([0, 3]).encoded(syncedOffset: 0),
    ]

    static func read(_ bytes: UnsafeRawBufferPointer) {
        let file = Array(bytes)
        let contents = SpoolContents(
            sizeBytes: Int64(file.count),
            read: { count, offset in
                let start = min(file.count, Int(offset))
                return Array(file[start..<min(file.count, start + count)])
            },
            // Any answer must do; this one depends on the bytes.
            isIntact: { result, offset in
                result.result.payloadSizeBytes == 0 || file[Int(offset)] & 1 == 1
            }
        )
        guard let contents else { return }
        precondition(contents.endOffset <= file.count, "an end behind the file's")
        let header = contents.header.encoded
        precondition(Array(file.prefix(header.count)) == header, "another header than was read")
        for entry in contents.entries {
            let end = entry.payloadOffset + Int64(entry.record.payloadSizeBytes)
            precondition(end <= contents.endOffset, "a payload behind the end")
        }
        _ = (contents.results, contents.finishedTasks, contents.chunkCount)
    }
}

@_cdecl("LLVMFuzzerInitialize")
package func begin(_: UnsafeRawPointer, _: UnsafeRawPointer) -> CInt { SpoolFuzzer.begin() }
