/// A mistake that the simulator makes on purpose, to show that it would be found.
///
/// Each is planted in what surrounds the real pieces here, or in how they are called; the product
/// knows nothing of them.
package enum PlantedBug: String, CaseIterable, Sendable {
    /// A report counts for its task, whichever attempt it is of.
    case noFencing
    /// A worker may report attempts that were leased to another.
    case foreignReportsCount
    /// After a restart the epoch is the same, and attempts are numbered from the start again.
    case epochNotRaised
    /// A result counts before it was synced.
    case countsBeforeSync
    /// A failed sync is taken for a good one.
    case ignoresFailedSync
    /// What a crash left of a record is taken for the record.
    case believesTornRecord
    /// Results go when a job ends, although a crash may bring the job back.
    case resultsRemovedBeforeEndIsDurable
    /// After a failed sync the next records are written over the header of the spool file.
    case headerWrittenOver
    /// The text of a chunk goes when its result arrives, and not when that is durable.
    case releasesChunkEarly
    /// The files are named in one transaction, the commit key is recorded in the next.
    case twoStepCommit
    /// After an error of the catalog the segments are deleted.
    case deletesOnUnknownOutcome
    /// After an error of the catalog the table is published once more, under another key.
    case retriesWithoutLookUp
    /// A renamed segment is published before its folder is synced.
    case skipsDirectorySync
    /// A sweep takes every file that no version names, also those that are about to be named.
    case sweepsWithoutGrace
    /// A step is published when its last chunk is cut, before the input is verified.
    case inputEndNotAwaited
    /// What a wrong split index gave before it was found out is kept.
    case keepsWrongIndexsChunks
    /// A cancelled job is recorded as such, and goes on.
    case cancelledJobGoesOn
    /// A submit is answered before the job is recorded.
    case answersBeforeRecorded
    /// Tasks of a lost worker are not leased again.
    case lostWorkersTasksDropped
    /// The worker's credit is not renewed.
    case creditNeverReturned
    /// Heartbeats are not answered.
    case heartbeatsNotAnswered
    /// The input is cut as fast as it can be.
    case backPressureIgnored
    /// The largest input is read first.
    case largestFirst
    /// More chunks are leased to a worker than it may hold.
    case overloadsWorkers
}
