import API
import Base
import Catalog
import HTTP
import Jobs
import Transport

/// Routes that take things out of the table store.
extension CoordinatorShell {
    /// Longest age of a version that may be asked for: a hundred years, in seconds.
    private static let ages: ClosedRange<Int64> = 0...(100 * 366 * 86_400)

    func addUpkeepRoutes(to router: inout Router) {
        router.add(.post, API.Routes.expire) { [unowned self] request, _, exchange in
            guard let body = decode(ExpireRequest.self, request, exchange) else { return }
            guard Self.ages.contains(body.olderThanSeconds) else {
                let text = "older_than_seconds is 0 to \(Self.ages.upperBound)"
                return exchange.respond(.error(400, text))
            }
            retention.expire(olderThan: .seconds(body.olderThanSeconds)) { outcome in
                exchange.respond(outcome) { report in
                    ExpireResponse(versions: report.snapshots, files: report.files)
                }
            }
        }
        router.add(.post, API.Routes.vacuum) { [unowned self] _, _, exchange in
            retention.vacuum(of: configuration.storage.tables) { outcome in
                exchange.respond(outcome) { report in
                    VacuumResponse(files: report.files, waiting: report.waiting)
                }
            }
        }
        router.add(.post, API.Routes.compact) { [unowned self] request, _, exchange in
            guard let body = decode(CompactRequest.self, request, exchange) else { return }
            compact(body, exchange)
        }
        router.add(.post, API.Routes.restoreTable("{schema}", "{table}")) {
            [unowned self] request, parameters, exchange in
            guard let body = decode(RestoreRequest.self, request, exchange) else { return }
            let table = TableName(
                schema: parameters["schema"] ?? "",
                table: parameters["table"] ?? ""
            )
            publisher.restore(
                table,
                to: SnapshotID(body.version),
                reign: jobStore.reign
            ) { exchange.respond($0) }
        }
        router.add(.post, API.Routes.dropTable("{schema}", "{table}")) {
            [unowned self] _, parameters, exchange in
            let table = TableName(
                schema: parameters["schema"] ?? "",
                table: parameters["table"] ?? ""
            )
            publisher.drop(table, reign: jobStore.reign) { exchange.respond($0) }
        }
    }
}

extension HTTPExchange {
    fileprivate func respond<Report>(
        _ outcome: Result<Report, CatalogError>,
        _ answer: (Report) -> some Encodable
    ) {
        switch outcome {
        case .success(let report): respond(json: answer(report))
        case .failure(let error): respond(.error(503, "the catalog cannot be changed: \(error)"))
        }
    }
}
