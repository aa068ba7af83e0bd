/// The codes of google.rpc.Code that the API answers with.
package enum RPCCode: Int, Codable, Sendable, CaseIterable {
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case resourceExhausted = 8
    case failedPrecondition = 9
    case unimplemented = 12
    case internalError = 13
    case unavailable = 14

    package var status: String {
        switch self {
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .unimplemented: "UNIMPLEMENTED"
        case .internalError: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        }
    }

    /// The HTTP status of an answer with this code.
    package var http: Int {
        switch self {
        case .cancelled: 499
        case .unknown, .internalError: 500
        case .invalidArgument, .failedPrecondition: 400
        case .deadlineExceeded: 504
        case .notFound: 404
        case .alreadyExists: 409
        case .resourceExhausted: 429
        case .unimplemented: 501
        case .unavailable: 503
        }
    }
}

/// What a request or an operation ends with when it does not succeed.
package struct RPCError: Error, Codable, Equatable, Sendable, CustomStringConvertible {
    /// Why, for programs: google.rpc.ErrorInfo.
    package struct Info: Codable, Equatable, Sendable {
        package var reason: String
        package var metadata: [String: String]
    }

    package let code: RPCCode
    package let message: String
    package let info: Info?

    package init(_ code: RPCCode, _ message: String, info: Info? = nil) {
        self.code = code
        self.message = message
        self.info = info
    }

    package static func invalid(_ message: String) -> Self { RPCError(.invalidArgument, message) }

    package static func refused(_ message: String) -> Self {
        RPCError(.failedPrecondition, message)
    }

    package static func notFound(_ what: String) -> Self {
        RPCError(.notFound, "there is no \(what)")
    }

    /// A zone that has no room; what tells a client to try the next one.
    package static func exhausted(zone: String, _ reason: String) -> Self {
        RPCError(
            .resourceExhausted,
            "ZONE_RESOURCE_POOL_EXHAUSTED: the zone '\(zone)' does not have enough resources: "
                + "\(reason)",
            info: Info(reason: "ZONE_RESOURCE_POOL_EXHAUSTED", metadata: ["zone": zone])
        )
    }

    package var description: String { "\(code.status): \(message)" }

    private var details: JSONValue? {
        info.map { info in
            .array([
                .object([
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": .string(info.reason), "domain": "dataproc.googleapis.com",
                    "metadata": .texts(info.metadata),
                ])
            ])
        }
    }

    /// google.rpc.Status, as operations hold it.
    package var rpcStatus: JSONValue {
        .make([
            "code": .integer(code.rawValue), "message": .string(message), "details": details,
        ])
    }

    /// The body of an answer over HTTP.
    package var body: JSONValue {
        .object([
            "error": .make([
                "code": .integer(code.http), "message": .string(message),
                "status": .string(code.status), "details": details,
            ])
        ])
    }
}
