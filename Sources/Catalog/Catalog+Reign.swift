package import Base
import Database

/// Who may publish: of each job store its newest coordinator, and nobody else of it.
extension Catalog {
    /// What the catalog knows of a job store that published to it.
    ///
    /// A job store that was restored from a backup is behind: its next reign and its next job must be
    /// numbered above these.
    package struct LastReign: Equatable, Sendable {
        package var epoch: Int64
        /// The highest job that published something.
        package var job: JobID

        package init(epoch: Int64 = 0, job: JobID = JobID(0)) {
            self.epoch = epoch
            self.job = job
        }
    }

    package func lastReign(of jobStore: String) throws(CatalogError) -> LastReign {
        try database.query(
            "SELECT epoch, last_job FROM otcluster_job_stores WHERE job_store = ?",
            [.text(jobStore)]
        ) { row throws(DatabaseError) in
            LastReign(epoch: try row.integer(0), job: JobID(try row.integer(1)))
        }.first ?? LastReign()
    }

    /// Takes the right to publish from every older coordinator of the job store.
    package func claim(_ reign: Reign) throws(CatalogError) {
        try database.connection.transaction { () throws(CatalogError) in
            let last = try lastReign(of: reign.jobStore)
            guard last.epoch <= reign.epoch else { throw .fenced(reign, by: last.epoch) }
            try database.run(
                "INSERT INTO otcluster_job_stores VALUES (?, ?, 0) "
                    + "ON CONFLICT (job_store) DO UPDATE SET epoch = excluded.epoch",
                [.text(reign.jobStore), .integer(reign.epoch)]
            )
        }
    }

    /// Within a publication's transaction: refuses a reign that is over, and notes the job.
    func enter(_ reign: Reign, job: JobID) throws(CatalogError) {
        let last = try lastReign(of: reign.jobStore)
        guard last.epoch == reign.epoch else { throw .fenced(reign, by: last.epoch) }
        try database.run(
            "UPDATE otcluster_job_stores SET last_job = max(last_job, ?) WHERE job_store = ?",
            [.integer(job.rawValue), .text(reign.jobStore)]
        )
    }
}
