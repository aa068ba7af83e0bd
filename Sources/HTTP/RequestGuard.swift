import Transport

/// What a request must be before a handler sees it; failure-model.md section 4.
///
/// On loopback every local program is trusted, but a web page in the operator's browser is not. It
/// gives itself away by a foreign `Host` (a name of its own that resolves to 127.0.0.1), by a
/// foreign `Origin`, or by a body that is not JSON, the only kind it may send without asking. Forms,
/// which it may send as well, are taken in below one path only, and must name our own origin.
struct RequestGuard {
    /// Hosts that a request may name, without port, lowercase.
    private let allowedHosts: Set<String>
    /// What paths begin with that take forms; nil where none do.
    private let formPaths: String?

    /// Loopback, the host of `address` and `moreHosts` may be named.
    init(address: HostPort, moreHosts: [String], formPaths: String? = nil) {
        self.formPaths = formPaths
        let names = ["localhost", "127.0.0.1", "::1", address.host] + moreHosts
        allowedHosts = Set(names.map { $0.lowercased() })
    }

    /// The answer that refuses the request; nil lets it pass.
    ///
    /// `localHost` is the numeric address that the request came in on: a page that was loaded from
    /// there is our own, because nobody else can answer at our address.
    func refusal(of request: HTTPRequest, localHost: () -> String?) -> HTTPResponse? {
        guard request.method != .other else {
            return .error(405, "the method is not one of GET, POST, PUT, PATCH and DELETE")
        }
        guard let host = request.header("Host")?.lowercased() else {
            return .error(400, "the Host header is missing")
        }
        let name = Self.host(of: host)
        guard allowedHosts.contains(name) || localHost() == name else {
            return .error(
                403,
                "this server does not answer to the host name of the request; cluster.yaml lists "
                    + "more of them under listen.hosts"
            )
        }
        guard request.method != .get else { return nil }
        if let origin = request.header("Origin")?.lowercased(),
            origin != "http://\(host)", origin != "https://\(host)"
        {
            return .error(403, "requests from pages of other sites are refused")
        }
        if let formPaths, request.path.hasPrefix(formPaths) { return refusal(ofForm: request) }
        guard request.body.isEmpty || Self.type(of: request) == "application/json" else {
            return .error(415, "the body must be JSON: send Content-Type: application/json")
        }
        return nil
    }

    /// Browsers tell the origin of every form; of a foreign one it was refused before.
    private func refusal(ofForm request: HTTPRequest) -> HTTPResponse? {
        guard request.header("Origin") != nil else {
            return .error(403, "a form must tell its origin")
        }
        guard Self.type(of: request) == "application/x-www-form-urlencoded" else {
            return .error(415, "the body must be a form: application/x-www-form-urlencoded")
        }
        return nil
    }

    private static func type(of request: HTTPRequest) -> String? {
        let type = request.header("Content-Type")?.split(separator: ";").first
        return type?.split(separator: " ").first?.lowercased()
    }

    /// A host without its port and without the brackets of IPv6.
    private static func host(of text: String) -> String {
        if text.hasPrefix("[") { return String(text.dropFirst().prefix { $0 != "]" }) }
        // More than one colon and no bracket: a bare IPv6 address.
        guard text.count(where: { $0 == ":" }) == 1 else { return text }
        return String(text.prefix { $0 != ":" })
    }
}
