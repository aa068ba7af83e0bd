import CEvent

/// What a request wants done (RFC 9110 section 9).
package enum HTTPMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    /// A method that no route of ours takes; always refused.
    case other = "OTHER"

    init(_ command: evhttp_cmd_type) {
        switch command {
        case EVHTTP_REQ_GET: self = .get
        case EVHTTP_REQ_POST: self = .post
        case EVHTTP_REQ_PUT: self = .put
        case EVHTTP_REQ_PATCH: self = .patch
        case EVHTTP_REQ_DELETE: self = .delete
        default: self = .other
        }
    }

    /// libevent's code; `other` is sent as OPTIONS, which is good for tests of the refusal only.
    var command: evhttp_cmd_type {
        switch self {
        case .get: EVHTTP_REQ_GET
        case .post: EVHTTP_REQ_POST
        case .put: EVHTTP_REQ_PUT
        case .patch: EVHTTP_REQ_PATCH
        case .delete: EVHTTP_REQ_DELETE
        case .other: EVHTTP_REQ_OPTIONS
        }
    }
}
