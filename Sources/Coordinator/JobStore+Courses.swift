import API
import Base
import Database

/// The courses of jobs: what their pages tell beside their status; docs/formats/job-store.md.
extension JobStore {
    /// Writes the courses of some jobs, all with one sync.
    func save(
        _ courses: [(job: JobID, course: JobCourse)],
        _ completion: @escaping (Result<Void, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.transaction { () throws(DatabaseError) in
                for (job, course) in courses {
                    try database.run(
                        "INSERT OR REPLACE INTO course VALUES (?, ?)",
                        [
                            .integer(job.rawValue),
                            .text(String(decoding: JSON.encode(course), as: UTF8.self)),
                        ]
                    )
                }
            }
        }
    }

    /// The course of a job; an empty one where none was recorded.
    func course(
        of job: JobID,
        _ completion: @escaping (Result<JobCourse, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            let texts = try database.query(
                "SELECT content FROM course WHERE job = ?",
                [.integer(job.rawValue)]
            ) { (row) throws(DatabaseError) in try row.text(0) }
            let course = texts.first.flatMap { text in
                try? JSON.decode(JobCourse.self, from: Array(text.utf8))
            }
            return course ?? JobCourse()
        }
    }
}
