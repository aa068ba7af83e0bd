/// The coordinator's version.
package struct VersionInfo: Codable, Equatable, Sendable {
    package var version: String
    package var protocolVersion: Int

    package init(
        version: String,
        protocolVersion: Int
    ) {
        self.version = version
        self.protocolVersion = protocolVersion
    }

    private enum CodingKeys: String, CodingKey {
        case version
        case protocolVersion = "protocol_version"
    }
}

/// What went wrong with a request.
package struct ErrorDetail: Codable, Equatable, Sendable {
    /// The HTTP status.
    package var code: Int
    /// Its word, as NOT_FOUND.
    package var status: String
    package var message: String

    package init(
        code: Int,
        status: String,
        message: String
    ) {
        self.code = code
        self.status = status
        self.message = message
    }

    private enum CodingKeys: String, CodingKey {
        case code
        case status
        case message
    }
}

/// The body of every answer that is not 2xx.
package struct ErrorBody: Codable, Equatable, Sendable {
    package var error: ErrorDetail

    package init(
        error: ErrorDetail
    ) {
        self.error = error
    }

    private enum CodingKeys: String, CodingKey {
        case error
    }
}
