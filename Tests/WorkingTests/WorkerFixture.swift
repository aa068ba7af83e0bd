import Base
import Columns
import Wire
import Working

/// A worker core with a manual clock.
struct WorkerFixture {
    static let start = Instant(nanoseconds: 1_000_000_000)
    static let step = StepID(job: JobID(1), index: 0)
    static let declaration = TransformDeclaration(
        columns: [ColumnDeclaration(name: "number", type: .int64)]
    )

    private(set) var core: WorkerCore
    private(set) var now = Self.start

    init(slots: UInt16 = 1) {
        core = WorkerCore(
            hello: Self.hello(slots: slots),
            coordinator: "127.0.0.1:7077",
            seed: 1,
            at: now
        )
    }

    static func hello(slots: UInt16 = 1) -> Hello {
        Hello(
            protocolVersion: protocolVersion,
            productVersion: "1",
            pool: "zone-a",
            host: "host",
            processID: 7,
            slots: slots
        )
    }

    /// A worker that was welcomed and knows the step.
    static func welcomed(slots: UInt16 = 1, credit: Int64 = 100) throws(WireError) -> Self {
        var fixture = Self(slots: slots)
        fixture.send(.started)
        fixture.send(.connected)
        try fixture.welcome(credit: credit)
        return fixture
    }

    mutating func welcome(credit: Int64 = 100) throws(WireError) {
        try receive(
            .welcome(
                Welcome(
                    worker: WorkerID(1),
                    heartbeatMilliseconds: 2000,
                    lostAfterMilliseconds: 30_000,
                    resultCreditBytes: credit
                )
            )
        )
        try receive(.declare(Self.step, Self.declaration))
    }

    mutating func pass(_ time: Duration) { now = now + time }

    @discardableResult
    mutating func send(_ event: WorkerEvent) -> [WorkerCommand] { core.handle(event, at: now) }

    @discardableResult
    mutating func receive(_ message: CoordinatorMessage) throws(WireError) -> [WorkerCommand] {
        try core.receive(message, at: now)
    }

    /// Receives a whole chunk.
    @discardableResult
    mutating func lease(_ attempt: Int64) throws(WireError) -> [WorkerCommand] {
        try receive(.lease(Self.lease(attempt))) + receive(.runEnd(crc32: 5))
    }

    static func lease(_ attempt: Int64, step: StepID = step) -> TransformLease {
        TransformLease(
            attempt: AttemptID(attempt),
            step: step,
            source: "a.tsv.gz",
            firstLine: 2,
            sizeBytes: 10
        )
    }

    static func work(_ attempt: Int64) -> SlotWork {
        .chunk(lease(attempt), declaration, crc32: 5)
    }
}
