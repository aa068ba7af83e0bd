/// A job as it is listed.
package struct JobSummary: Codable, Equatable, Sendable {
    package var id: String
    package var name: String
    package var state: JobState
    /// Why it failed, or what it waits for.
    package var reason: String?
    package var pool: String?
    /// RFC 3339.
    package var created: String
    package var started: String?
    package var ended: String?

    package init(
        id: String,
        name: String,
        state: JobState,
        reason: String? = nil,
        pool: String? = nil,
        created: String,
        started: String? = nil,
        ended: String? = nil
    ) {
        self.id = id
        self.name = name
        self.state = state
        self.reason = reason
        self.pool = pool
        self.created = created
        self.started = started
        self.ended = ended
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case name
        case state
        case reason
        case pool
        case created
        case started
        case ended
    }

    /// Writes what is nil as null, so that every key is always there.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(name, forKey: .name)
        try container.encode(state, forKey: .state)
        try container.encode(reason, forKey: .reason)
        try container.encode(pool, forKey: .pool)
        try container.encode(created, forKey: .created)
        try container.encode(started, forKey: .started)
        try container.encode(ended, forKey: .ended)
    }
}

/// How many of a step's chunks there are.
package struct ChunkCounts: Codable, Equatable, Sendable {
    /// Those known so far; all of them once the input is read.
    package var total: Int
    package var done: Int
    package var running: Int

    package init(
        total: Int,
        done: Int,
        running: Int
    ) {
        self.total = total
        self.done = done
        self.running = running
    }

    private enum CodingKeys: String, CodingKey {
        case total
        case done
        case running
    }
}

/// One step of a job: the load of one table.
package struct StepStatus: Codable, Equatable, Sendable {
    /// The step's place in the job as it was declared, by which attempts and logs name it; nil in what
    /// an older release recorded, as `needs` and `schema` are.
    package var index: Int?
    /// The places of the steps that must have ended before.
    package var needs: [Int]?
    package var job: String
    /// What the step does: `load`, `selftest`, `ingest` or `views`; nil in what an older release
    /// recorded.
    package var kind: String?
    /// Of steps that load none, what the step is called; nil for a selftest.
    package var table: String?
    /// Of the table; nil where there is none.
    package var schema: String?
    package var state: JobState
    package var reason: String?
    package var rows: Int64
    package var rejected: Int64
    package var chunks: ChunkCounts
    package var attempts: Int
    /// Raw bytes read so far.
    package var bytesIn: Int64
    /// Bytes of encoded row groups so far.
    package var bytesOut: Int64
    /// Size of the (compressed) input.
    package var inputBytes: Int64
    /// How much of it was read.
    package var inputReadBytes: Int64
    /// Fields that did not convert, by column; columns without any are left out.
    package var conversionFailures: [String: Int64]
    /// The version of the table store that published it.
    package var snapshot: Int64?
    package var started: String?
    package var ended: String?

    package init(
        index: Int? = nil,
        needs: [Int]? = nil,
        job: String,
        kind: String? = nil,
        table: String? = nil,
        schema: String? = nil,
        state: JobState,
        reason: String? = nil,
        rows: Int64,
        rejected: Int64,
        chunks: ChunkCounts,
        attempts: Int,
        bytesIn: Int64,
        bytesOut: Int64,
        inputBytes: Int64,
        inputReadBytes: Int64,
        conversionFailures: [String: Int64] = [:],
        snapshot: Int64? = nil,
        started: String? = nil,
        ended: String? = nil
    ) {
        self.index = index
        self.needs = needs
        self.job = job
        self.kind = kind
        self.table = table
        self.schema = schema
        self.state = state
        self.reason = reason
        self.rows = rows
        self.rejected = rejected
        self.chunks = chunks
        self.attempts = attempts
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
        self.inputBytes = inputBytes
        self.inputReadBytes = inputReadBytes
        self.conversionFailures = conversionFailures
        self.snapshot = snapshot
        self.started = started
        self.ended = ended
    }

    private enum CodingKeys: String, CodingKey {
        case index
        case needs
        case job
        case kind
        case table
        case schema
        case state
        case reason
        case rows
        case rejected
        case chunks
        case attempts
        case bytesIn = "bytes_in"
        case bytesOut = "bytes_out"
        case inputBytes = "input_bytes"
        case inputReadBytes = "input_read_bytes"
        case conversionFailures = "conversion_failures"
        case snapshot
        case started
        case ended
    }

    /// Writes what is nil as null, so that every key is always there.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(index, forKey: .index)
        try container.encode(needs, forKey: .needs)
        try container.encode(job, forKey: .job)
        try container.encode(kind, forKey: .kind)
        try container.encode(table, forKey: .table)
        try container.encode(schema, forKey: .schema)
        try container.encode(state, forKey: .state)
        try container.encode(reason, forKey: .reason)
        try container.encode(rows, forKey: .rows)
        try container.encode(rejected, forKey: .rejected)
        try container.encode(chunks, forKey: .chunks)
        try container.encode(attempts, forKey: .attempts)
        try container.encode(bytesIn, forKey: .bytesIn)
        try container.encode(bytesOut, forKey: .bytesOut)
        try container.encode(inputBytes, forKey: .inputBytes)
        try container.encode(inputReadBytes, forKey: .inputReadBytes)
        try container.encode(conversionFailures, forKey: .conversionFailures)
        try container.encode(snapshot, forKey: .snapshot)
        try container.encode(started, forKey: .started)
        try container.encode(ended, forKey: .ended)
    }
}

/// A job with its steps.
package struct JobStatus: Codable, Equatable, Sendable {
    package var id: String
    package var name: String
    package var state: JobState
    package var reason: String?
    package var pool: String?
    package var created: String
    package var started: String?
    package var ended: String?
    /// In the order in which they are done.
    package var steps: [StepStatus]
    /// Nil in what an older release recorded.
    package var attemptsDetail: AttemptsDetail?

    package init(
        id: String,
        name: String,
        state: JobState,
        reason: String? = nil,
        pool: String? = nil,
        created: String,
        started: String? = nil,
        ended: String? = nil,
        steps: [StepStatus],
        attemptsDetail: AttemptsDetail? = nil
    ) {
        self.id = id
        self.name = name
        self.state = state
        self.reason = reason
        self.pool = pool
        self.created = created
        self.started = started
        self.ended = ended
        self.steps = steps
        self.attemptsDetail = attemptsDetail
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case name
        case state
        case reason
        case pool
        case created
        case started
        case ended
        case steps
        case attemptsDetail = "attempts_detail"
    }

    /// Writes what is nil as null, so that every key is always there.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(name, forKey: .name)
        try container.encode(state, forKey: .state)
        try container.encode(reason, forKey: .reason)
        try container.encode(pool, forKey: .pool)
        try container.encode(created, forKey: .created)
        try container.encode(started, forKey: .started)
        try container.encode(ended, forKey: .ended)
        try container.encode(steps, forKey: .steps)
        try container.encode(attemptsDetail, forKey: .attemptsDetail)
    }
}
