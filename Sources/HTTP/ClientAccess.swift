package import Identity
package import Transport

/// What a client shows of itself, and whom it takes for its coordinator.
package struct ClientAccess: Sendable {
    /// Sent with every request; never to another machine in the clear.
    package var token: Secret?
    /// For `https`; without it there is nobody to trust.
    package var security: TLSContext?

    package init(token: Secret? = nil, security: TLSContext? = nil) {
        self.token = token
        self.security = security
    }

    /// Nothing to show and nobody to trust: for a coordinator on this machine.
    package static let none = ClientAccess()
}
