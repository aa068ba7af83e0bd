import Base
import Database
import Identity
import TestSupport
import Testing
import Transport

@testable import Coordinator

@Suite("Who may join, who may work, and who no longer")
struct IdentityRegistryTests {
    private typealias Refusal = IdentityRegistry.Refusal

    private let pool = PoolID("zone-a")

    /// A registry on a running loop; calls go through `ask`.
    private struct Registry: Sendable {
        let test: TestLoop
        let store: JobStore
        let value: LoopBound<IdentityRegistry>
        let authority: CertificateAuthority

        init(_ folder: String, authority: CertificateAuthority? = nil) throws {
            test = try TestLoop()
            let now = EventLoop.wallTime()
            let authority = try authority ?? CertificateAuthority(cluster: "test", at: now)
            store = try JobStore(path: folder + "/jobs.sqlite", loop: test.loop)
            let registry = try IdentityRegistry(
                authority: authority,
                store: store,
                certificateLifetime: .seconds(3600)
            )
            self.authority = authority
            value = LoopBound(registry, loop: test.loop)
        }

        func token(
            _ pool: String = "zone-a",
            name: String? = nil,
            lifetime: Duration = IdentityRegistry.tokenLifetime
        ) throws -> Secret {
            let result: Result<Secret, Refusal> = try test.ask { [value] answer in
                value.value.makeToken(
                    pool: PoolID(pool),
                    name: name,
                    lifetime: lifetime,
                    port: 8080
                ) { answer($0.map(\.token.secret)) }
            }
            return try result.get()
        }

        func join(
            _ token: Secret,
            _ pool: String = "zone-a",
            request: String = CertificateRequest(for: PrivateKey()).pem
        ) throws -> Result<Subject?, Refusal> {
            try test.ask { [value] answer in
                value.value.join(token, pool: PoolID(pool), request: request) {
                    answer($0.map(\.certificate.subject))
                }
            }
        }

        func complaint(_ subject: Subject?, in pool: String = "zone-a") throws -> String? {
            try test.ask { [value] answer in
                let proof = WorkerProof(subject, expires: EventLoop.now() + .seconds(60))
                answer(
                    value.value.complaint(about: proof, in: PoolID(pool), at: EventLoop.now())
                )
            }
        }

        func revoke(_ name: String) throws {
            let result: Result<Void, Refusal> = try test.ask { [value] answer in
                value.value.revoke(pool: PoolID("zone-a"), name: name) { answer($0) }
            }
            try result.get()
        }
    }

    private func refusal(_ result: Result<Subject?, Refusal>) -> String {
        switch result {
        case .success(let subject): "\(String(describing: subject)) was let in"
        case .failure(let refusal): refusal.text
        }
    }

    @Test("a token is exchanged once, for the pool and the name it was made for")
    func once() throws {
        try withTemporaryFolder { folder in
            let registry = try Registry(folder)
            let token = try registry.token(name: "rack-7")
            #expect(refusal(try registry.join(token, "zone-b")).contains("for the pool zone-a"))
            #expect(try registry.join(token).get() == .worker(pool: pool, name: "rack-7"))
            #expect(refusal(try registry.join(token)).contains("used already"))
            // And so after a restart.
            let next = try Registry(folder, authority: registry.authority)
            #expect(refusal(try next.join(token)).contains("used already"))
        }
    }

    @Test("names are made up where none is given, and differ")
    func names() throws {
        try withTemporaryFolder { folder in
            let registry = try Registry(folder)
            let subjects = try (0..<4).map { _ in try registry.join(registry.token()).get() }
            #expect(Set(subjects).count == 4)
        }
    }

    @Test("a token that nobody made, and one whose time is over, are refused")
    func useless() throws {
        try withTemporaryFolder { folder in
            let registry = try Registry(folder)
            #expect(refusal(try registry.join(Token.make())).contains("not known"))
            #expect(refusal(try registry.join(Secret([]))).contains("not known"))
            let token = try registry.token(lifetime: .seconds(1))
            let end = EventLoop.now() + .seconds(60)
            var told = ""
            while !told.contains("expired"), EventLoop.now() < end {
                // A wrong pool leaves the token as it is.
                told = refusal(try registry.join(token, "zone-b"))
            }
            #expect(refusal(try registry.join(token)).contains("has expired"))
        }
    }

    @Test("a request that is none, is too long, or is not signed by its key uses up no token")
    func badRequests() throws {
        try withTemporaryFolder { folder in
            let registry = try Registry(folder)
            let token = try registry.token()
            let long = String(repeating: "x", count: 5000)
            for request in ["", "garbage", long] {
                #expect(throws: Refusal.self) { try registry.join(token, request: request).get() }
            }
            #expect(try registry.join(token).get() != nil)
        }
    }

    @Test(
        "a name that is none, is that of own workers, or a life out of range makes no token",
        arguments: [
            ("Rack 7", 900), ("", 900), ("a/b", 900), ("local", 900), ("rack", 0),
            ("rack", 8 * 86_400),
        ]
    )
    func badTokens(name: String, seconds: Int) throws {
        try withTemporaryFolder { folder in
            let registry = try Registry(folder)
            #expect(throws: Refusal.self) {
                try registry.token(name: name, lifetime: .seconds(seconds))
            }
        }
    }

    @Test("no more tokens wait than the limit says")
    func limit() throws {
        try withTemporaryFolder { folder in
            let registry = try Registry(folder)
            let result: Result<Void, DatabaseError> = try registry.test.ask { answer in
                registry.store.perform({ answer($0) }) { (database) throws(DatabaseError) in
                    try database.execute(
                        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < "
                            + "\(JobStore.waitingTokens)) INSERT INTO join_token SELECT i, i, "
                            + "'zone-a', 'rack-' || i, '2026', '9999', NULL FROM n"
                    )
                }
            }
            try result.get()
            _ = try registry.token()
            #expect(throws: Refusal.self) { try registry.token() }
        }
    }

    @Test("a worker may work in the pool of its certificate alone")
    func pools() throws {
        try withTemporaryFolder { folder in
            let registry = try Registry(folder)
            let worker = Subject.worker(pool: pool, name: "rack-7")
            #expect(try registry.complaint(worker) == nil)
            #expect(try registry.complaint(worker, in: "zone-b")?.contains("pool zone-a") == true)
            let others: [Subject?] = [.operator(name: "root"), .coordinator(name: "c"), nil]
            for other in others {
                #expect(try registry.complaint(other)?.contains("no worker's") == true)
            }
        }
    }

    @Test("a revoked identity stays revoked, and no token is made for it")
    func revocation() throws {
        try withTemporaryFolder { folder in
            let registry = try Registry(folder)
            let waiting = try registry.token(name: "rack-7")
            try registry.revoke("rack-7")
            try registry.revoke("rack-7")
            let worker = Subject.worker(pool: pool, name: "rack-7")
            let next = try Registry(folder, authority: registry.authority)
            for registry in [registry, next] {
                #expect(try registry.complaint(worker)?.contains("is revoked") == true)
                #expect(throws: Refusal.self) { try registry.token(name: "rack-7") }
                #expect(refusal(try registry.join(waiting)).contains("is revoked"))
                let other = Subject.worker(pool: pool, name: "rack-8")
                #expect(try registry.complaint(other) == nil)
            }
            #expect(throws: Refusal.self) { try registry.revoke(IdentityRegistry.ownName) }
        }
    }

    @Test("a certificate's time runs on the monotonic clock once it was judged")
    func expiry() throws {
        let authority = try CertificateAuthority(cluster: "test", at: EventLoop.wallTime())
        let wall = EventLoop.wallTime()
        let certificate = try authority.certify(
            CertificateRequest(for: PrivateKey()),
            as: .worker(pool: pool, name: "rack-7"),
            at: wall,
            lifetime: .seconds(60)
        )
        let start = Instant(nanoseconds: 5)
        let proof = WorkerProof(certificate, at: start, wall)
        // Certificates count whole seconds.
        #expect(proof.expires > start + .seconds(58) && proof.expires <= start + .seconds(60))
        try withTemporaryFolder { folder in
            let registry = try Registry(folder)
            let late = try registry.test.ask { [value = registry.value] answer in
                let end = proof.expires
                answer(value.value.complaint(about: proof, in: PoolID("zone-a"), at: end))
            }
            #expect(late?.contains("has expired") == true)
        }
    }
}
