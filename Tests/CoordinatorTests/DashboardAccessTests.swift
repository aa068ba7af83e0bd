import Base
import Dashboard
import HTTP
import Identity
import TestSupport
import Testing
import Transport

@testable import Coordinator

@Suite("The dashboard is closed to strangers, and its buttons to pages of others")
struct DashboardAccessTests {
    private static let now = Instant(nanoseconds: 0)

    private static func request(
        _ method: HTTPMethod,
        _ path: String,
        _ headers: [(String, String)] = []
    ) -> HTTPRequest {
        HTTPRequest(method: method, path: path, headers: headers)
    }

    @Test("with a token set, every page and action but logging in and what that needs is refused")
    func matrix() throws {
        try withShell { shell in
            let routes = shell.makeDashboard().patterns
            let open: Set = [Links.style, Links.script, Links.login]
            #expect(routes.count { open.contains($0.path) } == 3)
            for route in routes where !open.contains(route.path) {
                #expect(Links.owns(route.path), "\(route.path) is never asked for")
                for headers in [
                    [], [("Cookie", "otjob_session=guess")], [("Cookie", "otjob_session=")],
                ] {
                    let refusal = shell.pageRefusal(
                        of: Self.request(route.method, route.path, headers)
                    )
                    #expect(refusal?.status == 401, "\(route)")
                }
                let bearer = [("Authorization", "Bearer the-token")]
                let good = Self.request(route.method, route.path, bearer)
                #expect(shell.pageRefusal(of: good) == nil, "\(route)")
            }
        }
    }

    @Test("a browser without a session gets the page to log in by, a program JSON")
    func loginPage() throws {
        try withShell { shell in
            let browser = Self.request(.get, "/jobs/1", [("Accept", "text/html,*/*")])
            let page = shell.pageRefusal(of: browser)
            #expect(page?.status == 401)
            let html = String(decoding: page?.body ?? [], as: UTF8.self)
            #expect(html.contains("/actions/login"))
            let program = shell.pageRefusal(of: Self.request(.get, "/jobs/1"))
            #expect(program?.header("Content-Type") == "application/json")
        }
    }

    @Test("a session opens pages and no part of the API, and ends when it is ended")
    func session() throws {
        try withShell { shell in
            let set = shell.dashboardAccess.beginSession(isSecure: true, at: EventLoop.now())
            #expect(set.hasSuffix("; HttpOnly; SameSite=Strict; Secure"))
            let cookie = ("Cookie", "other=1; " + String(set.prefix { $0 != ";" }))
            #expect(shell.pageRefusal(of: Self.request(.get, "/", [cookie])) == nil)
            let call = Self.request(.get, "/api/jobs", [cookie])
            #expect(shell.security.refusal(of: call)?.status == 401)
            _ = shell.dashboardAccess.endSession(
                of: Self.request(.post, Links.logout, [cookie]),
                isSecure: true
            )
            #expect(shell.pageRefusal(of: Self.request(.get, "/", [cookie]))?.status == 401)
        }
    }

    @Test("sessions end by themselves, and no more are kept than may be")
    func limits() {
        var access = DashboardAccess()
        let first = access.beginSession(isSecure: false, at: Self.now)
        let request = Self.request(.get, "/", [("Cookie", String(first.prefix { $0 != ";" }))])
        #expect(access.hasSession(request, at: Self.now + .seconds(3600)))
        #expect(!access.hasSession(request, at: Self.now + DashboardAccess.sessionTime))
        for second in 1...DashboardAccess.sessionsLimit {
            _ = access.beginSession(isSecure: false, at: Self.now + .seconds(second))
        }
        #expect(!access.hasSession(request, at: Self.now + .seconds(200)))
    }

    @Test("a form is ours when it bears the token of this process")
    func forms() {
        let access = DashboardAccess()
        #expect(access.isOurs(["form_token": access.formTokenText]))
        for form in [[:], ["form_token": ""], ["form_token": DashboardAccess().formTokenText]] {
            #expect(!access.isOurs(form))
        }
    }

    private func withShell(_ body: (CoordinatorShell) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try write(Array("the-token\n".utf8), to: folder + "/token")
            let shell = try makeShell(
                in: folder,
                security: "security: {token_file: token}",
                loop: try EventLoop(name: "test")
            )
            try body(shell)
        }
    }
}
