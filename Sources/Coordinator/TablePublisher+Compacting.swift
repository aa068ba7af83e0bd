import Base
import Catalog
import Gzip
import Parquet
import Storage
import Transport

/// What compacting came to for one table.
struct CompactedTable: Sendable, Equatable {
    let table: TableName
    /// How many files fewer it has.
    var fewerFiles = 0
    /// Whether there is nothing more to do.
    var isComplete = false
}

/// Making few files of many small ones, by copying row groups as they are.
///
/// Nothing is decoded, so row groups stay as small as they were written; what falls is the number of
/// files that readers open, and of rows that the catalog has about them.
extension TablePublisher {
    /// Puts together what is next of a table, up to the size of one file, in a version of its own.
    ///
    /// Older versions keep the files that they have. Between two calls others publish.
    func compactOnce(
        _ table: TableName,
        reign: Reign,
        _ completion: @escaping (Result<CompactedTable, StoreChangeError>) -> Void
    ) {
        perform(completion) { [self] () throws(StoreChangeError) in
            do throws(PublishError) {
                return try compactOnce(table, reign: reign)
            } catch {
                throw StoreChangeError(error)
            }
        }
    }

    // MARK: On the queue

    private func compactOnce(
        _ table: TableName,
        reign: Reign
    ) throws(PublishError) -> CompactedTable {
        let (plan, sources) = try sources(of: table)
        guard !sources.isEmpty else { return CompactedTable(table: table, isComplete: true) }
        let writer = SegmentWriter(
            directory: plan.table.directory,
            name: takeSegmentName(of: reign),
            layout: SegmentLayout(
                plan.table,
                sortColumns: sources.lazy.map(\.contents.sortColumns).first { !$0.isEmpty } ?? []
            )
        )
        do throws(PublishError) {
            let segment: SegmentRecord
            do throws(StorageError) {
                segment = try writer.write(sources.map { ($0.file, $0.contents) })
                try Directory.synchronize(path: writer.directory)
            } catch {
                throw .storage(error)
            }
            let files = sources.map(\.planned)
            _ = try commit(
                Publication(
                    commitKey: takeOwnKey(of: reign),
                    reign: reign,
                    job: Self.noJob,
                    author: "otcluster",
                    message: "\(table): \(files.count) files became one",
                    extraInfo: plan.extraInfo ?? "{}",
                    tables: [],
                    compactions: [Compaction(plan: plan, files: files, segment: segment)]
                )
            )
            return CompactedTable(table: table, fewerFiles: files.count - 1)
        } catch {
            if !error.mayBePublished {
                for path in [writer.temporaryPath, writer.path] { removeIfThere(path) }
            }
            throw error
        }
    }

    /// A file that is open, with what its footer says.
    private struct Source {
        let planned: CompactionPlan.File
        let file: File
        let contents: SegmentContents
    }

    /// The files to put together next; none where there is nothing to do.
    private func sources(
        of table: TableName
    ) throws(PublishError) -> (CompactionPlan, [Source]) {
        let found: CompactionPlan?
        do throws(CatalogError) {
            found = try catalog.compactionPlan(schema: table.schema, table: table.table)
        } catch {
            throw .catalog(error)
        }
        guard var plan = found else { throw .catalog(.noTable(name: "\(table)")) }
        let sizeBytes = Int64(Limits.segmentSizeBytes)
        while true {
            let group = plan.nextGroup(largestSizeBytes: sizeBytes)
            var sources: [Source] = []
            // Files that others wrote, or that are sorted otherwise, stay as they are.
            var left: [CompactionPlan.File] = []
            for file in group {
                if let source = try source(file, of: plan.table),
                    source.contents.isSorted(asIn: sources.map(\.contents))
                {
                    sources.append(source)
                } else {
                    left.append(file)
                }
            }
            guard !left.isEmpty else { return (plan, sources) }
            plan = plan.without(left)
        }
    }

    /// Opens a file; nil for one that this program did not write as it writes them now.
    private func source(
        _ file: CompactionPlan.File,
        of table: TablePlan
    ) throws(PublishError) -> Source? {
        guard StoreSweep.version(of: StoreSweep.name(file.path)) != nil else { return nil }
        do throws(StorageError) {
            let opened = try File.open(readingFrom: file.path)
            let tail = try opened.tail(of: file.sizeBytes)
            let layout = SegmentLayout(table)
            guard
                let contents = try? SegmentContents(
                    fileTail: tail,
                    columns: table.columns,
                    fieldIDs: layout.fieldIDs
                )
            else { return nil }
            return Source(planned: file, file: opened, contents: contents)
        } catch {
            throw .storage(error)
        }
    }
}

extension SegmentContents {
    /// Whether its sorted row groups are sorted by the same columns as those of the others.
    fileprivate func isSorted(asIn others: [SegmentContents]) -> Bool {
        others.allSatisfy {
            $0.sortColumns.isEmpty || sortColumns.isEmpty || $0.sortColumns == sortColumns
        }
    }
}

extension CompactionPlan {
    /// The plan where these files are to stay as they are.
    fileprivate func without(_ left: [File]) -> CompactionPlan {
        CompactionPlan(
            table: table,
            files: files.filter { !left.contains($0) },
            extraInfo: extraInfo
        )
    }
}

extension File {
    /// The footer of a segment of this size, with what stands behind it.
    fileprivate func tail(of sizeBytes: Int64) throws(StorageError) -> [UInt8] {
        let end = try bytes(at: sizeBytes - 8, count: 8)
        let length = end.prefix(4).reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) } + 8
        guard length <= sizeBytes else { return end }
        return try bytes(at: sizeBytes - length, count: Int(length))
    }

    private func bytes(at offset: Int64, count: Int) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let found = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(StorageError) in try read(into: buffer, at: offset) }
        }
        guard try found.get() == count else {
            throw .unexpectedEnd(path: path, offset: offset)
        }
        return bytes
    }
}
