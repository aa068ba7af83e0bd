import API
import Base
import Catalog
import Dashboard
import HTTP
import Query
import Transport

/// The pages of the table store.
extension CoordinatorShell {
    private static let rowsShown = 10
    private static let checksShown = 50

    func addTablePages(to router: inout Router) {
        router.add(.get, Links.tables) { [unowned self] request, _, exchange in
            storeReader.ask { (catalog) throws(CatalogError) in
                TablesPage(
                    tables: try catalog.tables().map(API.TableSummary.init),
                    views: try catalog.views().map(API.ViewSummary.init)
                )
            } _: { [unowned self] outcome in
                guard let page = value(outcome, request, exchange) else { return }
                show(page.page, request, exchange)
            }
        }
        router.add(.get, Links.table("{schema}", "{table}")) {
            [unowned self] request, parameters, exchange in
            let name = (schema: parameters["schema"] ?? "", table: parameters["table"] ?? "")
            storeReader.ask { (catalog) throws(CatalogError) in
                try TableInspection(name, in: catalog)
            } _: { [unowned self] outcome in
                guard let table = value(outcome, request, exchange) else { return }
                guard let table else {
                    return showProblem("There is no such table.", status: 404, request, exchange)
                }
                show(TablePage(table).page, request, exchange)
            }
        }
        router.add(.get, Links.rows("{schema}", "{table}")) {
            [unowned self] request, parameters, exchange in
            showRows(parameters["schema"] ?? "", parameters["table"] ?? "", request, exchange)
        }
        router.add(.get, Links.quality("{schema}", "{table}")) {
            [unowned self] request, parameters, exchange in
            showQuality(parameters["schema"] ?? "", parameters["table"] ?? "", request, exchange)
        }
    }

    private func showRows(
        _ schema: String,
        _ table: String,
        _ request: HTTPRequest,
        _ exchange: HTTPExchange
    ) {
        withColumns(schema, table, request, exchange) { [unowned self] columns in
            let version = request.query["version"].flatMap { Int64($0) }
            storeReader.rows(
                from: .table(schema: schema, name: table, version: version),
                columns: columns,
                tail: "LIMIT \(Self.rowsShown)"
            ) { [unowned self] outcome in
                guard let rows = value(outcome, request, exchange) else { return }
                let shown = columns.prefix(DuckDB.shownColumns)
                let page = RowsPage(
                    title: "\(schema).\(table)" + (version.map { ", version \($0)" } ?? ""),
                    back: (Links.table(schema, table), "all about the table"),
                    columns: Array(shown),
                    rows: rows,
                    note: shown.count < columns.count
                        ? "The first \(shown.count) of \(columns.count) columns." : nil
                )
                show(page.page, request, exchange)
            }
        }
    }

    /// Calls `body` with the columns of a table or view that is there.
    private func withColumns(
        _ schema: String,
        _ table: String,
        _ request: HTTPRequest,
        _ exchange: HTTPExchange,
        _ body: @escaping ([String]) -> Void
    ) {
        storeReader.ask { (catalog) throws(CatalogError) -> [String]? in
            if let description = try catalog.describe(schema: schema, table: table) {
                return description.columns.map(\.name)
            }
            let isView = try catalog.views().contains { ($0.schema, $0.name) == (schema, table) }
            return isView ? [] : nil
        } _: { [unowned self] outcome in
            guard let columns = value(outcome, request, exchange) else { return }
            guard let columns else {
                return showProblem("There is no such table.", status: 404, request, exchange)
            }
            guard columns.isEmpty else { return body(columns) }
            // Of a view only DuckDB knows the columns.
            storeReader.rows(
                from: .columns(schema: schema, view: table),
                columns: ["column_name"]
            ) { [unowned self] outcome in
                guard let rows = value(outcome, request, exchange) else { return }
                body(rows.compactMap { $0.first ?? nil })
            }
        }
    }

    private func showQuality(
        _ schema: String,
        _ table: String,
        _ request: HTTPRequest,
        _ exchange: HTTPExchange
    ) {
        let columns = [
            "checked_at", "job", "check", "severity", "value", "threshold", "passed", "examples",
        ]
        let quality = QualityTable.table.name
        let showChecks = { [unowned self] (rows: [[String?]]) in
            let page = RowsPage(
                title: "Data quality of \(schema).\(table)",
                back: (Links.table(schema, table), "all about the table"),
                columns: columns,
                rows: rows,
                note: rows.isEmpty
                    ? "No check of this table was made yet."
                    : rows.count < Self.checksShown
                        ? nil
                        : "The newest \(Self.checksShown); otjob quality shows all."
            )
            show(page.page, request, exchange)
        }
        storeReader.ask { (catalog) throws(CatalogError) in
            try (
                catalog.describe(schema: SystemTable.schema, table: quality) != nil,
                catalog.describe(schema: schema, table: table) != nil
            )
        } _: { [unowned self] outcome in
            guard let (hasChecks, isThere) = value(outcome, request, exchange) else { return }
            guard isThere else {
                return showProblem("There is no such table.", status: 404, request, exchange)
            }
            guard hasChecks else { return showChecks([]) }
            let name = schema == SystemTable.schema ? table : "\(schema).\(table)"
            storeReader.rows(
                from: .table(schema: SystemTable.schema, name: quality),
                columns: columns,
                tail: "WHERE \"table\" = \(DuckDB.quoted(name)) "
                    + "ORDER BY checked_at DESC, \"check\" LIMIT \(Self.checksShown)"
            ) { [unowned self] outcome in
                guard let rows = value(outcome, request, exchange) else { return }
                showChecks(rows)
            }
        }
    }
}

extension TableInspection {
    /// Nil where there is no such table.
    fileprivate init?(
        _ name: (schema: String, table: String),
        in catalog: Catalog
    ) throws(CatalogError) {
        let (schema, table) = name
        guard let description = try catalog.describe(schema: schema, table: table),
            let found = try catalog.inspect(schema: schema, table: table, limit: TablePage.shown)
        else { return nil }
        self.init(
            schema: schema,
            table: table,
            columns: description.columns.map { column in
                let summary = found.columns.first { $0.name == column.name }
                return TableColumn(
                    name: column.name,
                    type: column.type,
                    nullable: column.isNullable,
                    nulls: summary?.nulls,
                    minimum: summary?.minimum,
                    maximum: summary?.maximum,
                    bytes: summary?.bytes
                )
            },
            versions: found.versions.map { version in
                TableVersion(
                    snapshot: version.snapshot.rawValue,
                    time: version.time?.rfc3339,
                    rows: version.rows,
                    files: version.files,
                    bytes: version.bytes,
                    job: jobName(in: version.extraInfo),
                    message: version.message
                )
            },
            versionCount: found.versionCount,
            files: found.files.map {
                TableFile(
                    path: $0.path,
                    rows: $0.rows,
                    bytes: $0.bytes,
                    snapshot: $0.snapshot.rawValue
                )
            },
            fileCount: found.fileCount
        )
    }
}
