/// Asks for a join token.
package struct TokenRequest: Codable, Equatable, Sendable {
    package var pool: String
    /// The worker's name; one is made up without it.
    package var name: String?
    /// How long it may be used; a while without it.
    package var lifetimeSeconds: Int?

    package init(
        pool: String,
        name: String? = nil,
        lifetimeSeconds: Int? = nil
    ) {
        self.pool = pool
        self.name = name
        self.lifetimeSeconds = lifetimeSeconds
    }

    private enum CodingKeys: String, CodingKey {
        case pool
        case name
        case lifetimeSeconds = "lifetime_seconds"
    }
}

/// A join token, which is told this once and kept as a hash.
package struct TokenResponse: Codable, Equatable, Sendable {
    package var id: String
    package var pool: String
    package var name: String
    package var token: String
    package var expires: String

    package init(
        id: String,
        pool: String,
        name: String,
        token: String,
        expires: String
    ) {
        self.id = id
        self.pool = pool
        self.name = name
        self.token = token
        self.expires = expires
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case pool
        case name
        case token
        case expires
    }
}

/// A join token as it is listed, without its secret.
package struct TokenSummary: Codable, Equatable, Sendable {
    package var id: String
    package var pool: String
    package var name: String
    package var state: TokenState
    package var created: String
    package var expires: String

    package init(
        id: String,
        pool: String,
        name: String,
        state: TokenState,
        created: String,
        expires: String
    ) {
        self.id = id
        self.pool = pool
        self.name = name
        self.state = state
        self.created = created
        self.expires = expires
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case pool
        case name
        case state
        case created
        case expires
    }
}

/// The answer to GET /api/tokens, the oldest first.
package struct TokenList: Codable, Equatable, Sendable {
    package var tokens: [TokenSummary]

    package init(
        tokens: [TokenSummary]
    ) {
        self.tokens = tokens
    }

    private enum CodingKeys: String, CodingKey {
        case tokens
    }
}

/// Exchanges a join token, which is the bearer token of the request, for a certificate.
package struct JoinRequest: Codable, Equatable, Sendable {
    /// The pool that the worker means to join: a token of another one is not used up.
    package var pool: String
    /// The worker's certificate request, PEM.
    package var request: String

    package init(
        pool: String,
        request: String
    ) {
        self.pool = pool
        self.request = request
    }

    private enum CodingKeys: String, CodingKey {
        case pool
        case request
    }
}

/// The certificate that a join token was good for, and that of the cluster's authority, PEM.
package struct JoinResponse: Codable, Equatable, Sendable {
    package var certificate: String
    package var authority: String

    package init(
        certificate: String,
        authority: String
    ) {
        self.certificate = certificate
        self.authority = authority
    }

    private enum CodingKeys: String, CodingKey {
        case certificate
        case authority
    }
}

/// Revokes what a worker proves who it is with, for good.
package struct RevokeRequest: Codable, Equatable, Sendable {
    /// The id of a worker, or `POOL/NAME`.
    package var worker: String

    package init(
        worker: String
    ) {
        self.worker = worker
    }

    private enum CodingKeys: String, CodingKey {
        case worker
    }
}

/// The identity that was revoked.
package struct RevokeResponse: Codable, Equatable, Sendable {
    package var pool: String
    package var name: String

    package init(
        pool: String,
        name: String
    ) {
        self.pool = pool
        self.name = name
    }

    private enum CodingKeys: String, CodingKey {
        case pool
        case name
    }
}
