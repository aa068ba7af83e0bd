package import Base
import Columns
package import Wire

/// Decides what a worker does with leases, slots, credit and a coordinator that is gone.
///
/// Pure: the caller passes events, messages and the time in and carries the returned commands out,
/// in order. Texts and results stay with the caller, filed under their attempts; here are numbers.
///
/// ```
///          ┌──── connectFailed: 0.2 s later, for 60 s ────┐
///          ▼                                              │
///   started ─▶ connecting ─▶ connected, hello ─▶ welcome ─┴─▶ closed ─▶ connecting …
/// ```
///
/// A connection that ends takes all work of it along: the worker comes back as a new one.
package struct WorkerCore: Sendable {
    /// How often an unreachable coordinator is tried again, and for how long; product.md section 3.
    package static let knockInterval = Duration.milliseconds(200)
    package static let knockingTime = Duration.seconds(60)

    private let hello: Hello
    /// The coordinator's address, for people.
    private let coordinator: String
    private var generator: SeededGenerator
    private var slots: [SlotState]
    private var session = Session()
    private var lastContact: Instant
    /// Why there is no coordinator; the same is told once.
    private var trouble: String?
    private var isStopping = false
    /// The time of what is being handled.
    private var now: Instant
    private var commands: [WorkerCommand] = []

    private enum SlotState: Sendable, Equatable {
        case idle
        case busy(AttemptID)
        /// Busy with work of an earlier connection: what comes of it counts no more.
        case abandoned(AttemptID)
    }

    /// What there is to report of an attempt so far.
    private struct Progress: Sendable {
        var report = AttemptReport()
        /// When the last stage ended.
        var since: Instant

        mutating func end(_ stage: AttemptReport.Stage, at now: Instant) {
            report.add(now - since, to: stage)
            since = now
        }
    }

    /// What belongs to one connection.
    private struct Session: Sendable {
        var welcome: Welcome?
        var declarations: [StepID: TransformDeclaration] = [:]
        /// The chunk that is being received.
        var incoming: (lease: TransformLease, declaration: TransformDeclaration)?
        /// Of the attempts that are held.
        var progress: [AttemptID: Progress] = [:]
        var waiting: [SlotWork] = []
        var revoked: Set<AttemptID> = []
        /// Results that wait for credit.
        var results: [(attempt: AttemptID, sizeBytes: Int)] = []
        var creditBytes: Int64 = 0
    }

    /// Creates a worker that introduces itself with `hello`; `seed` spreads its knocking.
    package init(hello: Hello, coordinator: String, seed: UInt64, at now: Instant) {
        self.hello = hello
        self.coordinator = coordinator
        generator = SeededGenerator(seed: seed)
        slots = Array(repeating: .idle, count: Int(hello.slots))
        lastContact = now
        self.now = now
    }

    /// Whether the coordinator has taken the worker in on this connection.
    package var isWelcome: Bool { session.welcome != nil }

    /// Chunks held: being received, waiting, or in a slot.
    package var heldChunks: Int {
        let waiting = session.waiting.count { if case .chunk = $0 { true } else { false } }
        return waiting + running.count + (session.incoming == nil ? 0 : 1)
    }

    /// Attempts in slots that count, as heartbeats name them.
    private var running: [AttemptID] {
        slots.compactMap { if case .busy(let attempt) = $0 { attempt } else { nil } }.sorted()
    }

    // MARK: Events

    package mutating func handle(_ event: WorkerEvent, at now: Instant) -> [WorkerCommand] {
        guard !isStopping else { return [] }
        self.now = now
        switch event {
        case .started: commands.append(.connect(after: .zero))
        case .connected: commands.append(.send(.hello(hello)))
        case .connectFailed(let reason): knock(reason)
        case .closed(let reason): loseCoordinator(reason)
        case .beatDue: beat()
        case .slotEnded(let slot, let outcome): endSlot(slot, outcome)
        case .renewalDue(let request):
            if isWelcome { commands.append(.send(.renew(request: request))) }
        case .identityEnded(let reason): stop(reason, exitCode: 2)
        case .stopRequested(let reason): stop(reason, exitCode: 0)
        }
        return takeCommands()
    }

    /// Takes a message in.
    ///
    /// The caller has closed the run when the message ends one.
    package mutating func receive(
        _ message: CoordinatorMessage,
        at now: Instant
    ) throws(WireError) -> [WorkerCommand] {
        guard !isStopping else { return [] }
        self.now = now
        lastContact = now
        switch message {
        case .welcome(let welcome): accept(welcome)
        case .refuse(let reason): stop("refused: \(reason)", exitCode: 2)
        // Who keeps workers running starts one again that does not end well.
        case .stop(let reason, let isForGood): stop(reason, exitCode: isForGood ? 0 : 3)
        case .certificate(let pem): commands.append(.adoptCertificate(pem: pem))
        case .declare(let step, let declaration): session.declarations[step] = declaration
        case .forget(let step): session.declarations[step] = nil
        case .lease(let lease):
            session.incoming = (lease, try begin(lease))
            commands.append(.receive(lease))
        case .leaseShared(let lease, let crc32):
            let declaration = try begin(lease)
            session.progress[lease.attempt]?.end(.received, at: now)
            commands.append(.takeShared(lease))
            enqueue(.chunk(lease, declaration, crc32: crc32))
        case .runEnd(let crc32):
            guard let (lease, declaration) = session.incoming else { break }
            session.incoming = nil
            session.progress[lease.attempt]?.end(.received, at: now)
            enqueue(.chunk(lease, declaration, crc32: crc32))
        case .leaseSynthetic(let leases): take(leases)
        case .revoke(let attempt): revoke(attempt)
        case .credit(let bytes):
            session.creditBytes += bytes
            sendResults()
        }
        return takeCommands()
    }

    private mutating func takeCommands() -> [WorkerCommand] {
        defer { commands.removeAll(keepingCapacity: true) }
        return commands
    }

    // MARK: Connection

    private mutating func knock(_ reason: String) {
        guard now - lastContact < Self.knockingTime else {
            let text =
                "no coordinator at \(coordinator) for \(Int(Self.knockingTime.seconds)) s "
                + "(\(reason)); start it with otjob up"
            return stop(text, exitCode: 3)
        }
        // Workers that lost the same coordinator must not knock in step.
        let jitter = Double.random(in: 0.75...1.25, using: &generator)
        commands.append(.connect(after: Self.knockInterval * jitter))
        if reason != trouble { commands.append(.note("no coordinator: \(reason)")) }
        trouble = reason
    }

    private mutating func loseCoordinator(_ reason: String) {
        let lost = session
        session = Session()
        for index in slots.indices {
            if case .busy(let attempt) = slots[index] { slots[index] = .abandoned(attempt) }
        }
        if let lease = lost.incoming?.lease { commands.append(.discard(lease.attempt)) }
        for work in lost.waiting { commands.append(.discard(work.attempt)) }
        for result in lost.results { commands.append(.discard(result.attempt)) }
        knock(reason)
    }

    private mutating func stop(_ reason: String, exitCode: Int32) {
        isStopping = true
        commands.append(.stop(reason: reason, exitCode: exitCode))
    }

    private mutating func accept(_ welcome: Welcome) {
        commands.append(
            .note("joined \(coordinator) as worker \(welcome.worker) of pool \(hello.pool)")
        )
        trouble = nil
        commands.append(.askForSharedMemory(as: welcome.worker))
        session.welcome = welcome
        session.creditBytes = welcome.resultCreditBytes
        commands.append(.beat(every: .milliseconds(Int64(max(1, welcome.heartbeatMilliseconds)))))
    }

    private mutating func beat() {
        guard let welcome = session.welcome else { return }
        let silence = now - lastContact
        guard silence < .milliseconds(Int64(welcome.lostAfterMilliseconds)) else {
            let reason = "no word from the coordinator for \(Int(silence.seconds)) s"
            return commands.append(.close(reason: reason))
        }
        commands.append(.send(.heartbeat(running: running)))
    }

    // MARK: Leases

    /// Takes note of a new lease; what it is transformed by.
    private mutating func begin(_ lease: TransformLease) throws(WireError) -> TransformDeclaration {
        guard let declaration = session.declarations[lease.step] else {
            throw .unexpectedData("a lease of step \(lease.step), which was not declared")
        }
        guard !isHeld(lease.attempt) else {
            throw .unexpectedData("a second lease of attempt \(lease.attempt)")
        }
        session.progress[lease.attempt] = Progress(since: now)
        return declaration
    }

    /// Whether something is filed under the attempt already.
    private func isHeld(_ attempt: AttemptID) -> Bool {
        session.incoming?.lease.attempt == attempt
            || session.waiting.contains { $0.attempt == attempt }
            || session.results.contains { $0.attempt == attempt }
            || slots.contains(.busy(attempt)) || slots.contains(.abandoned(attempt))
    }

    /// Answers what takes no time in one message, and gives the rest to the slots.
    private mutating func take(_ leases: [SyntheticLease]) {
        let instant = leases.filter(\.isInstant).map(\.attempt)
        if !instant.isEmpty { commands.append(.send(.finished(instant))) }
        for lease in leases where !lease.isInstant { enqueue(.synthetic(lease)) }
    }

    private mutating func revoke(_ attempt: AttemptID) {
        let held = session.waiting.count + session.results.count
        session.waiting.removeAll { $0.attempt == attempt }
        session.results.removeAll { $0.attempt == attempt }
        let isGone = session.waiting.count + session.results.count < held
        if isGone {
            discard(attempt)
        } else {
            // It runs, is still to come, or was answered for already.
            session.revoked.insert(attempt)
        }
    }

    // MARK: Slots

    private mutating func enqueue(_ work: SlotWork) {
        guard session.revoked.remove(work.attempt) == nil else { return discard(work.attempt) }
        session.waiting.append(work)
        fillSlots()
    }

    private mutating func fillSlots() {
        for slot in slots.indices where slots[slot] == .idle && !session.waiting.isEmpty {
            let work = session.waiting.removeFirst()
            slots[slot] = .busy(work.attempt)
            session.progress[work.attempt]?.end(.waited, at: now)
            commands.append(.run(work, slot: slot))
        }
    }

    private mutating func endSlot(_ slot: Int, _ outcome: SlotOutcome) {
        let state = slots[slot]
        slots[slot] = .idle
        switch state {
        case .idle:
            preconditionFailure("slot \(slot) ends without work")
        case .abandoned(let attempt):
            commands.append(.discard(attempt))
        case .busy(let attempt):
            report(outcome, of: attempt)
        }
        fillSlots()
    }

    private mutating func report(_ outcome: SlotOutcome, of attempt: AttemptID) {
        guard session.revoked.remove(attempt) == nil else { return discard(attempt) }
        switch outcome {
        case .transformed(let sizeBytes, let report):
            session.progress[attempt]?.report.add(report)
            session.progress[attempt]?.since = now
            session.results.append((attempt, sizeBytes))
            sendResults()
        case .finished:
            commands.append(.send(.finished([attempt])))
        case .failed(let failure, let message, let report):
            var whole = session.progress.removeValue(forKey: attempt)?.report ?? AttemptReport()
            whole.add(report)
            commands.append(.send(.failed(attempt, failure, message: message, whole)))
        }
    }

    private mutating func discard(_ attempt: AttemptID) {
        session.progress[attempt] = nil
        commands.append(.discard(attempt))
    }

    /// Sends results while there is credit; one may overdraw it, so that a large one is not stuck.
    private mutating func sendResults() {
        while session.creditBytes > 0, !session.results.isEmpty {
            let result = session.results.removeFirst()
            session.creditBytes -= Int64(result.sizeBytes)
            session.progress[result.attempt]?.end(.held, at: now)
            let progress = session.progress.removeValue(forKey: result.attempt)
            commands.append(.sendResult(result.attempt, progress?.report ?? AttemptReport()))
        }
    }
}

extension SyntheticLease {
    /// Whether there is nothing to do but to answer.
    fileprivate var isInstant: Bool { sleepMicroseconds == 0 && outcome == .succeed }
}
