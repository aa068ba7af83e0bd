import API
import Base
import Scheduling

/// Jobs that are done once more from where they ended.
extension CoordinatorShell {
    /// Goes on with a job that failed or was cancelled: what it published stays.
    ///
    /// `completion` gets why it cannot.
    func retry(_ id: JobID, _ completion: @escaping (SubmitError?) -> Void) {
        if let job = jobs[id], status(of: job).state.isEnded {
            // Whoever asks has seen its end, which is not durable yet.
            return job.endWaiters.append { [unowned self] in retry(id, completion) }
        }
        guard jobs[id] == nil, retries[id] == nil else {
            return completion(.invalid("job \(id) has not ended; see otjob status \(id)"))
        }
        guard hasRoomForJob else { return completion(.tooManyJobs) }
        retries[id] = false
        jobStore.reopen(id) { [unowned self] outcome in
            switch outcome {
            case .success(let record?):
                resume(record, after: "otjob retry") { [unowned self] in
                    retryEnded(id)
                    completion(nil)
                }
            case .success(nil):
                retryEnded(id)
                let text = "job \(id) did not fail; only a job that failed or was cancelled goes on"
                completion(.invalid(text))
            case .failure(let error):
                retryEnded(id)
                completion(.unavailable("the job store cannot be written: \(error)"))
            }
        }
    }

    /// Ends a job; one that is just taken up again as soon as it is known here.
    func cancel(_ id: JobID) {
        if retries[id] != nil { retries[id] = true }
        handle(.cancelRequested(id))
    }

    private func retryEnded(_ id: JobID) {
        if retries.removeValue(forKey: id) == true { handle(.cancelRequested(id)) }
    }
}
