/// One coordinator's time over a job store: what everything it publishes is marked with.
///
/// Jobs are numbered within a job store, and several job stores may publish to one table store, one
/// after another or by mistake at once; so the number of a job alone identifies nothing there.
package struct Reign: Hashable, Sendable {
    /// Identifies the job store: hexadecimal digits, drawn when it was made.
    package let jobStore: String
    /// The number of the reign; it grows with every start of a coordinator.
    package let epoch: Int64

    /// Digits of a job store's identifier: 64 bits, so that no two ever meet.
    package static let jobStoreDigits = 16

    package init(jobStore: String, epoch: Int64) {
        self.jobStore = jobStore
        self.epoch = epoch
    }

    /// Identifies the version that a step makes: it can be published once, under any epoch.
    package func commitKey(_ step: StepID) -> String { commitKeyPrefix(step.job) + "\(step.index)" }

    /// What the keys of all steps of a job begin with.
    package func commitKeyPrefix(_ job: JobID) -> String { "\(jobStore)/\(job)/" }
}
