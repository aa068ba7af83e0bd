/// An identifier that is a string outside (JSON, SQL, file names) and a type of its own inside.
///
/// Each kind of identifier is a distinct struct, so that a job's id cannot be passed for a worker's.
package protocol Identifier: Hashable, Comparable, Sendable, CustomStringConvertible {
    associatedtype RawValue: Hashable & Comparable & Sendable & LosslessStringConvertible
    var rawValue: RawValue { get }
    init(_ rawValue: RawValue)
}

extension Identifier {
    package var description: String { rawValue.description }
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A submitted job or workflow, numbered by the job store from 1.
///
/// Shown as a decimal string.
package struct JobID: Identifier {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
}

/// One step of a job: the load of one table.
///
/// Steps count from 0 in the order they were declared.
package struct StepID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let job: JobID
    package let index: Int

    package init(job: JobID, index: Int) {
        self.job = job
        self.index = index
    }

    package var description: String { "\(job)/\(index)" }
    package static func < (left: Self, right: Self) -> Bool {
        (left.job, left.index) < (right.job, right.index)
    }
}

/// One task of a step: the work on one chunk.
///
/// Tasks count from 0 in chunk order.
package struct TaskID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let step: StepID
    package let index: Int

    package init(step: StepID, index: Int) {
        self.step = step
        self.index = index
    }

    package var description: String { "\(step)/\(index)" }
    package static func < (left: Self, right: Self) -> Bool {
        (left.step, left.index) < (right.step, right.index)
    }
}

/// One try of a task on one worker.
///
/// Numbers only grow within a job store and are never reused.
package struct AttemptID: Identifier {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
}

/// One start of a worker process; a worker that comes back gets a new one.
package struct WorkerID: Identifier {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
}

/// A named group of workers, tried in the order of the configuration.
package struct PoolID: Identifier {
    package let rawValue: String
    package init(_ rawValue: String) { self.rawValue = rawValue }
}

/// What a worker was started as; no two starts of a job store share one.
package struct WorkerName: Identifier {
    package let rawValue: String
    package init(_ rawValue: String) { self.rawValue = rawValue }
}

/// One version of the table store, numbered by the catalog.
package struct SnapshotID: Identifier {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
}
