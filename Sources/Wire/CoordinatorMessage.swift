package import Base
package import Columns

/// The answer to a hello: the worker's identity and the rhythm it has to keep.
package struct Welcome: Equatable, Sendable {
    package var worker: WorkerID
    package var heartbeatMilliseconds: UInt32
    /// Without a word from the coordinator for this long the worker gives up its attempts.
    package var lostAfterMilliseconds: UInt32
    /// Bytes of results the worker may send before it is granted more.
    package var resultCreditBytes: Int64

    package init(
        worker: WorkerID,
        heartbeatMilliseconds: UInt32,
        lostAfterMilliseconds: UInt32,
        resultCreditBytes: Int64
    ) {
        self.worker = worker
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.lostAfterMilliseconds = lostAfterMilliseconds
        self.resultCreditBytes = resultCreditBytes
    }
}

/// The right to transform one chunk; its text, or what it is inflated from, follows as a run.
package struct TransformLease: Equatable, Sendable {
    package var attempt: AttemptID
    /// The step, which a `declare` has described on this connection before.
    package var step: StepID
    /// The file the chunk comes from, as rejected rows name it.
    package var source: String
    /// Counted from 1; 0 where the run is no chunk of a file, but sorted rows to be merged.
    package var firstLine: Int64
    /// Bytes of the chunk's text.
    package var sizeBytes: Int
    /// How the run gives the text, where it is not the text itself.
    package var slice: LeasedSlice?

    /// Bytes of the run.
    package var runSizeBytes: Int { slice?.sizeBytes ?? sizeBytes }

    package var isMerge: Bool { firstLine == 0 }

    package init(
        attempt: AttemptID,
        step: StepID,
        source: String,
        firstLine: Int64,
        sizeBytes: Int,
        slice: LeasedSlice? = nil
    ) {
        self.attempt = attempt
        self.step = step
        self.source = source
        self.firstLine = firstLine
        self.sizeBytes = sizeBytes
        self.slice = slice
    }
}

/// A task without data, for checking a cluster and measuring the scheduler.
package struct SyntheticLease: Equatable, Sendable {
    package enum Outcome: UInt8, Sendable, CaseIterable { case succeed = 0, fail = 1, crash = 2 }

    package var attempt: AttemptID
    package var sleepMicroseconds: UInt64
    package var outcome: Outcome

    package init(attempt: AttemptID, sleepMicroseconds: UInt64, outcome: Outcome) {
        self.attempt = attempt
        self.sleepMicroseconds = sleepMicroseconds
        self.outcome = outcome
    }
}

/// What the coordinator says.
package enum CoordinatorMessage: Equatable, Sendable {
    case welcome(Welcome)
    /// The worker is not taken in; it ends with this reason.
    case refuse(reason: String)
    case declare(StepID, TransformDeclaration)
    /// No more leases of this step follow.
    case forget(StepID)
    /// A lease's head; data frames and `runEnd` follow.
    case lease(TransformLease)
    /// A lease whose run lies in memory that the worker was let in to read, with the run's CRC-32.
    case leaseShared(TransformLease, crc32: UInt32)
    case leaseSynthetic([SyntheticLease])
    /// The attempt is no longer wanted; its result, if any, is dropped.
    case revoke(AttemptID)
    case credit(bytes: Int64)
    /// The worker is to end; for good, or because its coordinator does.
    case stop(reason: String, isForGood: Bool)
    /// The certificate that the worker has asked for, PEM.
    case certificate(pem: String)
    /// The end of the run, with the CRC-32 of its bytes.
    case runEnd(crc32: UInt32)

    package var encoded: [UInt8] {
        switch self {
        case .welcome(let welcome):
            frame(.welcome) { fields in
                fields.integer(protocolVersion)
                fields.integer(welcome.worker.rawValue)
                fields.integer(welcome.heartbeatMilliseconds)
                fields.integer(welcome.lostAfterMilliseconds)
                fields.integer(welcome.resultCreditBytes)
            }
        case .refuse(let reason): frame(.refuse) { $0.text(reason) }
        case .declare(let step, let declaration):
            frame(.declare) { fields in
                fields.step(step)
                fields.declaration(declaration)
            }
        case .forget(let step): frame(.forget) { $0.step(step) }
        case .lease(let lease):
            frame(lease.slice == nil ? .lease : .leaseSlice) { $0.lease(lease) }
        case .leaseShared(let lease, let crc32):
            frame(lease.slice == nil ? .leaseShared : .leaseSharedSlice) { fields in
                fields.lease(lease)
                fields.integer(crc32)
            }
        case .leaseSynthetic(let leases):
            frame(.leaseSynthetic) { fields in
                fields.list(leases) { fields, lease in
                    fields.integer(lease.attempt.rawValue)
                    fields.integer(lease.sleepMicroseconds)
                    fields.integer(lease.outcome.rawValue)
                }
            }
        case .revoke(let attempt): frame(.revoke) { $0.integer(attempt.rawValue) }
        case .credit(let bytes): frame(.credit) { $0.integer(bytes) }
        case .stop(let reason, let isForGood):
            frame(.stop) { fields in
                fields.text(reason)
                fields.flag(isForGood)
            }
        case .certificate(let pem): frame(.certificate) { $0.text(pem) }
        case .runEnd(let crc32): frame(.runEnd) { $0.integer(crc32) }
        }
    }

    package init(
        kind: FrameKind,
        payload: UnsafeRawBufferPointer
    ) throws(WireError) {
        var fields = FieldReader(payload, message: "\(kind)")
        switch kind {
        case .welcome:
            _ = try fields.integer(UInt32.self)
            self = .welcome(
                Welcome(
                    worker: WorkerID(try fields.integer()),
                    heartbeatMilliseconds: try fields.integer(),
                    lostAfterMilliseconds: try fields.integer(),
                    resultCreditBytes: try fields.integer()
                )
            )
        case .refuse: self = .refuse(reason: try fields.text())
        case .declare: self = .declare(try fields.step(), try fields.declaration())
        case .forget: self = .forget(try fields.step())
        case .lease, .leaseSlice:
            self = .lease(try TransformLease(&fields, hasSlice: kind == .leaseSlice))
        case .leaseShared, .leaseSharedSlice:
            let lease = try TransformLease(&fields, hasSlice: kind == .leaseSharedSlice)
            self = .leaseShared(lease, crc32: try fields.integer())
        case .leaseSynthetic:
            self = .leaseSynthetic(
                try fields.list(minimumSizeBytes: 17) { fields throws(WireError) in
                    try SyntheticLease(&fields)
                }
            )
        case .revoke: self = .revoke(try fields.attempt())
        case .credit: self = .credit(bytes: try fields.integer())
        case .stop: self = .stop(reason: try fields.text(), isForGood: try fields.flag())
        case .certificate: self = .certificate(pem: try fields.text())
        case .runEnd: self = .runEnd(crc32: try fields.integer())
        default: throw .unexpectedData("\(kind) from a coordinator")
        }
        try fields.end()
    }
}

extension FieldWriter {
    fileprivate mutating func lease(_ lease: TransformLease) {
        integer(lease.attempt.rawValue)
        step(lease.step)
        text(lease.source)
        integer(lease.firstLine)
        integer(UInt32(lease.sizeBytes))
        if let slice = lease.slice { self.slice(slice) }
    }
}

extension TransformLease {
    fileprivate init(_ fields: inout FieldReader, hasSlice: Bool) throws(WireError) {
        attempt = try fields.attempt()
        step = try fields.step()
        source = try fields.text()
        firstLine = try fields.integer()
        sizeBytes = Int(try fields.integer(UInt32.self))
        let limit = Limits.chunkSizeBytes.upperBound + Limits.lineSizeBytes
        guard sizeBytes <= limit else {
            throw .fieldTooLarge(field: "chunk size", value: sizeBytes, limit: limit)
        }
        if hasSlice { slice = try LeasedSlice(&fields) }
    }
}

extension SyntheticLease {
    fileprivate init(_ fields: inout FieldReader) throws(WireError) {
        attempt = try fields.attempt()
        sleepMicroseconds = try fields.integer()
        guard let outcome = Outcome(rawValue: try fields.integer()) else {
            throw .malformed(message: "leaseSynthetic")
        }
        self.outcome = outcome
    }
}
