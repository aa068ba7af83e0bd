/// What happened in a job and when, as far as it is kept: who worked at which table, what was noted,
/// what took longest, and which fields did not convert.
///
/// Bounded whatever the number of tasks is: neighbouring tasks are summed up when they are many, and
/// every sum tells of how many.
package struct JobCourse: Codable, Equatable, Sendable {
    /// Tasks of one step that one slot did one after the other.
    package struct Span: Equatable, Sendable {
        /// The step's place in the job as it was declared.
        package var step: Int
        /// Milliseconds since the course's start.
        package var from: Int64
        package var to: Int64
        package var tasks: Int

        package init(step: Int, from: Int64, to: Int64, tasks: Int) {
            self.step = step
            self.from = from
            self.to = to
            self.tasks = tasks
        }
    }

    /// What one worker did: for each of its slots, from the left to the right.
    package struct Lane: Codable, Equatable, Sendable {
        package var worker: String
        package var host: String
        package var pid: Int
        package var pool: String
        package var slots: [[Span]]

        package init(worker: String, host: String, pid: Int, pool: String, slots: [[Span]]) {
            self.worker = worker
            self.host = host
            self.pid = pid
            self.pool = pool
            self.slots = slots
        }
    }

    /// What was decided and why: another pool, a second worker for a slow task, a pause.
    package struct Note: Codable, Equatable, Sendable {
        /// Milliseconds since the course's start.
        package var at: Int64
        package var text: String

        package init(at: Int64, text: String) {
            self.at = at
            self.text = text
        }
    }

    /// A field that did not convert.
    package struct Unconverted: Codable, Equatable, Sendable {
        package var step: Int
        package var column: String
        /// Of the field in its file.
        package var line: Int64
        package var text: String

        package init(step: Int, column: String, line: Int64, text: String) {
            self.step = step
            self.column = column
            self.line = line
            self.text = text
        }
    }

    /// Microseconds since 1970; 0 before the first task.
    package var start: Int64
    /// Of the finest spans, in milliseconds: shorter ones were summed up.
    package var resolution: Int64
    /// In the order in which the workers finished their first task.
    package var lanes: [Lane]
    /// The newest, the newest last.
    package var notes: [Note]
    /// How many there were.
    package var noteCount: Int
    /// Of the attempts that finished those that took longest, the slowest first.
    package var slowest: [AttemptSummary]
    /// Some of each column.
    package var unconverted: [Unconverted]

    package init(
        start: Int64 = 0,
        resolution: Int64 = 0,
        lanes: [Lane] = [],
        notes: [Note] = [],
        noteCount: Int = 0,
        slowest: [AttemptSummary] = [],
        unconverted: [Unconverted] = []
    ) {
        self.start = start
        self.resolution = resolution
        self.lanes = lanes
        self.notes = notes
        self.noteCount = noteCount
        self.slowest = slowest
        self.unconverted = unconverted
    }

    private enum CodingKeys: String, CodingKey {
        case start
        case resolution
        case lanes
        case notes
        case noteCount = "note_count"
        case slowest
        case unconverted
    }
}

/// Four numbers each: there are thousands of them.
extension JobCourse.Span: Codable {
    package init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        step = try values.decode(Int.self)
        from = try values.decode(Int64.self)
        to = try values.decode(Int64.self)
        tasks = try values.decode(Int.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.unkeyedContainer()
        try values.encode(step)
        try values.encode(from)
        try values.encode(to)
        try values.encode(tasks)
    }
}
