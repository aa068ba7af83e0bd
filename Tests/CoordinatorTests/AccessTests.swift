import API
import HTTP
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

    /// Whoever shows a join token is let in to the one, and to nothing behind it that others may do.
    private static let open: Set = [API.Routes.health, API.Routes.join]

    @Test("every route but /healthz and the one to join by answers 401, whatever else is shown")
    func matrix() throws {
        try withShell { shell in
            let routes = shell.makeRouter().patterns
            let open = routes.filter { Self.open.contains($0.path) }
            #expect(routes.count > 15, "the router's own list is looked at")
            #expect(open.count == 2)
            for route in routes where !Self.open.contains(route.path) {
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
            let read = Self.request((.get, API.Routes.join), [])
            #expect(shell.security.refusal(of: read)?.status == 401)
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
            try write(Array("the-token\n".utf8), to: folder + "/token")
            let shell = try makeShell(
                in: folder,
                security: hasToken ? "security: {token_file: token}" : "",
                loop: try EventLoop(name: "test")
            )
            try body(shell)
        }
    }
}
