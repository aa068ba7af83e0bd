package import Base

/// What the shell has to do; commands of one event are carried out in order.
package enum Command: Sendable, Equatable {
    // Jobs
    /// Without a pool where no step of the job needs a worker.
    case jobStarted(JobID, PoolID?)
    /// Also comes for every step that ends within a job that goes on.
    case stepChanged(StepID)
    case jobEnded(JobID, JobOutcome)
    /// A line for the job's log.
    case note(JobID, String)
    // The input of a step
    /// Check the header and get ready to cut; answered by `inputOpened` or `inputFailed`.
    case openInput(StepID)
    /// Forget what is stored of the step, so that no crash brings it back, and the split indexes of
    /// its files; then open the input without any. Answered as `openInput`.
    case reopenInput(StepID)
    /// Cut one more chunk; answered by `chunkCut`, `inputEnded`, `inputFailed` or `inputDistrusted`.
    case cutChunk(StepID)
    case closeInput(StepID)
    /// Read the input to its end, to see whether it is damaged; answered by `damageSearched`.
    case searchDamage(StepID)
    // Attempts
    case lease(AttemptID, TaskID, WorkerID)
    case leaseSynthetic([SyntheticAttempt], WorkerID)
    case revoke(AttemptID, WorkerID)
    /// Make the result durable; answered by `resultStored` or `storeFailed`.
    case storeResult(AttemptID, TaskID)
    /// Make it durable that tasks without data are finished; answered by `finishedStored`, or by
    /// `storeFailed` for each.
    case storeFinished(StepID, [SyntheticAttempt])
    /// Make it durable that the step's input was read and verified; nobody waits for it.
    case storeInputEnd(StepID, chunks: Int)
    /// Say which tasks merge what the step's tasks have sorted; answered by `mergePlanned` or
    /// `mergeFailed`.
    case planMerge(StepID)
    /// Drop what came under this attempt.
    case discardResult(AttemptID)
    /// The chunk's bytes are not needed any more.
    case releaseChunk(TaskID)
    /// Comes once for every attempt that was leased.
    case attemptEnded(AttemptRecord)
    // Actions
    /// Do it; answered by `performed` or `performFailed` with the same attempt, counted from 1.
    case perform(StepID, attempt: Int)
    /// Stop doing it; what is answered all the same does not count.
    case abandon(StepID)
    // Publication
    case publish(StepID)
    /// The step is over: its files and declarations can go.
    case closeStep(StepID)
    // Workers
    case startWorker(PoolID)
    /// So many starts of the pool that nobody has joined of are not waited for any more.
    case cancelStarts(PoolID, Int)
    /// The worker is gone for the scheduler; one that is not let go for good may join again.
    case stopWorker(WorkerID, reason: String, isForGood: Bool)
}

/// An attempt of a task without data.
package struct SyntheticAttempt: Sendable, Equatable {
    package var attempt: AttemptID
    package var task: TaskID

    package init(attempt: AttemptID, task: TaskID) {
        self.attempt = attempt
        self.task = task
    }
}

/// How a job ended.
package enum JobOutcome: Sendable, Equatable {
    case done
    case failed(reason: String)
    case cancelled
}
