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
}
