import Base
import Columns
import Database

/// One publication being written: the state of its transaction.
///
/// Used once, within a transaction that holds the write lock. The order of the steps is that of
/// docs/formats/catalog.md; only COMMIT makes any of it visible.
struct Commit {
    let database: CatalogDatabase
    let dataPath: String
    private let onStep: (PublishStep) -> Void
    /// The snapshot that this commit follows, and the one it makes.
    private let previous: Int64
    let snapshot: Int64
    private var schemaVersion: Int64
    private var nextCatalogID: Int64
    private var nextFileID: Int64
    /// The words of `changes_made`, in order.
    private var changes: [String] = []
    private var isSchemaChanged = false
    /// Tables whose columns change in this snapshot.
    private var alteredTables: [Int64] = []

    /// Starts from the newest snapshot.
    init(
        _ database: CatalogDatabase,
        dataPath: String,
        onStep: @escaping (PublishStep) -> Void
    ) throws(CatalogError) {
        let newest = try database.query(
            """
            SELECT snapshot_id, schema_version, next_catalog_id, next_file_id
            FROM ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1
            """
        ) { row throws(DatabaseError) in
            (try row.integer(0), try row.integer(1), try row.integer(2), try row.integer(3))
        }.first
        guard let newest else {
            throw .damaged(path: database.path, reason: "ducklake_snapshot is empty")
        }
        self.database = database
        self.dataPath = dataPath
        self.onStep = onStep
        (previous, schemaVersion, nextCatalogID, nextFileID) = newest
        snapshot = previous + 1
    }

    /// Writes all rows of the publication; returns the snapshot it is visible in.
    mutating func write(
        _ publication: Publication,
        at time: WallTime
    ) throws(CatalogError) -> SnapshotID {
        if let checked = publication.schemaVersion, checked != schemaVersion {
            throw .schemaChanged
        }
        for table in publication.tables { try write(table) }
        for compaction in publication.compactions { try write(compaction) }
        for restoration in publication.restorations { try restore(restoration) }
        for view in publication.views { try write(view) }
        for table in publication.droppedTables { try drop(table) }
        for view in publication.droppedViews { try drop(view) }
        onStep(.viewsWritten)
        let result = changes.isEmpty ? previous : snapshot
        if !changes.isEmpty { try writeSnapshot(publication, at: time) }
        try database.run(
            "INSERT INTO otcluster_commits VALUES (?, ?, ?)",
            [.text(publication.commitKey), .integer(result), .text(time.rfc3339)]
        )
        onStep(.snapshotWritten)
        return SnapshotID(result)
    }

    mutating func noteChange(_ word: String) { changes.append(word) }

    /// Records that columns of the table change in this snapshot.
    mutating func noteAltered(_ table: Int64) { alteredTables.append(table) }

    /// Records that the schema changed in a way readers must notice, with the word for it.
    mutating func noteSchemaChange(_ word: String) {
        changes.append(word)
        isSchemaChanged = true
    }

    /// Records that what is known of a table changed besides its files.
    mutating func noteAlteration(of table: Int64) {
        guard !alteredTables.contains(table) else { return }
        noteSchemaChange("altered_table:\(table)")
        alteredTables.append(table)
    }

    mutating func takeCatalogID() -> Int64 {
        defer { nextCatalogID += 1 }
        return nextCatalogID
    }

    /// The first of so many ids of files.
    mutating func takeFileIDs(_ count: Int) -> Int64 {
        defer { nextFileID += Int64(count) }
        return nextFileID
    }

    private mutating func write(_ publication: TablePublication) throws(CatalogError) {
        let plan = publication.plan
        let (table, layout, isNew) = try prepare(plan)
        let partition = try writeLayout(plan, of: table, isNew: isNew)
        onStep(.schemaWritten)
        if !isNew, plan.mode == .replace {
            let ended = try endFiles(of: table)
            if ended { changes.append("deleted_from_table:\(table)") }
        }
        onStep(.filesEnded)
        let firstFile = takeFileIDs(publication.segments.count)
        try nameFiles(publication.segments, of: table, plan: plan, partition, firstID: firstFile)
        if !publication.segments.isEmpty { changes.append("inserted_into_table:\(table)") }
        onStep(.filesNamed)
        try writeStatistics(
            of: table,
            layout: layout,
            addedRows: publication.segments.reduce(0) { $0 + $1.rowCount }
        )
        onStep(.statisticsWritten)
    }

    /// Creates or alters the table, and checks that the plan still holds.
    private mutating func prepare(
        _ plan: TablePlan
    ) throws(CatalogError) -> (table: Int64, layout: ColumnLayout, isNew: Bool) {
        let state = try database.tableState(
            schema: plan.schema,
            table: plan.table,
            dataPath: dataPath
        )
        let layout = ColumnLayout(plan.columns, replacing: state)
        let name = "\(plan.schema).\(plan.table)"
        guard layout.targets.map(\.ids) == plan.columnIDs, state.directory == plan.directory else {
            throw .planOutdated(table: name)
        }
        guard let table = state.tableID else {
            let created = try createTable(plan, layout, state)
            alteredTables.append(created)
            return (created, layout, true)
        }
        if plan.mode == .append {
            try ColumnLayout.checkAppend(plan.columns, to: state, table: name)
        } else if layout.isAltered {
            try alterColumns(of: table, to: layout)
            noteAlteration(of: table)
        }
        return (table, layout, false)
    }

    private func writeSnapshot(
        _ publication: Publication,
        at time: WallTime
    ) throws(CatalogError) {
        let version = schemaVersion + (isSchemaChanged ? 1 : 0)
        for table in alteredTables {
            try database.run(
                "INSERT INTO ducklake_schema_versions VALUES (?, ?, ?)",
                [.integer(snapshot), .integer(version), .integer(table)]
            )
        }
        try database.run(
            "INSERT INTO ducklake_snapshot VALUES (?, ?, ?, ?, ?)",
            [
                .integer(snapshot), .text(time.sqlText), .integer(version),
                .integer(nextCatalogID), .integer(nextFileID),
            ]
        )
        try database.run(
            "INSERT INTO ducklake_snapshot_changes VALUES (?, ?, ?, ?, ?)",
            [
                .integer(snapshot), .text(changes.joined(separator: ",")),
                .text(publication.author), .text(publication.message),
                .text(publication.extraInfo),
            ]
        )
    }
}
