/// The answer to GET /api/jobs, the newest first.
package struct JobList: Codable, Equatable, Sendable {
    package var jobs: [JobSummary]

    package init(
        jobs: [JobSummary]
    ) {
        self.jobs = jobs
    }

    private enum CodingKeys: String, CodingKey {
        case jobs
    }
}

/// The answer to GET /api/workers.
package struct WorkerList: Codable, Equatable, Sendable {
    package var workers: [WorkerSummary]

    package init(
        workers: [WorkerSummary]
    ) {
        self.workers = workers
    }

    private enum CodingKeys: String, CodingKey {
        case workers
    }
}

/// The answer to GET /api/pools, in the order in which they are tried.
package struct PoolList: Codable, Equatable, Sendable {
    package var pools: [PoolSummary]

    package init(
        pools: [PoolSummary]
    ) {
        self.pools = pools
    }

    private enum CodingKeys: String, CodingKey {
        case pools
    }
}

/// The answer to GET /api/tables.
package struct TableList: Codable, Equatable, Sendable {
    package var tables: [TableSummary]

    package init(
        tables: [TableSummary]
    ) {
        self.tables = tables
    }

    private enum CodingKeys: String, CodingKey {
        case tables
    }
}

/// The answer to GET /api/snapshots, the oldest first.
package struct SnapshotList: Codable, Equatable, Sendable {
    package var snapshots: [SnapshotSummary]

    package init(
        snapshots: [SnapshotSummary]
    ) {
        self.snapshots = snapshots
    }

    private enum CodingKeys: String, CodingKey {
        case snapshots
    }
}
