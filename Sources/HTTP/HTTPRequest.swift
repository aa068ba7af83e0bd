import Base

/// One request, as a handler sees it: decoded, and within the limits.
package struct HTTPRequest: Sendable {
    package let method: HTTPMethod
    /// The path, percent-decoded once, without the query; begins with a slash.
    package let path: String
    /// The query's parameters, decoded; of a name that comes twice the last one counts.
    package let query: [String: String]
    /// Numeric address of the client, without its port.
    package let remoteAddress: String
    package let body: [UInt8]
    private let headers: [String: String]

    /// Of a header that comes twice the first one counts.
    package init(
        method: HTTPMethod,
        path: String,
        query: [String: String] = [:],
        headers: [(String, String)] = [],
        body: [UInt8] = [],
        remoteAddress: String = ""
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.remoteAddress = remoteAddress
        let named = headers.map { ($0.0.lowercased(), $0.1) }
        self.headers = Dictionary(named, uniquingKeysWith: { first, _ in first })
    }

    /// The value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? { headers[name.lowercased()] }

    /// The fields of a form in the body; nil where it is none.
    package var form: [String: String]? {
        PercentCoding.parameters(of: String(decoding: body, as: UTF8.self))
    }

    /// The value of a cookie (RFC 6265 section 4.2.1).
    package func cookie(_ name: String) -> String? {
        for pair in (header("Cookie") ?? "").split(separator: ";") {
            let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0] == name { return String(parts[1]) }
        }
        return nil
    }
}
