import Base
import Scheduling

/// Jobs that are done once more from where they ended.
extension CoordinatorShell {
    /// Goes on with a job that failed or was cancelled: what it published stays.
    ///
    /// `completion` gets why it cannot.
    func retry(_ id: JobID, _ completion: @escaping (SubmitError?) -> Void) {
        // Its end may not be recorded yet.
        guard jobs[id] == nil else {
            return completion(.invalid("job \(id) has not ended; see otjob status \(id)"))
        }
        guard hasRoomForJob else { return completion(.tooManyJobs) }
        jobStore.reopen(id) { [unowned self] outcome in
            switch outcome {
            case .success(let record?): resume(record) { completion(nil) }
            case .success(nil):
                let text = "job \(id) did not fail; only a job that failed or was cancelled goes on"
                completion(.invalid(text))
            case .failure(let error):
                completion(.unavailable("the job store cannot be written: \(error)"))
            }
        }
    }
}
