import API
import Base
import Dashboard
import HTTP
import Identity
import Jobs
import Scheduling
import Transport

/// The dashboard: which page is at which path, and who sees it.
///
/// Pages are made of the values that the API tells, by the pure functions of the module of that
/// name. Whatever is asked for by GET changes nothing; buttons are forms below ``Links/actions``.
extension CoordinatorShell {
    typealias Frame = Page.Frame

    func makeDashboard() -> Router {
        var router = Router()
        router.add(.get, Links.style) { _, _, exchange in
            exchange.respond(.file(StaticFiles.style, type: "text/css; charset=utf-8"))
        }
        router.add(.get, Links.script) { _, _, exchange in
            exchange.respond(.file(StaticFiles.script, type: "text/javascript; charset=utf-8"))
        }
        router.add(.get, Links.events) { [unowned self] _, _, exchange in
            dashboardEvents.add(exchange)
        }
        addOverviewPages(to: &router)
        addJobPages(to: &router)
        addWorkerPages(to: &router)
        addTablePages(to: &router)
        addActions(to: &router)
        return router
    }

    /// Answers a request for a page, or for what pages are made of.
    func servePage(_ request: HTTPRequest, _ exchange: HTTPExchange, _ router: Router) {
        if let refusal = pageRefusal(of: request) { return exchange.respond(refusal) }
        guard isReady || Self.isFile(request.path) else {
            return show(
                ProblemPage("The coordinator starts; try again in a moment.").page,
                status: 503,
                request,
                exchange
            )
        }
        router.route(request, exchange)
    }

    /// The answer to who may not see a page; nil lets the request pass.
    ///
    /// Strangers get the page to log in by, and what that is made of.
    func pageRefusal(of request: HTTPRequest) -> HTTPResponse? {
        guard let refusal = security.refusal(of: request) else { return nil }
        if dashboardAccess.hasSession(request, at: EventLoop.now()) { return nil }
        if request.method == .get, Self.isFile(request.path) { return nil }
        if request.method == .post, request.path == Links.login { return nil }
        guard request.method == .get, request.header("Accept")?.contains("text/html") == true else {
            return refusal
        }
        return .page(LoginPage().page(frame(of: request)), status: 401)
    }

    private static func isFile(_ path: String) -> Bool {
        [Links.style, Links.script].contains(path)
    }

    // MARK: Answers

    func frame(of request: HTTPRequest) -> Frame {
        Frame(
            cluster: configuration.cluster,
            version: productVersion,
            now: EventLoop.wallTime().rfc3339,
            formToken: dashboardAccess.formTokenText,
            hasSession: dashboardAccess.hasSession(request, at: EventLoop.now())
        )
    }

    func show(
        _ page: (Frame) -> Page,
        status: Int = 200,
        _ request: HTTPRequest,
        _ exchange: HTTPExchange
    ) {
        exchange.respond(.page(page(frame(of: request)), status: status))
    }

    func showProblem(
        _ message: String,
        status: Int,
        _ request: HTTPRequest,
        _ exchange: HTTPExchange
    ) {
        show(ProblemPage(message).page, status: status, request, exchange)
    }

    /// The value of an answer from a store; shows itself why there is none.
    func value<Value>(
        _ outcome: Result<Value, some Error>,
        _ request: HTTPRequest,
        _ exchange: HTTPExchange
    ) -> Value? {
        switch outcome {
        case .success(let value): return value
        case .failure(let error):
            showProblem("It cannot be read now: \(error)", status: 503, request, exchange)
            return nil
        }
    }

    // MARK: Actions

    private func addActions(to router: inout Router) {
        addAction(Links.login, to: &router) { [unowned self] form, request, exchange in
            login(form["token"] ?? "", request, exchange)
        }
        addAction(Links.logout, to: &router) { [unowned self] _, request, exchange in
            let cookie = dashboardAccess.endSession(of: request, isSecure: security.http != nil)
            exchange.respond(.seeOther(Links.overview, cookie: cookie))
        }
        addAction(Links.cancel, to: &router) { [unowned self] form, request, exchange in
            guard let id = form["job"].flatMap({ Int64($0) }).map({ JobID($0) }) else {
                return showProblem("There is no such job.", status: 404, request, exchange)
            }
            // Of one that has ended there is nothing to cancel, and its page says so.
            if jobs[id] != nil { handle(.cancelRequested(id)) }
            exchange.respond(.seeOther(Links.job("\(id)")))
        }
        addAction(Links.drain, to: &router) { [unowned self] form, request, exchange in
            guard let id = form["worker"].flatMap({ Int64($0) }).map({ WorkerID($0) }),
                scheduler.workers[id] != nil
            else { return showProblem("There is no such worker.", status: 404, request, exchange) }
            note(.draining, id, "asked to")
            handle(.drainRequested(id))
            exchange.respond(.seeOther(Links.workers))
        }
        addAction(Links.scale, to: &router) { [unowned self] form, request, exchange in
            guard let workers = form["workers"].flatMap({ Int($0) }) else {
                return showProblem("How many workers?", status: 400, request, exchange)
            }
            if let problem = scale(form["pool"] ?? "", to: workers) {
                return showProblem(problem.message, status: problem.status, request, exchange)
            }
            exchange.respond(.seeOther(Links.pools))
        }
    }

    /// Adds what a button does; forms that this process did not make do nothing.
    private func addAction(
        _ path: String,
        to router: inout Router,
        _ action: @escaping ([String: String], HTTPRequest, HTTPExchange) -> Void
    ) {
        router.add(.post, path) { [unowned self] request, _, exchange in
            guard let form = request.form, dashboardAccess.isOurs(form) else {
                let text =
                    "The form is not one of this coordinator's, which may have been started "
                    + "anew since: go back, load the page again, and try once more."
                return showProblem(text, status: 403, request, exchange)
            }
            action(form, request, exchange)
        }
    }

    private func login(_ text: String, _ request: HTTPRequest, _ exchange: HTTPExchange) {
        guard let token = security.token, token.matches(Secret(Array(text.utf8))) else {
            return show(LoginPage(wasRefused: true).page, status: 401, request, exchange)
        }
        let cookie = dashboardAccess.beginSession(
            isSecure: security.http != nil,
            at: EventLoop.now()
        )
        exchange.respond(.seeOther(Links.overview, cookie: cookie))
    }
}

extension HTTPRequest {
    /// The page of a list that is asked for, from 1.
    var pageNumber: Int { query["page"].flatMap { Int($0) } ?? 1 }
}

extension HTTPResponse {
    static func page(_ page: Page, status: Int = 200) -> Self {
        file(Array(page.html.utf8), type: "text/html; charset=utf-8", status: status)
    }

    static func file(_ bytes: [UInt8], type: String, status: Int = 200) -> Self {
        HTTPResponse(
            status: status,
            headers: [("Content-Type", type)] + Page.headers,
            body: bytes
        )
    }

    /// Leads back from a form, so that loading the page again sends nothing again.
    fileprivate static func seeOther(_ path: String, cookie: String? = nil) -> Self {
        var headers = [("Location", path)] + Page.headers
        if let cookie { headers.append(("Set-Cookie", cookie)) }
        return HTTPResponse(status: 303, headers: headers)
    }
}
