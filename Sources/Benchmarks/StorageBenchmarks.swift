import Base
import Catalog
import Columns
import Glibc
import Spool
import Storage
import Wire

/// What is durable afterwards, in a folder of `TMPDIR`: the disk there is a part of the figure.
extension Benchmark {
    static let storage = [
        Benchmark("spool.result", .append) { extent in
            let payload = ReadableText([UInt8](repeating: 7, count: 1 << 20))
            let count = extent.choose(20, small: 1)
            return Workload(count: count) { stopwatch in
                try withFolder { folder in
                    var file = try SpoolFile(folder)
                    try stopwatch.measure {
                        for task in 0..<count {
                            let sha256 = Digest.sha256(payload.readOnly)
                            let record = SpoolRecord.result(result(task, sha256))
                            try file.append(record, payload.readOnly)
                            try file.synchronize()
                        }
                    }
                }
            }
        },
        Benchmark("spool.tasks", .task) { extent in
            let (batches, size) = (extent.choose(50, small: 1), 256)
            return Workload(count: batches * size) { stopwatch in
                try withFolder { folder in
                    var file = try SpoolFile(folder)
                    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                    try stopwatch.measure {
                        for batch in 0..<batches {
                            let tasks = Array(batch * size..<(batch + 1) * size)
                            try file.append(.finished(tasks), nothing)
                            try file.synchronize()
                        }
                    }
                }
            }
        },
        Benchmark("catalog.commit", .commit) { extent in
            let count = extent.choose(20, small: 2)
            let columns = try Inputs.declaration("title_akas").columns
            return Workload(count: count) { stopwatch in
                try withFolder { folder in
                    let path = folder + "/catalog.sqlite"
                    let catalog = try Catalog(path: path, dataPath: folder + "/")
                    let reign = Reign(jobStore: "0123456789abcdef", epoch: 1)
                    try catalog.claim(reign)
                    try stopwatch.measure {
                        for job in 0..<count { try catalog.commit(columns, job, reign) }
                    }
                }
            }
        },
    ]

    private static func result(_ task: Int, _ sha256: [UInt8]) -> SpooledResult {
        SpooledResult(
            attempt: AttemptID(Int64(task)),
            task: task,
            chunk: ChunkSummary(sizeBytes: Inputs.chunkSizeBytes, lines: 1),
            result: TransformResult(
                lines: 1,
                rows: 1,
                rejected: 0,
                conversionFailures: [],
                rowGroups: []
            ),
            sha256: sha256
        )
    }

    private static func withFolder(_ body: (String) throws -> Void) throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/otcluster-bench-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no temporary folder in \(parent)")
        let folder = String(
            decoding: template.dropLast().map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
        let outcome = Result { try body(folder) }
        try Directory.removeTree(path: folder)
        try outcome.get()
    }
}

/// A step's spool file, written as the coordinator writes it.
private struct SpoolFile {
    private let file: File
    private var endOffset: Int64 = 0
    private var syncedOffset: Int64 = 0

    init(_ folder: String) throws(StorageError) {
        file = try File.create(path: folder + "/results")
        try Directory.synchronize(path: folder)
    }

    mutating func append(
        _ record: SpoolRecord,
        _ payload: UnsafeRawBufferPointer
    ) throws(StorageError) {
        let bytes = record.encoded(syncedOffset: syncedOffset)
        try file.write(bytes, at: endOffset)
        try file.write(payload, at: endOffset + Int64(bytes.count))
        endOffset += Int64(bytes.count + payload.count)
    }

    mutating func synchronize() throws(StorageError) {
        try file.synchronize()
        syncedOffset = endOffset
    }
}

extension Catalog {
    /// Replaces a table with one segment, as the publication of a small step does.
    fileprivate func commit(
        _ columns: [ColumnDeclaration],
        _ job: Int,
        _ reign: Reign
    ) throws(CatalogError) {
        let plan = try plan(schema: "ott", table: "title_akas", columns: columns, mode: .replace)
        let segment = SegmentRecord(
            fileName: "\(job).parquet",
            rowCount: 1000,
            sizeBytes: 100_000,
            footerSizeBytes: 1000,
            statistics: columns.map { _ in ColumnStatistics(valueCount: 1000) }
        )
        let publication = Publication(
            commitKey: "bench/\(job)",
            reign: reign,
            job: JobID(Int64(job + 1)),
            author: "bench",
            message: "job \(job)",
            extraInfo: "{}",
            tables: [TablePublication(plan: plan, segments: [segment])]
        )
        _ = try publish(publication, at: WallTime(microseconds: 1_700_000_000_000_000))
    }
}
