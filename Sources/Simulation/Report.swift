import Base

/// What came of a run.
package struct Report: Sendable {
    package let seed: UInt64
    /// What was wrong first; nil when all was well.
    package let violation: String?
    /// Virtual time.
    package let time: Duration
    package let events: Int
    package let faults: [Fault: Int]
    /// Of the trace; 0 events of it are written unless one was asked for.
    package let hash: UInt64
}
