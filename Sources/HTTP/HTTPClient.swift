import Base
import CEvent
import Glibc
import Transport

/// Asks a coordinator over HTTP/1.1 and waits for the answer; for the command line.
///
/// Every call makes a connection of its own and blocks the calling thread, so it does not belong on
/// a loop or in an `async` function.
package final class HTTPClient: Sendable {
    private let address: HostPort
    private let baseURL: String
    /// With TLS for `https` alone.
    private let access: ClientAccess

    /// `baseURL` is as in `http://127.0.0.1:8080` or `https://coordinator.example:8080`.
    ///
    /// Without a port, 80 and 443 are meant.
    package init(baseURL: String, access: ClientAccess = .none) throws(HTTPError) {
        let isEncrypted = baseURL.hasPrefix("https://")
        let scheme = isEncrypted ? "https://" : "http://"
        guard baseURL.hasPrefix(scheme) else { throw .invalidURL(baseURL) }
        var authority = baseURL.dropFirst(scheme.count)
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        let port = isEncrypted ? 443 : 80
        guard let address = HostPort(String(authority)) ?? HostPort("\(authority):\(port)") else {
            throw .invalidURL(baseURL)
        }
        var access = access
        if isEncrypted {
            guard access.security != nil else { throw .noAuthority(baseURL) }
        } else {
            access.security = nil
            guard access.token == nil || address.isLoopback else { throw .notEncrypted(baseURL) }
        }
        self.address = address
        self.access = access
        self.baseURL = scheme + authority
    }

    /// Sends a request, a body as JSON, and returns the whole answer whatever its status.
    ///
    /// `path` is not encoded: the client does that.
    package func send(
        _ method: HTTPMethod,
        _ path: String,
        query: [(String, String)] = [],
        body: [UInt8]? = nil,
        timeout: Duration = .seconds(30)
    ) throws(HTTPError) -> HTTPResponse {
        let target = Self.target(path, query)
        let call = try ClientCall(address: address, access: access, timeout: timeout)
        call.run(method, target, body: body)
        switch call.end {
        case .answered(let response): return response
        case let end: throw error(end, url: baseURL + target, timeout: timeout)
        }
    }

    /// Reads server-sent events until the stream ends or `onEvent` returns false.
    ///
    /// There is no time limit: a stream may be silent for as long as nothing happens.
    package func events(
        _ path: String,
        onEvent: (ServerSentEvent) -> Bool
    ) throws(HTTPError) {
        let target = Self.target(path, [])
        let call = try ClientCall(address: address, access: access, timeout: nil)
        withoutActuallyEscaping(onEvent) { onEvent in
            var parser = ServerSentEventParser()
            call.onPiece = { piece in parser.feed(piece).allSatisfy(onEvent) }
            call.run(.get, target, body: nil)
            call.onPiece = nil
        }
        switch call.end {
        case .answered(let response) where response.status == 200: return
        case .stopped: return
        case .answered(let response): throw .notAStream(url: baseURL + target, response)
        case let end: throw error(end, url: baseURL + target, timeout: .zero)
        }
    }

    private static func target(_ path: String, _ query: [(String, String)]) -> String {
        let parameters = query.map {
            PercentCoding.encode($0.0) + "=" + PercentCoding.encode($0.1)
        }
        // What may stand in a path as it is: RFC 3986 section 3.3.
        let path = PercentCoding.encode(path, keeping: "/:@!$&'()*+,;=")
        return parameters.isEmpty ? path : path + "?" + parameters.joined(separator: "&")
    }

    private func error(_ end: ClientCall.End, url: String, timeout: Duration) -> HTTPError {
        switch end {
        case .notConnected(let reason): .unreachable(url: baseURL, reason: reason)
        case .distrusted(let reason): .untrusted(url: baseURL, reason: reason)
        case .failed(let reason): .interrupted(url: url, reason: reason)
        case .answered, .stopped: .interrupted(url: url, reason: "it was stopped")
        case .timedOut: .timedOut(url: url, after: timeout)
        }
    }
}
