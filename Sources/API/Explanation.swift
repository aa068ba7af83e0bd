/// One step of a plan.
package struct ExplainedStep: Codable, Equatable, Sendable {
    package var job: String
    package var table: String?
    /// The files that would be read.
    package var input: String?
    /// Their size.
    package var bytes: Int64
    /// Chunks, if text is five times its gzip size.
    package var chunksEstimate: Int
    /// The places, from 1, of the steps of this plan that must have ended before.
    package var needs: [Int]
    /// Whether it is skipped where nothing has changed.
    package var onlyIfChanged: Bool

    package init(
        job: String,
        table: String? = nil,
        input: String? = nil,
        bytes: Int64,
        chunksEstimate: Int,
        needs: [Int] = [],
        onlyIfChanged: Bool = false
    ) {
        self.job = job
        self.table = table
        self.input = input
        self.bytes = bytes
        self.chunksEstimate = chunksEstimate
        self.needs = needs
        self.onlyIfChanged = onlyIfChanged
    }

    private enum CodingKeys: String, CodingKey {
        case job
        case table
        case input
        case bytes
        case chunksEstimate = "chunks_estimate"
        case needs
        case onlyIfChanged = "only_if_changed"
    }

    /// Writes what is nil as null, so that every key is always there.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(job, forKey: .job)
        try container.encode(table, forKey: .table)
        try container.encode(input, forKey: .input)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(chunksEstimate, forKey: .chunksEstimate)
        try container.encode(needs, forKey: .needs)
        try container.encode(onlyIfChanged, forKey: .onlyIfChanged)
    }
}

/// What a submit would do, without doing it.
package struct Explanation: Codable, Equatable, Sendable {
    /// The pool that would be used now.
    package var pool: String?
    /// In the order in which they would be done.
    package var steps: [ExplainedStep]

    package init(
        pool: String? = nil,
        steps: [ExplainedStep]
    ) {
        self.pool = pool
        self.steps = steps
    }

    private enum CodingKeys: String, CodingKey {
        case pool
        case steps
    }

    /// Writes what is nil as null, so that every key is always there.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(pool, forKey: .pool)
        try container.encode(steps, forKey: .steps)
    }
}
