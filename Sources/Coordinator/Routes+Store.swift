import API
import Base
import Catalog
import HTTP
import Jobs
import Transport

/// Routes that look at the table store.
extension CoordinatorShell {
    func addStoreRoutes(to router: inout Router) {
        router.add(.get, API.Routes.store) { [unowned self] _, _, exchange in
            let tables = configuration.storage.tables
            exchange.respond(
                json: StoreLocation(catalog: tables + "/catalog.sqlite", dataPath: tables + "/")
            )
        }
        router.add(.get, API.Routes.tables) { [unowned self] _, _, exchange in
            ask(exchange) { (catalog) throws(CatalogError) in
                TableList(tables: try catalog.tables().map(API.TableSummary.init))
            }
        }
        router.add(.get, API.Routes.snapshots) { [unowned self] _, _, exchange in
            ask(exchange) { (catalog) throws(CatalogError) in
                SnapshotList(snapshots: try catalog.snapshots().map(API.SnapshotSummary.init))
            }
        }
        router.add(.get, API.Routes.table("{schema}", "{table}")) {
            [unowned self] _, parameters, exchange in
            let (schema, table) = (parameters["schema"] ?? "", parameters["table"] ?? "")
            publisher.ask { (catalog) throws(CatalogError) in
                try catalog.describe(schema: schema, table: table)
            } _: { outcome in
                switch outcome {
                case .success(let description?):
                    exchange.respond(json: API.TableDescription(description))
                case .success(nil):
                    let text = "there is no table '\(schema).\(table)'; see otjob tables"
                    exchange.respond(.notFound(text))
                case .failure(let error):
                    exchange.respond(.error(503, "the catalog cannot be read: \(error)"))
                }
            }
        }
    }

    func ask<Answer: Encodable & Sendable>(
        _ exchange: HTTPExchange,
        _ question: @escaping @Sendable (Catalog) throws(CatalogError) -> Answer
    ) {
        publisher.ask(question) { outcome in
            switch outcome {
            case .success(let answer): exchange.respond(json: answer)
            case .failure(let error):
                exchange.respond(.error(503, "the catalog cannot be read: \(error)"))
            }
        }
    }
}

/// The job named in a snapshot's extra information, when this product made it.
func jobName(in extraInfo: String?) -> String? {
    extraInfo.flatMap { text in
        try? JSON.decode(ReleaseInfo.self, from: Array(text.utf8)).job
    }
}

extension API.TableSummary {
    init(_ table: CatalogTable) {
        self.init(
            schema: table.schema,
            table: table.table,
            rows: table.rows,
            files: Int(table.files),
            bytes: table.bytes,
            snapshot: table.snapshot.rawValue,
            job: jobName(in: table.extraInfo)
        )
    }
}

extension API.TableDescription {
    fileprivate init(_ table: CatalogTableDescription) {
        self.init(
            schema: table.schema,
            table: table.table,
            columns: table.columns.map {
                ColumnSummary(name: $0.name, type: $0.type, nullable: $0.isNullable)
            }
        )
    }
}

extension API.SnapshotSummary {
    fileprivate init(_ snapshot: CatalogSnapshot) {
        self.init(
            id: snapshot.id.rawValue,
            time: snapshot.time?.rfc3339 ?? "",
            changes: snapshot.changes,
            message: snapshot.message,
            job: jobName(in: snapshot.extraInfo)
        )
    }
}
