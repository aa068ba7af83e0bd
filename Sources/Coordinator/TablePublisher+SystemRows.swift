import Base
import Catalog
import Columns
import Parquet
import Storage
import Transport

/// Appending to the tables that the coordinator fills itself.
extension TablePublisher {
    /// The job that rows without one are published by; the job store numbers jobs from 1.
    static let noJob = JobID(0)

    /// Appends rows to a system table, which is made where it is missing.
    ///
    /// A version of its own shows them, all or none.
    func append(
        _ rows: SystemRows,
        reign: Reign,
        _ completion: @escaping (Result<SnapshotID, PublishError>) -> Void
    ) {
        perform(completion) { [self] () throws(PublishError) in try append(rows, reign: reign) }
    }

    /// Forgets the keys of appends that belong to no job: nobody asks for one after its own call.
    static func forgetAppends(of reign: Reign, in catalog: Catalog) throws(CatalogError) {
        try catalog.forgetCommits(prefix: reign.commitKeyPrefix(noJob))
    }

    // MARK: On the queue

    /// A number that nothing else of this reign has.
    func takeNumber() -> Int {
        defer { ownNumbers += 1 }
        return ownNumbers
    }

    /// A key for a publication that belongs to no job: asked for within one call, then forgotten.
    func takeOwnKey(of reign: Reign) -> String {
        reign.commitKeyPrefix(Self.noJob) + "\(reign.epoch)-\(takeNumber())"
    }

    /// A name for a segment that belongs to no job: of all coordinators none ever writes under it.
    func takeSegmentName(of reign: Reign) -> String {
        "\(reign.jobStore)-\(Self.noJob)-\(takeNumber())-\(reign.epoch)-0.parquet"
    }

    func append(_ rows: SystemRows, reign: Reign) throws(PublishError) -> SnapshotID {
        var begun: [String] = []
        do throws(PublishError) {
            let table = try publication(of: rows, reign: reign, noting: &begun)
            return try commit(
                Publication(
                    commitKey: rows.commitKey ?? takeOwnKey(of: reign),
                    reign: reign,
                    job: Self.noJob,
                    author: "otcluster",
                    message: rows.message,
                    extraInfo: "{}",
                    tables: [table]
                )
            )
        } catch {
            if !error.mayBePublished { for path in begun { removeIfThere(path) } }
            throw error
        }
    }

    /// Writes rows as a segment of their table; notes the paths before it is begun.
    func publication(
        of rows: SystemRows,
        reign: Reign,
        noting begun: inout [String]
    ) throws(PublishError) -> TablePublication {
        let name = takeSegmentName(of: reign)
        let plan = try plan(rows.table)
        let writer = SegmentWriter(directory: plan.directory, name: name, layout: .init(plan))
        begun += [writer.temporaryPath, writer.path]
        return TablePublication(plan: plan, segments: [try write(rows, with: writer)])
    }

    private func plan(_ table: SystemTable) throws(PublishError) -> TablePlan {
        do throws(CatalogError) {
            return try catalog.plan(
                schema: SystemTable.schema,
                table: table.name,
                columns: table.columns,
                mode: .append
            )
        } catch {
            throw .catalog(error)
        }
    }

    private func write(
        _ rows: SystemRows,
        with writer: SegmentWriter
    ) throws(PublishError) -> SegmentRecord {
        var pages = ByteBuffer()
        let rowGroup: RowGroupMetadata
        do throws(ParquetError) {
            rowGroup = try SystemRowEncoder.encode(
                rows.rows,
                columns: rows.table.columns,
                into: &pages
            )
        } catch {
            throw .parquet(path: writer.path, error)
        }
        do throws(StorageError) {
            try Directory.create(path: writer.directory)
            let segment = try writer.write(rowGroup, pages: pages.bytes)
            try Directory.synchronize(path: writer.directory)
            return segment
        } catch {
            throw .storage(error)
        }
    }
}
