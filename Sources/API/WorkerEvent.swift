/// Something that happened to a worker or to a pool as a whole, for the history that people look at.
package struct WorkerEvent: Codable, Equatable, Sendable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case joined = "JOINED"
        case lost = "LOST"
        case stopped = "STOPPED"
        /// Somebody asked for it to be drained.
        case draining = "DRAINING"
        /// The pool could not be had.
        case exhausted = "EXHAUSTED"
        /// The pool can be had again.
        case available = "AVAILABLE"
    }

    /// RFC 3339.
    package var at: String
    package var kind: Kind
    package var pool: String
    /// Nil where it is about the pool.
    package var worker: String?
    package var host: String?
    /// Why, in words.
    package var cause: String?

    package init(
        at: String,
        kind: Kind,
        pool: String,
        worker: String? = nil,
        host: String? = nil,
        cause: String? = nil
    ) {
        self.at = at
        self.kind = kind
        self.pool = pool
        self.worker = worker
        self.host = host
        self.cause = cause
    }
}

/// What a worker has used so far, as it reported with its attempts.
package struct WorkerUse: Codable, Equatable, Sendable {
    /// Of its slots, inflating, converting, encoding and hashing.
    package var busySeconds: Double
    /// Since it joined, until now or its end.
    package var livedSeconds: Double
    /// The most that its process had; 0 where that is not known.
    package var peakMemoryBytes: Int64

    package init(busySeconds: Double = 0, livedSeconds: Double = 0, peakMemoryBytes: Int64 = 0) {
        self.busySeconds = busySeconds
        self.livedSeconds = livedSeconds
        self.peakMemoryBytes = peakMemoryBytes
    }

    private enum CodingKeys: String, CodingKey {
        case busySeconds = "busy_seconds"
        case livedSeconds = "lived_seconds"
        case peakMemoryBytes = "peak_memory_bytes"
    }
}
