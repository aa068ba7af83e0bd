import Base

/// What a worker did for an attempt, for the log of its job: nothing is decided by it.
package struct AttemptReport: Equatable, Sendable {
    /// What the time of an attempt on its worker went to, in this order.
    ///
    /// Numbers are part of the protocol: never change or reuse one.
    package enum Stage: UInt8, CaseIterable, Sendable {
        /// From the lease's head to the end of its run.
        case received = 0
        /// Until a slot was free.
        case waited = 1
        case inflated = 2
        /// Split into lines and fields, and converted.
        case converted = 3
        case encoded = 4
        case hashed = 5
        /// Until there was credit to send the result.
        case held = 6
        /// From the result's head to the end of its run, as the coordinator saw it.
        case sent = 7
    }

    /// A field that did not convert.
    package struct Example: Equatable, Sendable {
        /// Index of the declared column.
        package var column: Int
        /// Of the field's line in its file; the first is 1.
        package var line: Int64
        /// The field, or its beginning.
        package var text: [UInt8]

        package init(column: Int, line: Int64, text: [UInt8]) {
            self.column = column
            self.line = line
            self.text = text
        }
    }

    /// Fields that are shown of one attempt, and bytes of each.
    ///
    /// Guesses at what shows a pattern; a report stays under a kilobyte.
    package static let examplesLimit = 8
    package static let exampleBytes = 64

    package private(set) var times: [Stage: Duration] = [:]
    /// The most memory that the worker's process has had so far; 0 where that is not known.
    package var peakMemoryBytes: Int64 = 0
    /// Some of the fields that did not convert.
    package private(set) var examples: [Example] = []

    package init() {}

    /// Adds to the time of a stage.
    package mutating func add(_ time: Duration, to stage: Stage) {
        if time > .zero { times[stage, default: .zero] += time }
    }

    /// Adds what another part of the worker has done.
    package mutating func add(_ other: AttemptReport) {
        for (stage, time) in other.times { add(time, to: stage) }
        peakMemoryBytes = max(peakMemoryBytes, other.peakMemoryBytes)
        for example in other.examples { append(example) }
    }

    /// Takes an example in, cut to its limit, where there is room for one more.
    package mutating func append(_ example: Example) {
        guard examples.count < Self.examplesLimit else { return }
        var example = example
        example.text = Array(example.text.prefix(Self.exampleBytes))
        examples.append(example)
    }
}

extension FieldWriter {
    mutating func report(_ report: AttemptReport) {
        let times = report.times.sorted { $0.key.rawValue < $1.key.rawValue }
        list(times) { fields, time in
            fields.integer(time.key.rawValue)
            fields.integer(time.value.nanoseconds / 1000)
        }
        integer(report.peakMemoryBytes)
        list(report.examples) { fields, example in
            fields.integer(UInt32(example.column))
            fields.integer(example.line)
            fields.bytes(example.text)
        }
    }
}

extension FieldReader {
    mutating func report() throws(WireError) -> AttemptReport {
        var report = AttemptReport()
        let times = try list(minimumSizeBytes: 9) { fields throws(WireError) in
            (stage: AttemptReport.Stage(rawValue: try fields.integer()), time: try fields.time())
        }
        for (stage, time) in times {
            guard let stage, report.times[stage] == nil else { throw .malformed(message: "report") }
            report.add(time, to: stage)
        }
        report.peakMemoryBytes = try integer()
        let examples = try list(minimumSizeBytes: 16) { fields throws(WireError) in
            AttemptReport.Example(
                column: Int(try fields.integer(UInt32.self)),
                line: try fields.integer(),
                text: try fields.bytes()
            )
        }
        guard examples.count <= AttemptReport.examplesLimit,
            examples.allSatisfy({ $0.text.count <= AttemptReport.exampleBytes })
        else { throw .malformed(message: "report") }
        for example in examples { report.append(example) }
        return report
    }

    /// Microseconds; what nobody waits for is a mistake.
    private mutating func time() throws(WireError) -> Duration {
        let time = try integer(Int64.self)
        guard (0...Self.timeLimit).contains(time) else { throw .malformed(message: "report") }
        return .microseconds(time)
    }

    /// A year, in microseconds.
    private static var timeLimit: Int64 { 365 * 86_400 * 1_000_000 }
}

extension AttemptReport: CustomStringConvertible {
    /// Stages in their order: traces of simulations are compared, and a dictionary's order differs.
    package var description: String {
        let stages = Stage.allCases.compactMap { stage in times[stage].map { "\(stage): \($0)" } }
        return "AttemptReport([\(stages.joined(separator: ", "))], \(peakMemoryBytes), \(examples))"
    }
}
