import API
import Base
import HTTP
import Identity
import Scheduling
import Transport

/// The routes of join tokens and identities.
extension CoordinatorShell {
    func addIdentityRoutes(to router: inout Router) {
        router.add(.post, API.Routes.tokens) { [unowned self] request, _, exchange in
            guard let body = decode(TokenRequest.self, request, exchange) else { return }
            withIdentities(exchange) { makeToken(body, $0, exchange) }
        }
        router.add(.get, API.Routes.tokens) { [unowned self] _, _, exchange in
            withIdentities(exchange) { identities in
                let now = EventLoop.wallTime()
                identities.tokens {
                    exchange.respond($0) { records in
                        TokenList(tokens: records.map { TokenSummary($0, at: now) })
                    }
                }
            }
        }
        router.add(.post, API.Routes.removeToken("{id}")) {
            [unowned self] _, parameters, exchange in
            withIdentities(exchange) { removeToken(parameters["id"] ?? "", $0, exchange) }
        }
        router.add(.post, API.Routes.revoke) { [unowned self] request, _, exchange in
            guard let body = decode(RevokeRequest.self, request, exchange) else { return }
            withIdentities(exchange) { revoke(body.worker, $0, exchange) }
        }
        router.add(.post, API.Routes.join) { [unowned self] request, _, exchange in
            guard let token = request.bearerToken else {
                return exchange.respond(.unauthorized("joining needs a join token"))
            }
            guard let body = decode(JoinRequest.self, request, exchange) else { return }
            withIdentities(exchange) { identities in
                let pool = PoolID(body.pool)
                identities.join(token, pool: pool, request: body.request) {
                    exchange.respond($0) {
                        JoinResponse(certificate: $0.certificate.pem, authority: $0.authority.pem)
                    }
                }
            }
        }
    }

    private func withIdentities(_ exchange: HTTPExchange, _ body: (IdentityRegistry) -> Void) {
        guard let identities else {
            let text =
                "this cluster has no certificates; make them with otjob cluster init, and name "
                + "their folder in cluster.yaml: security: {directory: DIR}"
            return exchange.respond(.error(400, text))
        }
        body(identities)
    }

    private func makeToken(
        _ request: TokenRequest,
        _ identities: IdentityRegistry,
        _ exchange: HTTPExchange
    ) {
        guard let pool = scheduler.pool(PoolID(request.pool)) else {
            let text = "there is no pool '\(request.pool)'; see otjob pools"
            return exchange.respond(.notFound(text))
        }
        guard let port = joiningPort else {
            return exchange.respond(.error(400, Self.noJoining))
        }
        let lifetime =
            request.lifetimeSeconds.map { Duration.seconds($0) } ?? IdentityRegistry.tokenLifetime
        let id = pool.settings.id
        identities.makeToken(pool: id, name: request.name, lifetime: lifetime, port: port) {
            exchange.respond($0) { issued in
                TokenResponse(
                    id: "\(issued.id)",
                    pool: id.rawValue,
                    name: issued.name,
                    token: issued.token.text.withBytes { String(decoding: $0, as: UTF8.self) },
                    expires: issued.expires.rfc3339
                )
            }
        }
    }

    private func removeToken(
        _ id: String,
        _ identities: IdentityRegistry,
        _ exchange: HTTPExchange
    ) {
        let unknown = HTTPResponse.notFound("there is no token '\(id)'; see otjob token list")
        guard let number = Int64(id) else { return exchange.respond(unknown) }
        identities.removeToken(number) {
            switch $0 {
            case .success(false): exchange.respond(unknown)
            case .success(true): exchange.respond(.json(Array("{}".utf8)))
            case .failure(let refusal): exchange.refuse(refusal)
            }
        }
    }

    private func revoke(
        _ worker: String,
        _ identities: IdentityRegistry,
        _ exchange: HTTPExchange
    ) {
        guard case .worker(let pool, let name) = identity(of: worker) else {
            let text =
                "'\(worker)' is neither the id of a worker with an identity nor POOL/NAME; see "
                + "otjob workers"
            return exchange.respond(.notFound(text))
        }
        identities.revoke(pool: pool, name: name) { [unowned self] outcome in
            expelRevoked()
            exchange.respond(outcome) { RevokeResponse(pool: pool.rawValue, name: name) }
        }
    }

    /// Whom an operator means: a worker by its id, or an identity, whose worker may be away.
    private func identity(of worker: String) -> Subject? {
        if let id = Int64(worker) { return links[WorkerID(id)]?.proof?.subject }
        return Subject(uri: "otcluster:worker/\(worker)")
    }
}

extension TokenSummary {
    fileprivate init(_ record: JobStore.TokenRecord, at now: WallTime) {
        let isWaiting = now.rfc3339 < record.expires
        self.init(
            id: "\(record.id)",
            pool: record.pool.rawValue,
            name: record.name,
            state: record.used != nil ? .used : isWaiting ? .waiting : .expired,
            created: record.created,
            expires: record.expires
        )
    }
}

extension HTTPExchange {
    fileprivate func refuse(_ refusal: IdentityRegistry.Refusal) {
        switch refusal {
        case .invalid(let text): respond(.error(400, text))
        case .unauthorized(let text): respond(.unauthorized(text))
        case .unavailable(let text): respond(.error(503, text))
        }
    }

    fileprivate func respond<Value>(
        _ result: Result<Value, IdentityRegistry.Refusal>,
        _ answer: (Value) -> some Encodable
    ) {
        switch result {
        case .success(let value): respond(json: answer(value))
        case .failure(let refusal): refuse(refusal)
        }
    }
}
