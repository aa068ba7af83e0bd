/// Finds the handler for a request by its method and path.
package struct Router {
    package typealias Handler = (HTTPRequest, [String: String], HTTPExchange) -> Void

    private struct Route {
        let method: HTTPMethod
        let text: String
        let pattern: PathPattern
        let handler: Handler
    }

    private var routes: [Route] = []

    package init() {}

    /// Adds a route such as `/api/jobs/{id}/cancel`; the first one that matches is taken.
    ///
    /// `{name}` stands for one non-empty path segment, or for the beginning of one when text
    /// follows, as in `{id}:cancel`. Routes with such a text belong before those without.
    package mutating func add(
        _ method: HTTPMethod,
        _ pattern: String,
        _ handler: @escaping Handler
    ) {
        routes.append(
            Route(method: method, text: pattern, pattern: PathPattern(pattern), handler: handler)
        )
    }

    /// All routes, for tests that must forget none.
    package var patterns: [(method: HTTPMethod, path: String)] {
        routes.map { ($0.method, $0.text) }
    }

    /// Calls the handler, or answers 404 for a path and 405 for a method that no route has.
    package func route(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        var others: [String] = []
        let segments = PathPattern.segments(of: request.path)
        for route in routes {
            guard let parameters = route.pattern.match(segments) else { continue }
            if route.method == request.method {
                route.handler(request, parameters, exchange)
                return
            }
            others.append(route.method.rawValue)
        }
        guard !others.isEmpty else {
            exchange.respond(.notFound("there is nothing at \(request.path)"))
            return
        }
        let allowed = others.joined(separator: ", ")
        var response = HTTPResponse.error(405, "\(request.path) takes \(allowed)")
        response.headers.append(("Allow", allowed))
        exchange.respond(response)
    }
}

/// A path with holes.
struct PathPattern {
    private enum Segment {
        case literal(Substring)
        case parameter(name: String, suffix: Substring)
    }

    private let segments: [Segment]

    init(_ pattern: String) {
        precondition(pattern.hasPrefix("/"), "the pattern \(pattern) does not begin with a slash")
        segments = Self.segments(of: pattern).map { text in
            guard text.hasPrefix("{") else { return .literal(text) }
            guard let end = text.firstIndex(of: "}") else {
                preconditionFailure("the pattern \(pattern) lacks a closing brace")
            }
            let name = text[text.index(after: text.startIndex)..<end]
            return .parameter(name: String(name), suffix: text[text.index(after: end)...])
        }
    }

    static func segments(of path: String) -> [Substring] {
        path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    }

    /// What stands in the holes; nil when the path is another one.
    func match(_ path: [Substring]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, text) in zip(segments, path) {
            switch segment {
            case .literal(let literal):
                guard text == literal else { return nil }
            case .parameter(let name, let suffix):
                guard text.hasSuffix(suffix), text.count > suffix.count else { return nil }
                parameters[name] = String(text.dropLast(suffix.count))
            }
        }
        return parameters
    }
}
