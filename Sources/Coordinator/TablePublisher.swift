import Base
import Catalog
import Columns
import Dispatch
import Glibc
import Jobs
import Parquet
import Query
import Scheduling
import Storage
import Transport
import Wire

/// Everything that makes one table version.
struct TableRelease: Sendable {
    var step: StepID
    var reign: Reign
    var job: JobDeclaration
    var spoolPath: String
    /// The results in chunk order.
    var results: [StoredResult]
    /// What each result was made of.
    var chunks: [ChunkSummary]
    /// How the rows were merged, where they were sorted.
    var merge: PlannedMerge?
    /// What leads from the version back to the job, as JSON.
    var extraInfo: String
}

/// Why a table was not published.
enum PublishError: Error, CustomStringConvertible {
    case storage(StorageError)
    case catalog(CatalogError)
    /// Whether the version was published can only be told when the catalog answers again.
    case unknownOutcome(CatalogError)
    case parquet(path: String, ParquetError)
    /// A check failed that must not.
    case refused(String)

    /// Whether nothing was published for want of room on a disk.
    var isDiskFull: Bool {
        switch self {
        case .storage(let error): error.isDiskFull
        case .catalog(let error): error.isDiskFull
        case .unknownOutcome, .parquet, .refused: false
        }
    }

    var description: String {
        switch self {
        case .storage(let error): "\(error)"
        case .catalog(let error): "\(error)"
        case .unknownOutcome(let error):
            "it is not known whether the table was published, see otjob snapshots: \(error)"
        case .parquet(let path, let error): "\(path): \(error)"
        case .refused(let reason): reason
        }
    }
}

extension PublishError {
    /// Whether a version may name the files that were written for it.
    var mayBePublished: Bool {
        switch self {
        case .unknownOutcome: true
        case .storage, .catalog, .parquet, .refused: false
        }
    }
}

extension CatalogError: CommitFailure {}

/// Merges the row groups of all chunks into segments and publishes them in one transaction.
///
/// `@unchecked Sendable`: the catalog belongs to `queue`. Everything that touches the table store
/// goes through here, so reads of the catalog see whole versions too.
final class TablePublisher: @unchecked Sendable {
    private let queue = DispatchQueue(label: "publisher")
    /// Where DuckDB is waited for that looks at rows, so that nothing else waits.
    private let checks = DispatchQueue(label: "checks")
    private let loop: EventLoop
    let catalog: Catalog
    /// Numbers taken for what belongs to no job; owned by `queue`.
    var ownNumbers = 0
    /// Names of the versions that are being made, of which no catalog knows yet; owned by `queue`.
    private var versionsUnderWay: Set<String> = []

    init(catalog: Catalog, loop: EventLoop) {
        self.catalog = catalog
        self.loop = loop
    }

    func publish(
        _ release: TableRelease,
        _ completion: @escaping (Result<SnapshotID, PublishError>) -> Void
    ) {
        let answer = LoopBound(completion, loop: loop)
        let store = StoreFolder(
            catalog: catalog.path,
            dataPath: catalog.dataPath,
            temporaryFolder: ResultSpool.checksFolder(of: release.spoolPath)
        )
        let version = Self.versionName(release.step, release.reign)
        queue.async { [self] in
            versionsUnderWay.insert(version)
            let prepared = Result { () throws(PublishError) in try prepare(release) }
            let decisions = (try? prepared.get()).map { decide($0) } ?? []
            let finish: @Sendable ([CheckResult]) -> Void = { [self] results in
                let outcome = prepared.flatMap { prepared in
                    Result { () throws(PublishError) in try publish(prepared, results) }
                }
                versionsUnderWay.remove(version)
                loop.execute { answer.value(outcome) }
            }
            guard case .success(let written) = prepared, decisions.contains(where: \.1.isOpen)
            else { return finish(decisions.compactMap(\.1.result)) }
            checks.async { [self] in
                let results = Self.answer(decisions, written, store: store)
                // A DuckDB that was ended leaves what it had written out.
                removeTreeQuietly(store.temporaryFolder)
                queue.async { finish(results) }
            }
        }
    }

    /// Runs a question to the catalog where no version is half made.
    func ask<Value: Sendable>(
        _ question: @escaping @Sendable (Catalog) throws(CatalogError) -> Value,
        _ completion: @escaping (Result<Value, CatalogError>) -> Void
    ) {
        perform(completion) { [self] () throws(CatalogError) in try question(catalog) }
    }

    /// Sweeps the store of what no version names, nor will; the paths of what is gone.
    func sweep(
        _ sweep: StoreSweep,
        _ completion: @escaping (Result<[String], CatalogError>) -> Void
    ) {
        perform(completion) { [self] () throws(CatalogError) in
            try sweep.run(catalog, sparing: versionsUnderWay)
        }
    }

    func perform<Value: Sendable, Failure: Error>(
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

    /// Writes the files of a version, or leaves nothing behind.
    private func prepare(_ release: TableRelease) throws(PublishError) -> PreparedRelease {
        var begun: [String] = []
        do throws(PublishError) {
            return try prepare(release, noting: &begun)
        } catch {
            // The names are this reign's and step's alone, so no version can have them.
            for path in begun { removeIfThere(path) }
            throw error
        }
    }

    private func prepare(
        _ release: TableRelease,
        noting begun: inout [String]
    ) throws(PublishError) -> PreparedRelease {
        let job = release.job
        let rows = try merge(
            release,
            try release.parts(),
            sortColumns: job.transform.clusterBy,
            plan: try plan(job, table: job.table, job.transform),
            noting: &begun
        )
        let rejects = try merge(
            release,
            [ReleasePart(rowGroups: release.rowGroups(of: .rejects))],
            plan: try plan(
                job,
                table: job.rejectsTable,
                TransformDeclaration(columns: rejectColumns)
            ),
            noting: &begun
        )
        let before = job.checks.isEmpty ? nil : try before(job)
        return PreparedRelease(
            release: release,
            rows: rows,
            rejects: rejects,
            rowsBefore: before?.rows,
            filesBefore: before?.files ?? [],
            begun: begun
        )
    }

    /// The rows that a table has, and the files that an append adds to.
    private func before(
        _ job: JobDeclaration
    ) throws(PublishError) -> (rows: Int64?, files: [String]) {
        do throws(CatalogError) {
            let table = try catalog.table(TableName(schema: job.schema, table: job.table))
            guard job.write == .append else { return (table?.rows, []) }
            return (table?.rows, try catalog.liveFiles(schema: job.schema, table: job.table))
        } catch {
            throw .catalog(error)
        }
    }

    /// What becomes visible of a step at once.
    func publication(of release: TableRelease, tables: [TablePublication]) -> Publication {
        let job = release.job
        return Publication(
            commitKey: release.reign.commitKey(release.step),
            reign: release.reign,
            job: release.step.job,
            author: "otcluster",
            message: "job \(release.step.job): \(job.name)",
            extraInfo: release.extraInfo,
            tables: tables,
            views: job.views.map {
                ViewPublication(schema: job.schema, name: $0.name, sql: $0.sql)
            }
        )
    }

    /// Publishes in the catalog; a reader that holds it up is waited for, again and again.
    ///
    /// What follows an error is decided by `CommitProtocol`.
    func commit(_ publication: Publication) throws(PublishError) -> SnapshotID {
        var commit = CommitProtocol<CatalogError>()
        var action = CommitProtocol<CatalogError>.Action.publish
        while true {
            switch action {
            case .publish:
                let answer = Result { () throws(CatalogError) in
                    try catalog.publish(publication, at: EventLoop.wallTime()).snapshot
                }
                if case .failure(let error) = answer {
                    CoordinatorLog.write("\(publication.message), looks its key up: \(error)")
                }
                action = commit.published(answer)
            case .lookUp(let delay):
                usleep(UInt32(clamping: delay.nanoseconds / 1000))
                action = commit.lookedUp(
                    Result { () throws(CatalogError) in
                        try catalog.snapshot(ofCommit: publication.commitKey)
                    }
                )
            case .done(let snapshot): return snapshot
            case .failed(let error): throw .catalog(error)
            case .unknown(let error): throw .unknownOutcome(error)
            }
        }
    }

    private func plan(
        _ job: JobDeclaration,
        table: String,
        _ declaration: TransformDeclaration
    ) throws(PublishError) -> TablePlan {
        do throws(CatalogError) {
            return try catalog.plan(
                schema: job.schema,
                table: table,
                columns: declaration.columns,
                mode: job.write,
                partitionBy: declaration.partitionBy,
                sortedBy: declaration.sortsRows ? declaration.clusterBy : []
            )
        } catch {
            throw .catalog(error)
        }
    }

    /// Writes the segments of one table; notes the paths of each before it is begun.
    private func merge(
        _ release: TableRelease,
        _ parts: [ReleasePart],
        sortColumns: [Int] = [],
        plan: TablePlan,
        noting begun: inout [String]
    ) throws(PublishError) -> TablePublication {
        do throws(StorageError) {
            try Directory.create(path: plan.directory)
            let groups = parts.flatMap { part in
                Self.segments(of: part.rowGroups).map { (part.partition, $0) }
            }
            let spool = groups.isEmpty ? nil : try File.open(readingFrom: release.spoolPath)
            var segments: [SegmentRecord] = []
            for (index, (partition, group)) in groups.enumerated() {
                guard let spool else { break }
                let name = "\(Self.versionName(release.step, release.reign))-\(index)"
                let writer = SegmentWriter(
                    directory: plan.directory,
                    name: name + ".parquet",
                    layout: SegmentLayout(plan, sortColumns: sortColumns),
                    partition: partition
                )
                begun += [writer.temporaryPath, writer.path]
                segments.append(try writer.write(group, from: spool))
            }
            if !segments.isEmpty { try Directory.synchronize(path: plan.directory) }
            return TablePublication(plan: plan, segments: segments)
        } catch {
            throw .storage(error)
        }
    }

    /// What the names of a version's segments begin with.
    ///
    /// No two of all coordinators and steps ever write under one name.
    private static func versionName(_ step: StepID, _ reign: Reign) -> String {
        "\(reign.jobStore)-\(step.job)-\(step.index)-\(reign.epoch)"
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

extension SegmentLayout {
    /// The layout of a segment of the planned table.
    init(_ plan: TablePlan, sortColumns: [Int] = []) {
        self.init(
            columns: plan.columns,
            fieldIDs: plan.columnIDs.map { FieldIDs(column: $0.column, element: $0.element) },
            sortColumns: sortColumns,
            keyValues: []
        )
    }
}
