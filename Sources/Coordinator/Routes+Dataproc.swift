import Dataproc
import HTTP
import Jobs
import Transport

/// The Dataproc API: below `/v1/projects/…/regions/…`, and `locations` for `regions`.
extension CoordinatorShell {
    func addDataprocRoutes(to router: inout Router) {
        for parent in ["regions", "locations"] {
            let base = "/v1/projects/{project}/\(parent)/{region}/"
            for route in Route.all {
                guard let method = HTTPMethod(rawValue: route.method) else {
                    preconditionFailure("the route \(route.path) has an unknown method")
                }
                router.add(method, base + route.path) {
                    [unowned self] request, parameters, exchange in
                    let place = ResourceName(
                        project: parameters["project"] ?? "",
                        region: parameters["region"] ?? "",
                        id: parameters["id"] ?? ""
                    )
                    dataproc?.answer(
                        route,
                        Route.Request(place: place, query: request.query, body: request.body),
                        exchange
                    )
                }
            }
            for (method, path) in Route.unimplemented {
                guard let method = HTTPMethod(rawValue: method) else { continue }
                router.add(method, base + path) { _, _, exchange in
                    let text = "this part of the Dataproc API is not there: \(path)"
                    exchange.respond(HTTPResponse(RPCError(.unimplemented, text)))
                }
            }
        }
    }

    /// Where people look.
    var dashboardAddress: String {
        "\(security.http == nil ? "http" : "https")://\(configuration.listen.http)/"
    }
}
