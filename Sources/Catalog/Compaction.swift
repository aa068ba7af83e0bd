import Base
import Columns
import Database

/// One file that takes the place of several smaller ones, whose rows it has in their order.
package struct Compaction: Hashable, Sendable {
    package let plan: CompactionPlan
    /// What stands behind each other in the new file.
    package let files: [CompactionPlan.File]
    package let segment: SegmentRecord

    package init(plan: CompactionPlan, files: [CompactionPlan.File], segment: SegmentRecord) {
        self.plan = plan
        self.files = files
        self.segment = segment
    }
}

/// The files of a table that could be put together.
package struct CompactionPlan: Hashable, Sendable {
    package struct File: Hashable, Sendable {
        package let id: Int64
        /// Where it lies; absolute.
        package let path: String
        package let rowCount: Int64
        package let sizeBytes: Int64
        /// The number of its first row in the table.
        package let firstRow: Int64

        package init(id: Int64, path: String, rowCount: Int64, sizeBytes: Int64, firstRow: Int64) {
            self.id = id
            self.path = path
            self.rowCount = rowCount
            self.sizeBytes = sizeBytes
            self.firstRow = firstRow
        }
    }

    /// How files of the table are written; the mode says nothing.
    package let table: TablePlan
    /// In the order of their rows; without those that other programs have their own way with.
    package let files: [File]
    /// What was said about the version that made the table what it is, as JSON.
    package let extraInfo: String?

    /// Files that become one at a time: each is open meanwhile.
    package static let groupFiles = 256

    /// The first files that are to become one: neighbours, so that rows keep their numbers.
    ///
    /// Files of a quarter of `largestSizeBytes` and above stay as they are; what becomes one has no
    /// more than that together.
    package func nextGroup(largestSizeBytes: Int64) -> [File] {
        var group: [File] = []
        var size: Int64 = 0
        for file in files {
            let isNext = group.last.map { $0.firstRow + $0.rowCount == file.firstRow } ?? true
            let isFull =
                size + file.sizeBytes > largestSizeBytes || group.count == Self.groupFiles
            if !isNext || isFull {
                if group.count > 1 { return group }
                (group, size) = ([], 0)
            }
            guard file.sizeBytes < largestSizeBytes / 4 else {
                if group.count > 1 { return group }
                (group, size) = ([], 0)
                continue
            }
            group.append(file)
            size += file.sizeBytes
        }
        return group.count > 1 ? group : []
    }

    package init(table: TablePlan, files: [File], extraInfo: String?) {
        self.table = table
        self.files = files
        self.extraInfo = extraInfo
    }
}

extension Catalog {
    /// What of a table could be put together; nil when there is no such table.
    ///
    /// Left out are files with deleted rows, of partitions, encrypted, or with columns by other
    /// names, and all of a table that has columns of a type which only other programs write.
    package func compactionPlan(
        schema: String,
        table: String
    ) throws(CatalogError) -> CompactionPlan? {
        let state = try database.tableState(schema: schema, table: table, dataPath: dataPath)
        guard let id = state.tableID else { return nil }
        let columns = state.declarations
        let layout = ColumnLayout(columns ?? [], replacing: state)
        let files = try database.query(
            """
            SELECT f.data_file_id, f.path, f.path_is_relative, f.record_count, f.file_size_bytes,
                f.row_id_start
            FROM ducklake_data_file f
            WHERE f.table_id = ?1 AND f.end_snapshot IS NULL AND f.row_id_start IS NOT NULL
                AND f.partition_id IS NULL AND f.encryption_key IS NULL AND f.mapping_id IS NULL
                AND f.partial_max IS NULL AND f.record_count > 0 AND f.data_file_id NOT IN (
                    SELECT data_file_id FROM ducklake_delete_file
                    WHERE table_id = ?1 AND end_snapshot IS NULL)
            ORDER BY f.row_id_start, f.data_file_id
            """,
            [.integer(id)]
        ) { row throws(DatabaseError) in
            CompactionPlan.File(
                id: try row.integer(0),
                path: try StoredPath(row, at: 1).resolved(in: state.directory),
                rowCount: try row.integer(3),
                sizeBytes: try row.integer(4),
                firstRow: try row.integer(5)
            )
        }
        let known = try tables().first { $0.schema == schema && $0.table == table }
        return CompactionPlan(
            table: TablePlan(
                schema: schema,
                table: table,
                columns: columns ?? [],
                mode: .append,
                columnIDs: layout.targets.map(\.ids),
                directory: state.directory
            ),
            files: columns == nil ? [] : files,
            extraInfo: known?.extraInfo
        )
    }
}

extension Commit {
    /// Ends the files of which one was made, and names that.
    mutating func write(_ compaction: Compaction) throws(CatalogError) {
        let (plan, files) = (compaction.plan.table, compaction.files)
        let name = "\(plan.schema).\(plan.table)"
        let state = try database.tableState(
            schema: plan.schema,
            table: plan.table,
            dataPath: dataPath
        )
        guard let table = state.tableID, let columns = state.declarations,
            state.directory == plan.directory, let first = files.first
        else { throw .planOutdated(table: name) }
        let layout = ColumnLayout(columns, replacing: state)
        guard layout.targets.map(\.ids) == plan.columnIDs,
            compaction.segment.rowCount == files.reduce(0, { $0 + $1.rowCount })
        else { throw .planOutdated(table: name) }
        for file in files { try end(file, of: table, name) }
        try nameFiles(
            [compaction.segment],
            of: table,
            plan: plan,
            firstID: takeFileIDs(1),
            firstRow: first.firstRow
        )
        try writeStatistics(of: table, layout: layout, addedRows: 0)
        noteChange("compacted_table:\(table)")
    }

    private func end(
        _ file: CompactionPlan.File,
        of table: Int64,
        _ name: String
    ) throws(CatalogError) {
        try database.run(
            """
            UPDATE ducklake_data_file SET end_snapshot = ?1
            WHERE data_file_id = ?2 AND table_id = ?3 AND end_snapshot IS NULL
                AND data_file_id NOT IN (
                    SELECT data_file_id FROM ducklake_delete_file
                    WHERE table_id = ?3 AND end_snapshot IS NULL)
            """,
            [.integer(snapshot), .integer(file.id), .integer(table)]
        )
        guard database.connection.changedRows == 1 else { throw .planOutdated(table: name) }
    }
}
