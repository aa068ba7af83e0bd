package import Base
package import Columns
import Database
import Storage

/// The catalog of the table store: a DuckLake 1.0 in SQLite.
///
/// This class writes it, DuckDB and others read it; `docs/formats/catalog.md` gives every row.
///
/// THREADING: one thread at a time, and not one of the cooperative pool: every call may wait for
/// the disk, and up to 30 s for a reader. Hence not Sendable; the coordinator gives it a queue.
///
/// Other programs may change the same catalog between any two calls, so nothing is cached: every
/// call reads the newest snapshot, and a publication does so within its transaction.
package final class Catalog {
    package let path: String
    /// The absolute folder that all relative paths of the catalog count from; ends in a slash.
    package let dataPath: String
    let database: CatalogDatabase
    /// Called at each step of a publication, within its transaction; for tests that crash there.
    package var onStep: (PublishStep) -> Void = { _ in }

    /// Opens the catalog, or creates it where there is none.
    ///
    /// What a crash left half-written is rolled back. Another version, or another data path than
    /// the catalog has, is an error. After `busyTimeout` of waiting for other programs a call gives
    /// up with `isBusy`.
    package init(
        path: String,
        dataPath: String,
        busyTimeout: Duration = .seconds(30)
    ) throws(CatalogError) {
        precondition(dataPath.hasPrefix("/") && dataPath.hasSuffix("/"), "data path \(dataPath)")
        self.path = path
        self.dataPath = dataPath
        if !Directory.exists(path: path) { try Self.create(path: path, dataPath: dataPath) }
        database = try Self.open(path, busyTimeout: busyTimeout)
        try check()
        try ensureOwnTables()
    }

    /// What the table will look like: field ids for its files, and the folder of the files.
    ///
    /// Nothing is written. An append whose columns differ from the table's is refused; a replace
    /// alters the table when it is published.
    package func plan(
        schema: String,
        table: String,
        columns: [ColumnDeclaration],
        mode: WriteMode,
        partitionBy: [PartitionField] = [],
        sortedBy: [Int] = []
    ) throws(CatalogError) -> TablePlan {
        try checkName(schema, "schema")
        try checkName(table, "table")
        let name = "\(schema).\(table)"
        try ColumnLayout.checkDeclared(columns, table: name)
        let state = try database.tableState(schema: schema, table: table, dataPath: dataPath)
        if mode == .append, state.tableID != nil {
            try ColumnLayout.checkAppend(columns, to: state, table: name)
        }
        return TablePlan(
            schema: schema,
            table: table,
            columns: columns,
            mode: mode,
            partitionBy: partitionBy,
            sortedBy: sortedBy,
            columnIDs: ColumnLayout(columns, replacing: state).targets.map(\.ids),
            directory: state.directory
        )
    }

    /// Makes tables and views visible, all in one snapshot, exactly once for each commit key.
    ///
    /// All files must be there, whole and synced, before the call. When it throws, nothing of the
    /// publication is visible, but for a failed disk under COMMIT: call again, or look the key up
    /// with `snapshot(ofCommit:)`. Where nothing changes, no snapshot is made and the key is
    /// recorded with the newest one.
    package func publish(
        _ publication: Publication,
        at time: WallTime
    ) throws(CatalogError) -> PublishOutcome {
        for view in publication.views {
            try checkName(view.schema, "schema")
            try checkName(view.name, "view")
        }
        return try database.connection.transaction { () throws(CatalogError) in
            if let known = try snapshot(ofCommit: publication.commitKey) { return .already(known) }
            try enter(publication.reign, job: publication.job)
            var commit = try Commit(database, dataPath: dataPath, onStep: onStep)
            return .published(try commit.write(publication, at: time))
        }
    }

    /// The snapshot that a publication made; nil when it has not happened.
    package func snapshot(ofCommit key: String) throws(CatalogError) -> SnapshotID? {
        let sql = "SELECT snapshot_id FROM otcluster_commits WHERE commit_key = ?"
        return try database.integers(sql, [.text(key)]).first.map { SnapshotID($0) }
    }

    private func checkName(_ name: String, _ kind: String) throws(CatalogError) {
        guard Names.isValid(name) else { throw .badName(kind: kind, name: name) }
    }
}
