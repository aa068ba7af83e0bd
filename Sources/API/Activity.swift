/// What finished in each of some intervals of equal length, the oldest first.
package struct Throughput: Codable, Equatable, Sendable {
    package struct Interval: Codable, Equatable, Sendable {
        package var tasks: Int
        package var rows: Int64
        /// Of text.
        package var bytes: Int64

        package init(tasks: Int = 0, rows: Int64 = 0, bytes: Int64 = 0) {
            self.tasks = tasks
            self.rows = rows
            self.bytes = bytes
        }
    }

    package var intervalSeconds: Int
    package var intervals: [Interval]

    package init(intervalSeconds: Int, intervals: [Interval]) {
        self.intervalSeconds = intervalSeconds
        self.intervals = intervals
    }
}

/// How much is used of something that has a limit: a disk, memory.
package struct ResourceLevel: Codable, Equatable, Sendable {
    /// What it is, for people.
    package var name: String
    package var usedBytes: Int64
    package var limitBytes: Int64
    /// What the limit is, and what follows when it is reached.
    package var meaning: String
    /// Whether there is too little left.
    package var isShort: Bool

    package init(
        name: String,
        usedBytes: Int64,
        limitBytes: Int64,
        meaning: String,
        isShort: Bool = false
    ) {
        self.name = name
        self.usedBytes = usedBytes
        self.limitBytes = limitBytes
        self.meaning = meaning
        self.isShort = isShort
    }

    private enum CodingKeys: String, CodingKey {
        case name
        case usedBytes = "used_bytes"
        case limitBytes = "limit_bytes"
        case meaning
        case isShort = "is_short"
    }
}
