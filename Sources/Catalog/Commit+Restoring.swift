import Base
import Columns
import Database

/// Rows of a table that becomes what it was.
extension Commit {
    /// Gives a table the columns and the files that it had in an older version.
    mutating func restore(_ restoration: Restoration) throws(CatalogError) {
        let name = restoration.table
        let version = restoration.version.rawValue
        guard let old = try Restorable(name, restoration.version, in: database),
            old.folder(below: dataPath) == restoration.directory,
            try database.fileIDs(of: old.table, at: version) == restoration.files.map(\.id)
        else { throw .planOutdated(table: "\(name)") }
        let table = old.table
        if try database.liveTable(name.table, schemaID: old.schema) == nil {
            try revive(table, name, at: version)
        }
        try restoreColumns(of: table, at: version)
        if try endFiles(of: table) { noteChange("deleted_from_table:\(table)") }
        let firstID = takeFileIDs(restoration.files.count)
        var rows: Int64 = 0
        let firstRow = try nextRowID(of: table)
        for (id, file) in zip(firstID..., restoration.files) {
            guard let fileName = restoration.names[file.id] else {
                preconditionFailure("file \(file.id) has no new name")
            }
            rows += try nameAgain(
                file.id,
                as: fileName,
                id: id,
                of: table,
                firstRow: firstRow + rows
            )
        }
        if !restoration.files.isEmpty { noteChange("inserted_into_table:\(table)") }
        try writeStatistics(
            of: table,
            layout: try storedLayout(of: name),
            addedRows: rows
        )
    }

    /// Names a file once more that the catalog knows, with all that it knows of it; returns its rows.
    private func nameAgain(
        _ old: Int64,
        as fileName: String,
        id: Int64,
        of table: Int64,
        firstRow: Int64
    ) throws(CatalogError) -> Int64 {
        try database.run(
            """
            INSERT INTO ducklake_data_file
            SELECT ?1, ?2, ?3, NULL, file_order, ?4, 1, file_format, record_count, file_size_bytes,
                footer_size, ?5, partition_id, encryption_key, mapping_id, partial_max
            FROM ducklake_data_file WHERE data_file_id = ?6
            """,
            [
                .integer(id), .integer(table), .integer(snapshot), .text(fileName),
                .integer(firstRow), .integer(old),
            ]
        )
        try database.run(
            """
            INSERT INTO ducklake_file_column_stats
            SELECT ?1, ?2, column_id, column_size_bytes, value_count, null_count, min_value,
                max_value, contains_nan, extra_stats
            FROM ducklake_file_column_stats WHERE data_file_id = ?3
            """,
            [.integer(id), .integer(table), .integer(old)]
        )
        try database.run(
            """
            INSERT INTO ducklake_file_partition_value
            SELECT ?1, ?2, partition_key_index, partition_value
            FROM ducklake_file_partition_value WHERE data_file_id = ?3
            """,
            [.integer(id), .integer(table), .integer(old)]
        )
        let sql = "SELECT record_count FROM ducklake_data_file WHERE data_file_id = ?"
        return try database.integers(sql, [.integer(id)]).first ?? 0
    }

    /// Ends the columns that came since, and brings those back that went, under their ids.
    private mutating func restoreColumns(of table: Int64, at version: Int64) throws(CatalogError) {
        try database.run(
            "UPDATE ducklake_column SET end_snapshot = ? "
                + "WHERE table_id = ? AND end_snapshot IS NULL AND begin_snapshot > ?",
            [.integer(snapshot), .integer(table), .integer(version)]
        )
        let ended = database.connection.changedRows
        // Those that have no end yet were there in the version, too.
        try database.run(
            """
            INSERT INTO ducklake_column
            SELECT column_id, ?1, NULL, table_id, column_order, column_name, column_type,
                initial_default, default_value, nulls_allowed, parent_column, default_value_type,
                default_value_dialect
            FROM ducklake_column WHERE table_id = ?2 AND begin_snapshot <= ?3 AND end_snapshot > ?3
            """,
            [.integer(snapshot), .integer(table), .integer(version)]
        )
        guard ended + database.connection.changedRows > 0 else { return }
        noteSchemaChange("altered_table:\(table)")
        noteAltered(table)
    }

    /// Makes a dropped table one that is there, under its id.
    private mutating func revive(
        _ table: Int64,
        _ name: TableName,
        at version: Int64
    ) throws(CatalogError) {
        try database.run(
            """
            INSERT INTO ducklake_table
            SELECT table_id, table_uuid, ?1, NULL, schema_id, table_name, path, path_is_relative
            FROM ducklake_table WHERE table_id = ?2 AND begin_snapshot <= ?3 AND end_snapshot > ?3
            """,
            [.integer(snapshot), .integer(table), .integer(version)]
        )
        noteSchemaChange("created_table:\(quoted(name.schema)).\(quoted(name.table))")
    }

    /// The layout of a table that stays as it is now.
    private func storedLayout(of name: TableName) throws(CatalogError) -> ColumnLayout {
        let state = try database.tableState(
            schema: name.schema,
            table: name.table,
            dataPath: dataPath
        )
        guard let columns = state.declarations else {
            throw .notRestorable(
                table: "\(name)",
                reason: "cannot be restored: it has columns of a type that only others write"
            )
        }
        return ColumnLayout(columns, replacing: state)
    }
}
