/// A worker as it is listed.
package struct WorkerSummary: Codable, Equatable, Sendable {
    package var id: String
    package var pool: String
    package var host: String
    package var pid: Int
    package var state: WorkerState
    package var slots: Int
    /// Attempts it holds.
    package var running: Int
    /// Attempts it finished.
    package var done: Int
    package var joined: String
    /// `POOL/NAME` of its certificate; nil where the port asks for none.
    package var identity: String?
    /// What it was started as; nil where nobody named it.
    package var name: String?
    /// Why it gets no work, or why it is gone; nil when it works.
    package var reason: String?

    package init(
        id: String,
        pool: String,
        host: String,
        pid: Int,
        state: WorkerState,
        slots: Int,
        running: Int,
        done: Int,
        joined: String,
        identity: String? = nil,
        name: String? = nil,
        reason: String? = nil
    ) {
        self.id = id
        self.pool = pool
        self.host = host
        self.pid = pid
        self.state = state
        self.slots = slots
        self.running = running
        self.done = done
        self.joined = joined
        self.identity = identity
        self.name = name
        self.reason = reason
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case pool
        case host
        case pid
        case state
        case slots
        case running
        case done
        case joined
        case identity
        case name
        case reason
    }

    /// Writes what is nil as null, so that every key is always there.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(pool, forKey: .pool)
        try container.encode(host, forKey: .host)
        try container.encode(pid, forKey: .pid)
        try container.encode(state, forKey: .state)
        try container.encode(slots, forKey: .slots)
        try container.encode(running, forKey: .running)
        try container.encode(done, forKey: .done)
        try container.encode(joined, forKey: .joined)
        try container.encode(identity, forKey: .identity)
        try container.encode(name, forKey: .name)
        try container.encode(reason, forKey: .reason)
    }
}

/// A pool as it is listed.
package struct PoolSummary: Codable, Equatable, Sendable {
    package var name: String
    package var provider: String
    package var state: PoolState
    /// Healthy ones.
    package var workers: Int
    /// Workers that the pool should have.
    package var wanted: Int
    package var minWorkers: Int
    package var maxWorkers: Int
    /// Why it cannot be had.
    package var reason: String?

    package init(
        name: String,
        provider: String,
        state: PoolState,
        workers: Int,
        wanted: Int,
        minWorkers: Int,
        maxWorkers: Int,
        reason: String? = nil
    ) {
        self.name = name
        self.provider = provider
        self.state = state
        self.workers = workers
        self.wanted = wanted
        self.minWorkers = minWorkers
        self.maxWorkers = maxWorkers
        self.reason = reason
    }

    private enum CodingKeys: String, CodingKey {
        case name
        case provider
        case state
        case workers
        case wanted
        case minWorkers = "min_workers"
        case maxWorkers = "max_workers"
        case reason
    }

    /// Writes what is nil as null, so that every key is always there.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(provider, forKey: .provider)
        try container.encode(state, forKey: .state)
        try container.encode(workers, forKey: .workers)
        try container.encode(wanted, forKey: .wanted)
        try container.encode(minWorkers, forKey: .minWorkers)
        try container.encode(maxWorkers, forKey: .maxWorkers)
        try container.encode(reason, forKey: .reason)
    }
}

/// How many workers a pool shall have.
package struct ScaleRequest: Codable, Equatable, Sendable {
    package var workers: Int

    package init(
        workers: Int
    ) {
        self.workers = workers
    }

    private enum CodingKeys: String, CodingKey {
        case workers
    }
}
