import Base
import Wire
import Working

/// A worker process: the real core, with slots that take virtual time.
final class SimulatedWorker {
    private struct Output {
        var result: TransformResult
        var payload: [UInt8]
    }

    let pid: Int32
    let pool: PoolID
    /// Whether the coordinator starts the workers of its pool.
    let isLaunched: Bool
    let process: SimulatedProcess
    let route: Route
    private let world: World
    private var core: WorkerCore
    private var channel: SimulatedChannel?
    private var connections = 0
    private var texts: [AttemptID: MemoryBlock] = [:]
    private var outputs: [AttemptID: Output] = [:]
    /// How much longer than others it takes for everything.
    var slowness = 1
    /// The next chunk will never come back.
    var isNextStuck = false
    /// The connection will be reset when the next result is on its way, and only this end knows.
    var isNextResultLost = false
    /// The last reports, for faults that repeat them.
    private var reports: [() -> Void] = []
    /// Called when the process ends by itself.
    private let onEnd: (SimulatedWorker, _ isCrash: Bool) -> Void

    init(
        _ world: World,
        pid: Int32,
        pool: PoolID,
        slots: Int,
        isLaunched: Bool,
        onEnd: @escaping (SimulatedWorker, Bool) -> Void
    ) {
        self.world = world
        self.pid = pid
        self.pool = pool
        self.isLaunched = isLaunched
        self.onEnd = onEnd
        process = SimulatedProcess(world.agenda)
        route = Route()
        core = WorkerCore(
            hello: Hello(
                protocolVersion: protocolVersion,
                productVersion: "simulated",
                pool: pool.rawValue,
                host: "host-\(pid)",
                processID: pid,
                slots: UInt16(slots)
            ),
            coordinator: "coordinator",
            seed: world.dice.seed(),
            at: world.agenda.now
        )
    }

    func start() { handle(.started) }

    private func handle(_ event: WorkerEvent) {
        world.trace.note("worker \(pid): \(event)")
        for command in core.handle(event, at: world.agenda.now) { carryOut(command) }
    }

    private func carryOut(_ command: WorkerCommand) {
        guard process.state == .running else { return }
        switch command {
        case .connect(let delay): process.after(delay) { [self] in connect() }
        case .send(let message): send(message)
        case .beat(let interval): beat(every: interval, connection: connections)
        case .receive: preconditionFailure("a run begins without its head")
        // Each simulated process has a machine of its own.
        case .askForSharedMemory: break
        case .takeShared: preconditionFailure("simulated workers share no memory")
        case .run(let work, let slot): run(work, on: slot)
        case .sendResult(let attempt, _): sendResult(of: attempt)
        case .discard(let attempt):
            texts[attempt] = nil
            outputs[attempt] = nil
        case .close(let reason): channel?.close(reason)
        case .stop(let reason, _):
            world.trace.note("worker \(pid) ends: \(reason)")
            onEnd(self, false)
        case .adoptCertificate: preconditionFailure("certificates are not simulated")
        case .note: break
        }
    }

    // MARK: Connection

    private func connect() {
        world.network.connect(process, over: route) { [self] end in
            guard let end else { return handle(.connectFailed(reason: "refused")) }
            connections += 1
            let channel = SimulatedChannel(end, random: world.dice) {
                [unowned self] kind, payload throws(WireError) in
                try receive(kind, payload)
            } onClose: { [unowned self] reason in
                self.channel = nil
                handle(.closed(reason: reason))
            }
            channel.onProtocolError = { [unowned self] error in
                world.oracle.expect(false, "the coordinator breaks the protocol: \(error)")
            }
            self.channel = channel
            handle(.connected)
            if !reports.isEmpty { repeatReports(connection: connections) }
        }
    }

    private func beat(every interval: Duration, connection: Int) {
        process.after(interval) { [self] in
            guard connection == connections, channel != nil else { return }
            handle(.beatDue)
            beat(every: interval, connection: connection)
        }
    }

    private func receive(_ kind: FrameKind, _ payload: UnsafeRawBufferPointer) throws(WireError) {
        guard let channel else { return }
        let message = try CoordinatorMessage(kind: kind, payload: payload)
        if case .runEnd = message { try channel.endRun() }
        world.trace.note("worker \(pid) hears \(message)")
        for command in try core.receive(message, at: world.agenda.now) {
            if case .receive(let lease) = command {
                let block = MemoryPool(keptBlocks: 0).take(capacity: lease.sizeBytes + 1)
                texts[lease.attempt] = block
                try channel.beginRun(
                    into: UnsafeMutableRawBufferPointer(rebasing: block.bytes[..<lease.sizeBytes])
                )
            } else {
                carryOut(command)
            }
        }
    }

    private func send(_ message: WorkerMessage) {
        channel?.send(message.encoded)
        switch message {
        case .finished, .failed: keep { $0.channel?.send(message.encoded) }
        default: break
        }
    }

    private func sendResult(of attempt: AttemptID) {
        guard let output = outputs.removeValue(forKey: attempt) else { return }
        send(output, of: attempt)
        keep { $0.send(output, of: attempt) }
        guard isNextResultLost else { return }
        isNextResultLost = false
        world.agenda.after(.zero) { [self] in
            for connection in world.network.open where connection.worker.process === process {
                world.network.reset(connection, isHalfOpen: true)
            }
        }
    }

    private func send(_ output: Output, of attempt: AttemptID) {
        channel?.sendRun(
            head: WorkerMessage.result(attempt, output.result).encoded,
            parts: world.parts(of: output.payload),
            end: WorkerMessage.runEnd(hash: digest(output.payload)).encoded
        )
    }

    private func keep(_ report: @escaping (SimulatedWorker) -> Void) {
        guard world.faults.isEnabled(.repeatedReport) else { return }
        reports = reports.suffix(3) + [{ [unowned self] in report(self) }]
    }

    /// Sends a report of the past again, be it of an earlier connection.
    func repeatReport() {
        guard core.isWelcome, channel != nil, let report = world.dice.pick(reports) else { return }
        world.trace.note("worker \(pid) repeats a report")
        report()
    }

    /// Sends what it had reported on an earlier connection, as if that had not been dropped.
    private func repeatReports(connection: Int) {
        process.after(world.dice.milliseconds(20...1500)) { [self] in
            guard connection == connections, world.faults.isEnabled(.repeatedReport) else { return }
            guard core.isWelcome else { return }
            world.trace.note("worker \(pid) repeats its last reports")
            for report in reports { report() }
        }
    }

    // MARK: Slots

    private func run(_ work: SlotWork, on slot: Int) {
        var time = world.dice.milliseconds(1...(world.dice.once(in: 8) ? 4000 : 60)) * slowness
        if case .synthetic(let lease) = work {
            time = .microseconds(Int64(lease.sleepMicroseconds))
        } else if isNextStuck {
            isNextStuck = false
            // The coordinator gives the lease up before; a revoked one would hold the slot for ever.
            return process.after(.seconds(700)) { [self] in onEnd(self, true) }
        }
        process.after(time) { [self] in
            switch work {
            case .synthetic(let lease): end(slot, lease)
            case .chunk(let lease, _, let crc32): end(slot, lease, crc32)
            }
        }
    }

    private func end(_ slot: Int, _ lease: SyntheticLease) {
        switch lease.outcome {
        case .succeed: handle(.slotEnded(slot, .finished))
        case .fail: handle(.slotEnded(slot, .failed(.transient, message: "told to fail")))
        case .crash: onEnd(self, true)
        }
    }

    private func end(_ slot: Int, _ lease: TransformLease, _ crc32: UInt32) {
        guard let block = texts.removeValue(forKey: lease.attempt) else {
            return world.oracle.expect(false, "attempt \(lease.attempt) runs without its text")
        }
        let text = Array(block.prefix(lease.sizeBytes))
        guard text.first != TableInput.poison else { return onEnd(self, true) }
        guard checksum(text) == crc32 else {
            return world.oracle.expect(false, "the text of \(lease.attempt) arrived damaged")
        }
        guard text.first != TableInput.wrongSlice else {
            let text = "a chunk inflates to another text"
            return handle(.slotEnded(slot, .failed(.wrongIndex, message: text)))
        }
        let output = transform(text)
        outputs[lease.attempt] = output
        handle(.slotEnded(slot, .transformed(sizeBytes: output.payload.count)))
    }

    /// What parser and encoder do: numbers in, row groups out.
    private func transform(_ text: [UInt8]) -> Output {
        let numbers = text.split(separator: UInt8(ascii: "\n")).compactMap {
            Int64(String(decoding: $0, as: UTF8.self))
        }
        let rejects = numbers.filter(TableInput.isRejected)
        let rows = numbers.filter { !TableInput.isRejected($0) }
        var groups: [ResultRowGroup] = []
        for (table, numbers) in [(RowGroupTable.rows, rows), (.rejects, rejects)]
        where !numbers.isEmpty {
            groups.append(
                ResultRowGroup(
                    table: table,
                    pagesSizeBytes: numbers.count * MemoryLayout<Int64>.size,
                    metadataSizeBytes: 1,
                    pagesCRC32: 0,
                    metadataCRC32: 0
                )
            )
        }
        return Output(
            result: TransformResult(
                lines: Int64(numbers.count),
                rows: Int64(rows.count),
                rejected: Int64(rejects.count),
                conversionFailures: [0],
                rowGroups: groups
            ),
            payload: (rows + rejects).flatMap(\.bytes) + groups.map { _ in 0x4D }
        )
    }
}

/// Stands for CRC-32: FNV-1a of 32 bits.
func checksum(_ bytes: [UInt8]) -> UInt32 {
    bytes.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
}

/// Stands for SHA-256: nothing here tries to break it.
func digest(_ bytes: [UInt8]) -> [UInt8] {
    let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
    }
    return (0..<4).flatMap { Int64(bitPattern: hash &+ $0).bytes }
}
