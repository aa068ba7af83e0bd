import Base
import FoundationEssentials
import Identity
import TestSupport
import Testing
import Transport
import Wire

@testable import Coordinator

/// Who may come to the workers' port, besides those who may.
private enum Visitor: String, CaseIterable {
    case plain = "no TLS"
    case stranger = "no certificate"
    case client = "an operator's"
    case foreigner = "another authority's"
    case expired = "an expired one"
    case revoked = "a revoked one"
    case otherPool = "another pool's"
    case member = "a worker's own"
}

/// What became of a message.
private enum Answer: String {
    case noHandshake = "no handshake"
    case refused = "refused"
    case closed = "closed"
    case welcome = "welcome"
}

@Suite("At the workers' port every message of whoever has not the right identity is refused")
struct WireAccessTests {
    /// One of every kind that a worker sends, in the order of their numbers.
    private static let messages: [(kind: FrameKind, bytes: [UInt8])] = FrameKind.allCases
        .compactMap { kind in
            bytes(of: kind).map { (kind, $0) }
        }

    private static func bytes(of kind: FrameKind) -> [UInt8]? {
        let attempt = AttemptID(1)
        switch kind {
        case .hello: return WorkerMessage.hello(hello).encoded
        case .heartbeat: return WorkerMessage.heartbeat(running: [attempt]).encoded
        case .result: return WorkerMessage.result(attempt, result).encoded
        case .failed: return WorkerMessage.failed(attempt, .defect, message: "x").encoded
        case .finished: return WorkerMessage.finished([attempt]).encoded
        case .renew:
            return WorkerMessage.renew(request: CertificateRequest(for: PrivateKey()).pem).encoded
        case .data: return FrameHeader(kind: .data, payloadSizeBytes: 0).encoded
        case .runEnd: return WorkerMessage.runEnd(hash: Array(repeating: 0, count: 32)).encoded
        case .welcome, .refuse, .declare, .forget, .lease, .leaseSynthetic, .revoke, .credit, .stop,
            .leaseSlice, .leaseShared, .leaseSharedSlice, .certificate:
            return nil
        }
    }

    private static let hello = Hello(
        protocolVersion: protocolVersion,
        productVersion: productVersion,
        pool: "zone-a",
        host: "test",
        processID: 1,
        slots: 1
    )

    private static let result = TransformResult(
        lines: 0,
        rows: 0,
        rejected: 0,
        conversionFailures: [],
        rowGroups: []
    )

    @Test(
        "the matrix is the one in docs/threat-model.md, and only a worker's own certificate is welcome"
    )
    func matrix() throws {
        try withPort { port in
            var table = "| message | " + Visitor.allCases.map(\.rawValue).joined(separator: " | ")
            table += " |\n|" + String(repeating: "---|", count: Visitor.allCases.count + 1) + "\n"
            for (kind, bytes) in Self.messages {
                let answers = try Visitor.allCases.map { visitor in
                    let worker = port.visit(as: visitor)
                    worker.send(bytes)
                    let answer = try port.answer(to: worker)
                    let isIn = answer == .welcome
                    #expect(isIn == (visitor == .member && kind == .hello), "\(kind) of \(visitor)")
                    return answer.rawValue
                }
                table += "| \(kind) | \(answers.joined(separator: " | ")) |\n"
            }
            let root = #filePath.dropLast("Tests/CoordinatorTests/WireAccessTests.swift".count)
            let page = try Data(contentsOf: URL(filePath: root + "docs/threat-model.md"))
            #expect(String(decoding: page, as: UTF8.self).contains(table), "\(table)")
        }
    }

    @Test("a worker whose identity is revoked while it is connected is refused at its next message")
    func revokedMembers() throws {
        for (kind, bytes) in Self.messages where kind != .data {
            try withPort { port in
                let worker = try port.join(Self.hello)
                try port.revoke(Visitor.member)
                worker.send(bytes)
                let answer = try port.answer(to: worker)
                #expect(answer == .refused, "\(kind)")
                #expect(worker.receive() == nil, "\(kind)")
            }
        }
    }

    @Test("a worker whose certificate has run out is refused at its next message")
    func expiredMembers() throws {
        try withPort(lifetime: .seconds(3)) { port in
            let worker = try port.join(Self.hello)
            var answer: CoordinatorMessage? = .credit(bytes: 0)
            let end = EventLoop.now() + .seconds(60)
            while case .credit = answer, EventLoop.now() < end {
                worker.send(WorkerMessage.heartbeat(running: []).encoded)
                answer = worker.receive()
            }
            guard case .refuse(let reason) = answer else {
                Issue.record("not refused: \(String(describing: answer))")
                return
            }
            #expect(reason.contains("has expired"))
        }
    }

    @Test("a renewed certificate is of the same identity, and lengthens the time of its worker")
    func renewal() throws {
        try withPort(lifetime: .seconds(3)) { port in
            let worker = try port.join(Self.hello)
            let key = PrivateKey()
            worker.send(WorkerMessage.renew(request: CertificateRequest(for: key).pem).encoded)
            guard case .certificate(let pem) = worker.receive() else {
                Issue.record("no certificate")
                return
            }
            let renewed = try Credentials(
                key: key,
                certificate: Certificate(pem: pem, source: "the answer"),
                authority: port.authority.certificate
            )
            #expect(renewed.subject == Visitor.member.subject)
            // An hour, as the configuration has it, and not what the first one had.
            let left = renewed.certificate.validUntil - EventLoop.wallTime()
            #expect(left > .seconds(3000))
        }
    }

    // MARK: The port

    private func withPort(
        lifetime: Duration = .seconds(3600),
        _ body: (TestPort) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let port = try TestPort(folder, lifetime: lifetime)
            defer { port.loop.stop() }
            try port.revoke(.revoked)
            try body(port)
        }
    }
}

extension Visitor {
    fileprivate var subject: Subject {
        switch self {
        case .client: .operator(name: "root")
        case .otherPool: .worker(pool: PoolID("zone-b"), name: rawValue.asName)
        default: .worker(pool: PoolID("zone-a"), name: rawValue.asName)
        }
    }
}

extension String {
    fileprivate var asName: String { filter(\.isLetter) }
}

/// The workers' port of a coordinator with certificates, and whoever comes to it.
private final class TestPort {
    let loop: EventLoop
    let authority: CertificateAuthority
    private let foreign: CertificateAuthority
    private let shell: LoopBound<CoordinatorShell>
    private let port: UInt16
    private let lifetime: Duration
    /// Handshakes that failed since the last answer.
    private let refusals: LoopBound<Counter>

    private final class Counter { var value = 0 }

    init(_ folder: String, lifetime: Duration) throws {
        let now = EventLoop.wallTime()
        let security = IdentityFolder(folder + "/security")
        authority = try CertificateAuthority(cluster: "test", at: now)
        foreign = try CertificateAuthority(cluster: "foreign", at: now)
        try security.create(
            authority,
            try authority.makeCoordinator(name: "test", hosts: ["127.0.0.1"], at: now),
            token: Token.make()
        )
        let loop = try EventLoop(name: "test")
        let shell = try makeShell(
            in: folder,
            security: "security: {directory: security, tls: required, worker_certificates: 1h}",
            loop: loop
        )
        let listener = try Listener(
            loop: loop,
            address: HostPort(host: "127.0.0.1", port: 0),
            security: shell.security.workers
        ) { shell.accept($0) }
        let counter = Counter()
        listener.onRefusal = { _, _ in counter.value += 1 }
        refusals = LoopBound(counter, loop: loop)
        (self.loop, port, self.lifetime) = (loop, listener.port, lifetime)
        self.shell = LoopBound(shell, loop: loop)
        loop.start()
    }

    func visit(as visitor: Visitor) -> CarelessWorker {
        switch visitor {
        case .plain: CarelessWorker(port: port, nil, isPlain: true)
        case .stranger: CarelessWorker(port: port, nil)
        case .foreigner: CarelessWorker(port: port, credentials(visitor, from: foreign))
        case .expired:
            CarelessWorker(port: port, credentials(visitor, lifetime: .seconds(-60)))
        case .client, .revoked, .otherPool, .member:
            CarelessWorker(port: port, credentials(visitor))
        }
    }

    /// A worker that was taken in.
    func join(_ hello: Hello) throws -> CarelessWorker {
        let worker = visit(as: .member)
        worker.send(WorkerMessage.hello(hello).encoded)
        let answer = try answer(to: worker)
        try #require(answer == .welcome)
        return worker
    }

    private func credentials(
        _ visitor: Visitor,
        from authority: CertificateAuthority? = nil,
        lifetime: Duration? = nil
    ) -> Credentials? {
        do throws(IdentityError) {
            let (authority, key) = (authority ?? self.authority, PrivateKey())
            let certificate = try authority.certify(
                CertificateRequest(for: key),
                as: visitor.subject,
                at: EventLoop.wallTime(),
                lifetime: lifetime ?? self.lifetime
            )
            return try Credentials(
                key: key,
                certificate: certificate,
                authority: authority.certificate
            )
        } catch {
            Issue.record(error)
            return nil
        }
    }

    /// What the coordinator makes of the worker's message.
    func answer(to worker: CarelessWorker) throws -> Answer {
        switch worker.receive() {
        case .welcome: return .welcome
        case .refuse: return .refused
        case .some, nil:
            let failed = TestLoop.Stored<Bool>()
            loop.execute { [refusals] in
                failed.finish(refusals.value.value > 0)
                refusals.value.value = 0
            }
            return try failed.wait() ? .noHandshake : .closed
        }
    }

    func revoke(_ visitor: Visitor) throws {
        guard case .worker(let pool, let name) = visitor.subject else { return }
        let revoked = TestLoop.Stored<Bool>()
        loop.execute { [shell] in
            shell.value.identities?.revoke(pool: pool, name: name) { outcome in
                if case .success = outcome { revoked.finish(true) } else { revoked.finish(false) }
            }
        }
        #expect(try revoked.wait())
    }
}
