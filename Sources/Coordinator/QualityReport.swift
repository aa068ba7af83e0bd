import Base
import Catalog
import Jobs
import Scheduling
import Transport

/// How much there is of several tables, and how much of it is missing: rows of `ott.data_quality`
/// beside the results of checks.
///
/// All of it was noted when the tables were published: no row is looked at.
struct QualityReport: Sendable, Equatable {
    /// What stands in the place of a check's severity: figures, that fail nothing.
    static let severity = "report"

    let tables: [TableFigures]

    func rows(job: JobID, at time: WallTime) -> [[SystemValue]] {
        tables.flatMap { table in
            let name = QualityTable.name(schema: table.schema, table: table.table)
            var figures: [(check: String, value: Int64?)] = [("rows", table.rows)]
            for column in table.columns {
                figures.append(("missing(\(column.name))", column.missing))
            }
            return figures.map { figure -> [SystemValue] in
                [
                    .timestamp(time), .text("\(job)"), .text(name), .text(figure.check),
                    .text(Self.severity), QualityTable.number(figure.value.map { Double($0) }),
                    .null, .boolean(true), .texts([]),
                ]
            }
        }
    }

    /// A line for each table, for people.
    var lines: [String] {
        tables.map { table in
            let missing = table.columns.compactMap { column in
                column.missing.flatMap { $0 > 0 ? "\(column.name) \($0)" : nil }
            }
            return QualityTable.name(schema: table.schema, table: table.table)
                + ": \(table.rows) rows"
                + (missing.isEmpty ? "" : "; missing: " + missing.joined(separator: ", "))
        }
    }
}

extension TablePublisher {
    /// Makes the report of tables and appends it to `ott.data_quality`, once for each step.
    func report(
        _ tables: [TableName],
        of step: StepID,
        reign: Reign,
        _ completion: @escaping (Result<QualityReport, PublishError>) -> Void
    ) {
        perform(completion) { [self] () throws(PublishError) in
            let report = QualityReport(tables: try figures(of: tables))
            let rows = report.rows(job: step.job, at: EventLoop.wallTime())
            guard rows.count <= SystemRows.limit else {
                throw .refused(
                    "the report has \(rows.count) rows, more than \(SystemRows.limit); list the "
                        + "tables in several steps"
                )
            }
            let key = reign.commitKey(step) + "/report"
            guard try !isPublished(key), !rows.isEmpty else { return report }
            _ = try append(
                SystemRows(
                    QualityTable.table,
                    rows: rows,
                    commitKey: key,
                    message: "job \(step.job): quality report"
                ),
                reign: reign
            )
            return report
        }
    }

    // MARK: On the queue

    private func figures(of tables: [TableName]) throws(PublishError) -> [TableFigures] {
        var figures: [TableFigures] = []
        for table in tables {
            let found: TableFigures?
            do throws(CatalogError) {
                found = try catalog.figures(schema: table.schema, table: table.table)
            } catch {
                throw .catalog(error)
            }
            guard let found else { throw .refused("there is no table \(table); load it first") }
            figures.append(found)
        }
        return figures
    }

    private func isPublished(_ key: String) throws(PublishError) -> Bool {
        do throws(CatalogError) {
            return try catalog.snapshot(ofCommit: key) != nil
        } catch {
            throw .catalog(error)
        }
    }
}

extension CoordinatorShell {
    /// Makes the report of those of the tables that the job has not found unchanged.
    func report(
        _ tables: [JobDeclaration],
        _ step: StepID,
        _ answer: @escaping (ActionOutcome) -> Void
    ) {
        let unchanged = (jobs[step.job]?.steps ?? []).filter {
            scheduler.step($0.id)?.state == .skipped
        }
        let names = tables.filter { table in
            !unchanged.contains { $0.table?.name == table.name }
        }.map { TableName(schema: $0.schema, table: $0.table) }
        publisher.report(names, of: step, reign: jobStore.reign) { [unowned self] outcome in
            switch outcome {
            case .success(let report):
                for line in report.lines {
                    jobs[step.job]?.log.write("step \(step.index) (quality) \(line)")
                }
                answer(.done(isChanged: !report.tables.isEmpty))
            case .failure(let error): answer(.failed(reason: error.description))
            }
        }
    }
}
