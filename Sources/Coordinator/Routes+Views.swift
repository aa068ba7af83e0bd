import API
import Base
import Catalog
import HTTP
import Query
import Transport

/// Routes that look at and change the views of the table store.
extension CoordinatorShell {
    func addViewRoutes(to router: inout Router) {
        router.add(.get, API.Routes.views) { [unowned self] _, _, exchange in
            ask(exchange) { (catalog) throws(CatalogError) in
                ViewList(views: try catalog.views().map(API.ViewSummary.init))
            }
        }
        router.add(.post, API.Routes.views) { [unowned self] request, _, exchange in
            guard let body = decode(PublishViewsRequest.self, request, exchange) else { return }
            publishViews(body, exchange)
        }
        router.add(.post, API.Routes.dropViews) { [unowned self] request, _, exchange in
            guard let body = decode(DropViewsRequest.self, request, exchange) else { return }
            let names = body.names.map { name in
                let parts = name.split(separator: ".", maxSplits: 1)
                return parts.count == 2
                    ? ViewName(schema: String(parts[0]), name: String(parts[1]))
                    : ViewName(schema: "ott", name: name)
            }
            views.drop(names) { exchange.respond($0) }
        }
    }

    private func publishViews(_ request: PublishViewsRequest, _ exchange: HTTPExchange) {
        guard (1...ViewText.maximumCount).contains(request.views.count) else {
            let text = "\(request.views.count) views at once; 1 to \(ViewText.maximumCount) may be"
            return exchange.respond(.error(400, text))
        }
        do throws(QueryError) {
            var texts: [ViewText] = []
            for view in request.views {
                let text = try ViewText(name: view.name, sql: view.sql)
                guard !texts.contains(where: { $0.isNamed(as: text) }) else {
                    return exchange.respond(.error(400, "two views are named '\(view.name)'"))
                }
                texts.append(text)
            }
            views.publish(texts) { exchange.respond($0) }
        } catch {
            exchange.respond(.error(400, error.description))
        }
    }
}

extension API.ViewSummary {
    init(_ view: CatalogView) {
        self.init(
            schema: view.schema,
            view: view.name,
            snapshot: view.snapshot.rawValue,
            sql: view.sql
        )
    }
}
