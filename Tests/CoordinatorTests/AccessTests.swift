import API
import Base
import Catalog
import Glibc
import HTTP
import Identity
import Jobs
import Storage
import TestSupport
import Testing
import Transport

@testable import Coordinator

@Suite("With a token set, the API is closed to whoever does not show it")
struct AccessTests {
    /// What strangers may try; none of it is the token.
    private static let headers: [[(String, String)]] = [
        [], [("Authorization", "")], [("Authorization", "Bearer")],
        [("Authorization", "Bearer ")], [("Authorization", "Bearer guess")],
        [("Authorization", "Bearer \(String(repeating: "0", count: 64))")],
        [("Cookie", "token=the-token")],
    ]

    private static func request(
        _ route: (method: HTTPMethod, path: String),
        _ headers: [(String, String)]
    ) -> HTTPRequest {
        let path = route.path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("{") ? "1" : String($0) }.joined(separator: "/")
        return HTTPRequest(
            method: route.method,
            path: path,
            query: ["token": "the-token", "access_token": "the-token"],
            headers: headers,
            body: Array("{}".utf8)
        )
    }

    @Test("every route but /healthz answers 401, whatever else is shown")
    func matrix() throws {
        try withShell { shell in
            let routes = shell.makeRouter().patterns
            let open = routes.filter { $0.path == API.Routes.health }
            #expect(routes.count > 15, "the router's own list is looked at")
            #expect(open.count == 1)
            for route in routes where route.path != API.Routes.health {
                for headers in Self.headers {
                    let refusal = shell.security.refusal(of: Self.request(route, headers))
                    #expect(refusal?.status == 401, "\(route) \(headers)")
                    #expect(refusal?.header("WWW-Authenticate") == "Bearer")
                }
                let good = Self.request(route, [("Authorization", "Bearer the-token")])
                #expect(shell.security.refusal(of: good) == nil, "\(route)")
            }
        }
    }

    @Test("paths that do not exist are refused just as those that do")
    func unknownPaths() throws {
        try withShell { shell in
            for path in ["/nowhere", "/healthz/", "/healthz/x", "//healthz", "/API/jobs"] {
                let request = Self.request((.get, path), [])
                #expect(shell.security.refusal(of: request)?.status == 401, "\(path)")
            }
            let write = Self.request((.post, API.Routes.health), [])
            #expect(shell.security.refusal(of: write)?.status == 401)
        }
    }

    @Test("the scheme's case does not matter, and neither do blanks around the token")
    func spelling() throws {
        try withShell { shell in
            for header in ["bearer the-token", "BEARER the-token", "Bearer   the-token "] {
                let request = Self.request((.get, "/api/jobs"), [("authorization", header)])
                #expect(shell.security.refusal(of: request) == nil, "\(header)")
            }
        }
    }

    @Test("without a token set, local users are let in")
    func trusted() throws {
        try withShell(hasToken: false) { shell in
            let request = Self.request((.get, "/api/jobs"), [])
            #expect(shell.security.refusal(of: request) == nil)
        }
    }

    /// Lends a coordinator that does not run.
    private func withShell(
        hasToken: Bool = true,
        _ body: (CoordinatorShell) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            try Directory.create(path: folder + "/store")
            try write(Array("the-token\n".utf8), to: folder + "/token")
            let security = hasToken ? "security: {token_file: token}" : ""
            let configuration = try ClusterConfiguration.parse(
                text: "storage: {tables: store}\n\(security)",
                file: "test",
                baseDirectory: folder
            )
            let loop = try EventLoop(name: "test")
            let jobStore = try JobStore(path: folder + "/jobs.sqlite", loop: loop)
            let catalog = try Catalog(
                path: folder + "/store/catalog.sqlite",
                dataPath: folder + "/store/"
            )
            try jobStore.beginReign(after: try catalog.lastReign(of: jobStore.identity))
            let shell = CoordinatorShell(
                loop: loop,
                configuration: configuration,
                library: try JobLibrary(directories: []),
                jobStore: jobStore,
                security: try ClusterSecurity(configuration),
                catalog: catalog,
                processes: try ProcessPool(
                    directory: folder + "/workers",
                    coordinator: HostPort(host: "127.0.0.1", port: 1)
                )
            )
            try body(shell)
        }
    }
}
