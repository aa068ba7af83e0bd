import Base
import CEvent

/// Takes libevent's requests and answers apart.
enum RequestReader {
    /// Nil when the path or the query is not properly encoded.
    static func read(
        _ request: OpaquePointer,
        on connection: OpaquePointer,
        headers: [(String, String)]
    ) -> HTTPRequest? {
        let uri = evhttp_request_get_evhttp_uri(request)
        let path = evhttp_uri_get_path(uri).map { String(cString: $0) } ?? ""
        let query = evhttp_uri_get_query(uri).map { String(cString: $0) } ?? ""
        guard let decoded = PercentCoding.decode(path), decoded.hasPrefix("/"),
            let parameters = PercentCoding.parameters(of: query)
        else { return nil }
        return HTTPRequest(
            method: HTTPMethod(evhttp_request_get_command(request)),
            path: decoded,
            query: parameters,
            headers: headers,
            body: takeBody(of: request),
            remoteAddress: peer(of: connection)
        )
    }

    static func headers(of request: OpaquePointer) -> [(String, String)] {
        let list = evhttp_request_get_input_headers(request)
        return sequence(first: list?.pointee.tqh_first, next: { $0?.pointee.next.tqe_next })
            .compactMap { node in
                guard let node, let key = node.pointee.key, let value = node.pointee.value
                else { return nil }
                return (String(cString: key), String(cString: value))
            }
    }

    /// What has arrived of the body, which is then gone from the request.
    static func takeBody(of request: OpaquePointer) -> [UInt8] {
        let buffer = evhttp_request_get_input_buffer(request)
        let length = evbuffer_get_length(buffer)
        return [UInt8](unsafeUninitializedCapacity: length) { bytes, count in
            count = max(0, Int(evbuffer_remove(buffer, bytes.baseAddress, length)))
        }
    }

    private static func peer(of connection: OpaquePointer) -> String {
        var address: UnsafeMutablePointer<CChar>?
        var port: UInt16 = 0
        evhttp_connection_get_peer(connection, &address, &port)
        return address.map { String(cString: $0) } ?? ""
    }
}
