import Base
import TestSupport
import Testing
import Transport

@testable import Coordinator

@Suite("Jobs that are done once more")
struct JobRetryTests {
    private func job(_ number: Int, in folder: String) -> JobContext {
        let id = JobID(Int64(number))
        let record = JobRecord(
            id: id,
            name: "test",
            request: "{}",
            state: "RUNNING",
            created: "",
            status: ""
        )
        return JobContext(record: record, steps: [], log: JobLog(path: "\(folder)/\(id).log"))
    }

    @Test("a job that is being taken up again counts among the open ones")
    func room() throws {
        try withTemporaryFolder { folder in
            let shell = try makeShell(in: folder, loop: try EventLoop(name: "test"))
            for number in 2...Limits.openJobs {
                let job = job(number, in: folder)
                shell.jobs[job.id] = job
            }
            #expect(shell.hasRoomForJob)
            shell.retry(JobID(1)) { _ in }
            #expect(!shell.hasRoomForJob)
        }
    }
}
