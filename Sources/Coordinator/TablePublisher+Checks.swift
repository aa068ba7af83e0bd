import Base
import Catalog
import Dispatch
import Jobs
import Parquet
import Query
import Storage
import Transport
import Wire

/// A version whose files are written, and that only the checks keep from being published.
struct PreparedRelease: Sendable {
    var release: TableRelease
    var rows: TablePublication
    var rejects: TablePublication
    /// Rows of the version before; nil where there is none.
    var rowsBefore: Int64?
    /// Files that a unique key must hold over beside the new ones: those that an append adds to.
    var filesBefore: [String]
    /// Everything that was begun to be written for it.
    var begun: [String]
}

/// Checks between the writing of a version's files and its publication.
extension TablePublisher {
    /// The results of checks that need no look at the rows, and the questions that are left.
    func decide(_ prepared: PreparedRelease) -> [(CheckDeclaration, QualityGate.Decision)] {
        let job = prepared.release.job
        guard !job.checks.isEmpty else { return [] }
        let gate = QualityGate(
            job: job,
            rowGroups: prepared.release.rowGroups(of: .rows).map(\.metadata),
            rowsBefore: prepared.rowsBefore
        )
        return job.checks.map { ($0, gate.decide($0)) }
    }

    /// Answers questions with DuckDB; for a thread that may wait long.
    static func answer(
        _ decisions: [(CheckDeclaration, QualityGate.Decision)],
        _ prepared: PreparedRelease,
        store: StoreFolder
    ) -> [CheckResult] {
        let directory = prepared.rows.plan.directory
        let places = RowPlaces(
            // Rows that were sorted stand in other places than their lines.
            chunks: prepared.release.merge != nil
                ? []
                : zip(prepared.release.results, prepared.release.chunks).map { result, chunk in
                    let rows = result.rowGroups.filter { $0.table == .rows }
                    return (rows.reduce(0) { $0 + $1.metadata.rowCount }, chunk)
                },
            files: prepared.rows.segments.map { (directory + $0.fileName, $0.rowCount) }
        )
        return decisions.map { check, decision in
            switch decision {
            case .decided(let result): return result
            case .open(let rule):
                var files = places.files.map(\.path)
                if case .unique = rule { files = prepared.filesBefore + files }
                // Without rows nothing breaks a rule.
                guard !files.isEmpty else {
                    let nothing = CheckAnswer(value: 0, examples: [])
                    return QualityGate.result(of: check, nothing, place: places.place)
                }
                do throws(QueryError) {
                    let query = CheckQuery(rule, files: files)
                    let answer = try DuckDB.find().answer(query, store: store)
                    return QualityGate.result(of: check, answer, place: places.place)
                } catch {
                    return CheckResult(
                        check: check,
                        value: nil,
                        threshold: nil,
                        passed: false,
                        examples: [error.description]
                    )
                }
            }
        }
    }

    // MARK: On the queue

    /// Publishes a version with the results of its checks, or the results alone and an error.
    func publish(
        _ prepared: PreparedRelease,
        _ results: [CheckResult]
    ) throws(PublishError) -> SnapshotID {
        var begun = prepared.begun
        let release = prepared.release
        do throws(PublishError) {
            if let reason = QualityGate.reason(results) { throw .refused(reason) }
            var tables = [prepared.rows, prepared.rejects]
            if let rows = qualityRows(of: release, results) {
                tables.append(try publication(of: rows, reign: release.reign, noting: &begun))
            }
            return try commit(publication(of: release, tables: tables))
        } catch {
            if !error.mayBePublished { for path in begun { removeIfThere(path) } }
            if case .refused = error { record(results, of: release) }
            throw error
        }
    }

    /// Keeps the results of a version that is not published.
    private func record(_ results: [CheckResult], of release: TableRelease) {
        guard let rows = qualityRows(of: release, results) else { return }
        do throws(PublishError) {
            _ = try append(rows, reign: release.reign)
        } catch {
            // The job says why it failed all the same.
            CoordinatorLog.write("results of checks are not recorded: \(error)")
        }
    }

    private func qualityRows(
        of release: TableRelease,
        _ results: [CheckResult]
    ) -> SystemRows? {
        guard !results.isEmpty else { return nil }
        let job = release.job
        return SystemRows(
            QualityTable.table,
            rows: QualityTable.rows(
                results,
                job: release.step.job,
                table: QualityTable.name(schema: job.schema, table: job.table),
                at: EventLoop.wallTime()
            ),
            // A job that goes on may be refused once more, under this epoch or a later one.
            commitKey: release.reign.commitKey(release.step)
                + "/data_quality/\(release.reign.epoch)-\(takeNumber())",
            message: "job \(release.step.job): checks of \(job.name)"
        )
    }
}
