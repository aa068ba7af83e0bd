import Base
import Catalog
import Columns
import Dispatch
import Jobs
import Parquet
import Storage
import Transport
import Wire

/// Everything that makes one table version.
struct TableRelease: Sendable {
    var step: StepID
    var epoch: Int64
    var job: JobDeclaration
    var spoolPath: String
    /// The results in chunk order.
    var results: [StoredResult]
    /// What leads from the version back to the job, as JSON.
    var extraInfo: String
}

/// Why a table was not published.
enum PublishError: Error, CustomStringConvertible {
    case storage(StorageError)
    case catalog(CatalogError)
    case parquet(path: String, ParquetError)

    var description: String {
        switch self {
        case .storage(let error): "\(error)"
        case .catalog(let error): "\(error)"
        case .parquet(let path, let error): "\(path): \(error)"
        }
    }
}

/// Merges the row groups of all chunks into segments and publishes them in one transaction.
///
/// `@unchecked Sendable`: the catalog belongs to `queue`. Everything that touches the table store
/// goes through here, so reads of the catalog see whole versions too.
final class TablePublisher: @unchecked Sendable {
    /// Tries of one commit, each of which waits 30 s for readers: ten minutes in all.
    private static let commitAttempts = 20

    private let queue = DispatchQueue(label: "publisher")
    private let loop: EventLoop
    private let catalog: Catalog

    init(catalog: Catalog, loop: EventLoop) {
        self.catalog = catalog
        self.loop = loop
    }

    /// Identifies the version of a step: it can be published once.
    static func commitKey(_ step: StepID) -> String { "\(step.job)/\(step.index)" }

    func publish(
        _ release: TableRelease,
        _ completion: @escaping (Result<SnapshotID, PublishError>) -> Void
    ) {
        perform(completion) { [self] () throws(PublishError) in try publish(release) }
    }

    /// Runs a question to the catalog where no version is half made.
    func ask<Value: Sendable>(
        _ question: @escaping @Sendable (Catalog) throws(CatalogError) -> Value,
        _ completion: @escaping (Result<Value, CatalogError>) -> Void
    ) {
        perform(completion) { [self] () throws(CatalogError) in try question(catalog) }
    }

    private func perform<Value: Sendable, Failure: Error>(
        _ completion: @escaping (Result<Value, Failure>) -> Void,
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) {
        let answer = LoopBound(completion, loop: loop)
        queue.async { [loop] in
            let result = Result(catching: body)
            loop.execute { answer.value(result) }
        }
    }

    // MARK: On the queue

    private func publish(_ release: TableRelease) throws(PublishError) -> SnapshotID {
        let job = release.job
        let rows = try merge(
            release,
            .rows,
            plan: try plan(job, table: job.table, columns: job.transform.columns)
        )
        let rejects = try merge(
            release,
            .rejects,
            plan: try plan(job, table: job.table + "_rejects", columns: rejectColumns)
        )
        let publication = Publication(
            commitKey: Self.commitKey(release.step),
            author: "otcluster",
            message: "job \(release.step.job): \(job.name)",
            extraInfo: release.extraInfo,
            tables: [rows, rejects],
            views: job.views.map {
                ViewPublication(schema: job.schema, name: $0.name, sql: $0.sql)
            }
        )
        return try commit(publication)
    }

    /// Publishes in the catalog; a reader that holds it up is waited for, again and again.
    ///
    /// When an error leaves open whether the commit happened, its key tells (failure-model.md,
    /// "Unknown outcome").
    private func commit(_ publication: Publication) throws(PublishError) -> SnapshotID {
        var attempt = 1
        while true {
            do throws(CatalogError) {
                switch try catalog.publish(publication, at: EventLoop.wallTime()) {
                case .published(let snapshot), .already(let snapshot): return snapshot
                }
            } catch {
                if let known = try? catalog.snapshot(ofCommit: publication.commitKey) {
                    return known
                }
                guard error.isBusy, attempt < Self.commitAttempts else { throw .catalog(error) }
                attempt += 1
                CoordinatorLog.write("\(publication.message) waits for the catalog: \(error)")
            }
        }
    }

    private func plan(
        _ job: JobDeclaration,
        table: String,
        columns: [ColumnDeclaration]
    ) throws(PublishError) -> TablePlan {
        do throws(CatalogError) {
            return try catalog.plan(
                schema: job.schema,
                table: table,
                columns: columns,
                mode: job.write
            )
        } catch {
            throw .catalog(error)
        }
    }

    /// Writes the segments of one table.
    private func merge(
        _ release: TableRelease,
        _ table: RowGroupTable,
        plan: TablePlan
    ) throws(PublishError) -> TablePublication {
        let rowGroups = release.results.flatMap(\.rowGroups).filter { $0.table == table }
        let sortColumns = table == .rows ? release.job.transform.clusterBy : []
        do throws(StorageError) {
            try Directory.create(path: plan.directory)
            let spool =
                rowGroups.isEmpty ? nil : try File.open(readingFrom: release.spoolPath)
            var segments: [SegmentRecord] = []
            for (index, group) in Self.segments(of: rowGroups).enumerated() {
                guard let spool else { break }
                let name = "\(release.step.job)-\(release.step.index)-\(release.epoch)-\(index)"
                let writer = SegmentWriter(
                    directory: plan.directory,
                    name: name + ".parquet",
                    layout: SegmentLayout(
                        columns: plan.columns,
                        fieldIDs: plan.columnIDs.map {
                            FieldIDs(column: $0.column, element: $0.element)
                        },
                        sortColumns: sortColumns,
                        keyValues: []
                    )
                )
                segments.append(try writer.write(group, from: spool))
            }
            if !segments.isEmpty { try Directory.synchronize(path: plan.directory) }
            return TablePublication(plan: plan, segments: segments)
        } catch {
            throw .storage(error)
        }
    }

    /// Cuts the row groups, in order, into files of about `Limits.segmentSizeBytes`.
    private static func segments(
        of rowGroups: [StoredResult.RowGroup]
    ) -> [[StoredResult.RowGroup]] {
        var segments: [[StoredResult.RowGroup]] = []
        var size: Int64 = 0
        for rowGroup in rowGroups {
            let next = rowGroup.metadata.payloadSizeBytes
            if segments.isEmpty || size + next > Int64(Limits.segmentSizeBytes) {
                segments.append([])
                size = 0
            }
            segments[segments.count - 1].append(rowGroup)
            size += next
        }
        return segments
    }
}
