package import Base
package import Wire

/// One entry of a step's spool file: what survives a crash of the coordinator.
package enum SpoolRecord: Equatable, Sendable {
    /// A task's result; its payload follows the record.
    case result(SpooledResult)
    /// Tasks without data that are finished, by index.
    case finished([Int])
    /// The whole input was read and verified: it has so many chunks.
    case inputEnded(chunks: Int)

    /// The bytes of the record, without the payload of a result.
    ///
    /// `syncedOffset`: every byte before it was synced when the record was made.
    package func encoded(syncedOffset: Int64) -> [UInt8] {
        switch self {
        case .result(let result):
            SpoolBlock.encode(.result) { fields in
                fields.integer(syncedOffset)
                fields.integer(result.attempt.rawValue)
                fields.integer(UInt32(result.task))
                fields.integer(UInt32(result.chunk.sizeBytes))
                fields.integer(result.chunk.lines)
                fields.integer(result.chunk.firstLine)
                fields.text(result.chunk.source)
                fields.integer(result.chunk.crc32)
                fields.result(result.result)
                fields.bytes(result.sha256)
            }
        case .finished(let tasks):
            SpoolBlock.encode(.finished) { fields in
                fields.integer(syncedOffset)
                fields.list(tasks) { $0.integer(UInt32($1)) }
            }
        case .inputEnded(let chunks):
            SpoolBlock.encode(.inputEnded) { fields in
                fields.integer(syncedOffset)
                fields.integer(UInt32(chunks))
            }
        }
    }

    init(_ kind: SpoolBlock.Kind, _ fields: inout FieldReader) throws(WireError) {
        switch kind {
        case .header:
            throw .unexpectedData("a second spool header")
        case .result:
            self = .result(
                SpooledResult(
                    attempt: AttemptID(try fields.integer()),
                    task: Int(try fields.integer(UInt32.self)),
                    chunk: ChunkSummary(
                        sizeBytes: Int(try fields.integer(UInt32.self)),
                        lines: try fields.integer(),
                        firstLine: try fields.integer(),
                        source: try fields.text(),
                        crc32: try fields.integer()
                    ),
                    result: try fields.result(),
                    sha256: try fields.bytes()
                )
            )
        case .finished:
            self = .finished(
                try fields.list(minimumSizeBytes: 4) { fields throws(WireError) in
                    Int(try fields.integer(UInt32.self))
                }
            )
        case .inputEnded:
            self = .inputEnded(chunks: Int(try fields.integer(UInt32.self)))
        }
        try fields.end()
    }

    /// Size of what follows the record.
    package var payloadSizeBytes: Int {
        if case .result(let result) = self { result.result.payloadSizeBytes } else { 0 }
    }
}

/// A durable result: which task it is of, and what a payload of pages and metadata follows.
package struct SpooledResult: Equatable, Sendable {
    package var attempt: AttemptID
    /// The task's index in its step.
    package var task: Int
    /// The chunk that it was made of; a second cut must find the same.
    package var chunk: ChunkSummary
    package var result: TransformResult
    /// SHA-256 of the payload.
    package var sha256: [UInt8]

    package init(
        attempt: AttemptID,
        task: Int,
        chunk: ChunkSummary,
        result: TransformResult,
        sha256: [UInt8]
    ) {
        self.attempt = attempt
        self.task = task
        self.chunk = chunk
        self.result = result
        self.sha256 = sha256
    }
}
