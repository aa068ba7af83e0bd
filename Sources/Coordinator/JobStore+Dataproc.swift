import Database
import Dataproc

/// The resources of the Dataproc API: clusters, jobs, operations, templates, policies.
extension JobStore {
    /// Writes what has changed, all of it or nothing.
    func save(
        _ changes: [RecordChange],
        _ completion: @escaping (Result<Void, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.transaction { () throws(DatabaseError) in
                for change in changes { try Self.write(change, to: database) }
            }
        }
    }

    private static func write(
        _ change: RecordChange,
        to database: Database.Connection
    ) throws(DatabaseError) {
        let key: [Value] = [.text(change.key.kind.rawValue), .text(change.key.text)]
        guard let body = change.body else {
            return try database.run("DELETE FROM dataproc WHERE kind = ? AND name = ?", key)
        }
        try database.run("INSERT OR REPLACE INTO dataproc VALUES (?, ?, ?)", key + [.text(body)])
    }

    /// All resources: their kind, and what is kept of them.
    func dataprocRecords(
        _ completion: @escaping (Result<[(kind: String, body: String)], DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.query("SELECT kind, body FROM dataproc ORDER BY kind, name") {
                (row) throws(DatabaseError) in (kind: try row.text(0), body: try row.text(1))
            }
        }
    }
}
