package import Base

/// The protocol's version; peers of another one are refused, both versions named.
package let protocolVersion: UInt32 = 5

/// The first message on a connection: who the worker is.
package struct Hello: Equatable, Sendable {
    package var protocolVersion: UInt32
    package var productVersion: String
    package var pool: String
    package var host: String
    package var processID: Int32
    package var slots: UInt16
    /// What whoever started it calls it; empty where nobody did.
    package var name: String

    /// What can be known of a worker that speaks another version: only that.
    init(ofForeignVersion version: UInt32) {
        protocolVersion = version
        (productVersion, pool, host) = ("another release", "", "")
        (processID, slots, name) = (0, 0, "")
    }

    package init(
        protocolVersion: UInt32,
        productVersion: String,
        pool: String,
        host: String,
        processID: Int32,
        slots: UInt16,
        name: String = ""
    ) {
        self.protocolVersion = protocolVersion
        self.productVersion = productVersion
        self.pool = pool
        self.host = host
        self.processID = processID
        self.slots = slots
        self.name = name
    }
}

/// Which table of a step a row group belongs to.
package enum RowGroupTable: UInt8, Equatable, Sendable {
    case rows = 0
    case rejects = 1
    /// No row group: a sorted run, which becomes part of the rows when it is merged.
    case sortedRun = 2
}

/// One encoded row group of a result: how much of the run is its own.
///
/// The run holds the pages of all row groups, in order, and then the metadata of all, in order.
/// Metadata is no part of the message, because that of many columns is larger than a frame.
package struct ResultRowGroup: Equatable, Sendable {
    package var table: RowGroupTable
    package var pagesSizeBytes: Int
    /// Size of what Parquet's `RowGroupMetadata` encodes itself to.
    package var metadataSizeBytes: Int
    /// CRC-32 of the pages: taken where they are encoded, and compared with every copy of them.
    package var pagesCRC32: UInt32
    package var metadataCRC32: UInt32

    package init(
        table: RowGroupTable,
        pagesSizeBytes: Int,
        metadataSizeBytes: Int,
        pagesCRC32: UInt32,
        metadataCRC32: UInt32
    ) {
        self.table = table
        self.pagesSizeBytes = pagesSizeBytes
        self.metadataSizeBytes = metadataSizeBytes
        self.pagesCRC32 = pagesCRC32
        self.metadataCRC32 = metadataCRC32
    }
}

/// What an attempt made of its chunk; a run with the row groups' pages follows.
package struct TransformResult: Equatable, Sendable {
    package var lines: Int64
    package var rows: Int64
    package var rejected: Int64
    /// Fields that did not convert, one count a declared column.
    package var conversionFailures: [Int64]
    package var rowGroups: [ResultRowGroup]

    package init(
        lines: Int64,
        rows: Int64,
        rejected: Int64,
        conversionFailures: [Int64],
        rowGroups: [ResultRowGroup]
    ) {
        self.lines = lines
        self.rows = rows
        self.rejected = rejected
        self.conversionFailures = conversionFailures
        self.rowGroups = rowGroups
    }

    /// Size of all pages, which stand in front of all metadata.
    package var pagesSizeBytes: Int { rowGroups.reduce(0) { $0 + $1.pagesSizeBytes } }

    /// Size of the run that follows.
    package var payloadSizeBytes: Int {
        rowGroups.reduce(pagesSizeBytes) { $0 + $1.metadataSizeBytes }
    }
}

/// What a worker says.
package enum WorkerMessage: Equatable, Sendable {
    case hello(Hello)
    /// A sign of life. Names the attempts that are running.
    case heartbeat(running: [AttemptID])
    /// A result's head; data frames and `runEnd` follow.
    case result(AttemptID, TransformResult, AttemptReport = AttemptReport())
    case failed(AttemptID, FailureClass, message: String, AttemptReport = AttemptReport())
    /// Tasks without data that are done.
    case finished([AttemptID])
    /// Asks for a new certificate of the same identity, with a certificate request, PEM.
    case renew(request: String)
    /// The end of the run, with the SHA-256 of its bytes.
    case runEnd(hash: [UInt8])

    /// Characters of a failure's message that are sent; the rest of a longer one is cut off.
    static let failureCharacters = 4096

    package var encoded: [UInt8] {
        switch self {
        case .hello(let hello):
            frame(.hello) { fields in
                fields.integer(hello.protocolVersion)
                fields.text(hello.productVersion)
                fields.text(hello.pool)
                fields.text(hello.host)
                fields.integer(hello.processID)
                fields.integer(hello.slots)
                fields.text(hello.name)
            }
        case .heartbeat(let running):
            frame(.heartbeat) { $0.list(running) { $0.integer($1.rawValue) } }
        case .result(let attempt, let result, let report):
            frame(.result) { fields in
                fields.integer(attempt.rawValue)
                fields.result(result)
                fields.report(report)
            }
        case .failed(let attempt, let failure, let message, let report):
            frame(.failed) { fields in
                fields.integer(attempt.rawValue)
                fields.integer(failure.rawValue)
                fields.text(String(message.prefix(Self.failureCharacters)))
                fields.report(report)
            }
        case .finished(let attempts):
            frame(.finished) { $0.list(attempts) { $0.integer($1.rawValue) } }
        case .renew(let request):
            frame(.renew) { $0.text(request) }
        case .runEnd(let hash):
            frame(.runEnd) { $0.bytes(hash) }
        }
    }

    package init(
        kind: FrameKind,
        payload: UnsafeRawBufferPointer
    ) throws(WireError) {
        var fields = FieldReader(payload, message: "\(kind)")
        switch kind {
        case .hello:
            let version = try fields.integer(UInt32.self)
            guard version == protocolVersion else {
                // What follows the version may be anything there; it is refused by its version.
                self = .hello(Hello(ofForeignVersion: version))
                return
            }
            self = .hello(
                Hello(
                    protocolVersion: version,
                    productVersion: try fields.text(),
                    pool: try fields.text(),
                    host: try fields.text(),
                    processID: try fields.integer(),
                    slots: try fields.integer(),
                    name: try fields.text()
                )
            )
        case .heartbeat:
            self = .heartbeat(running: try fields.attempts())
        case .result:
            self = .result(try fields.attempt(), try fields.result(), try fields.report())
        case .failed:
            let attempt = try fields.attempt()
            guard let failure = FailureClass(rawValue: try fields.integer()) else {
                throw .malformed(message: "failed")
            }
            self = .failed(attempt, failure, message: try fields.text(), try fields.report())
        case .finished:
            self = .finished(try fields.attempts())
        case .renew:
            self = .renew(request: try fields.text())
        case .runEnd:
            self = .runEnd(hash: try fields.bytes())
        default:
            throw .unexpectedData("\(kind) from a worker")
        }
        try fields.end()
    }
}

extension FieldReader {
    mutating func attempt() throws(WireError) -> AttemptID { AttemptID(try integer()) }

    mutating func attempts() throws(WireError) -> [AttemptID] {
        try list(minimumSizeBytes: 8) { fields throws(WireError) in try fields.attempt() }
    }
}
