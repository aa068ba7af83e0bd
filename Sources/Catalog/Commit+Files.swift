import Base
import Columns
import Database

/// Rows of data files and of what they hold.
extension Commit {
    /// Ends all content of a table: data files, delete files, and rows kept in the catalog itself.
    ///
    /// Returns whether there was any.
    func endFiles(of table: Int64) throws(CatalogError) -> Bool {
        var ended = 0
        for name in ["ducklake_data_file", "ducklake_delete_file"] {
            try database.run(
                "UPDATE \(name) SET end_snapshot = ? WHERE table_id = ? AND end_snapshot IS NULL",
                [.integer(snapshot), .integer(table)]
            )
            ended += database.connection.changedRows
        }
        for name in try inlinedTables(of: table) {
            try database.run(
                "UPDATE \(quoted(name)) SET end_snapshot = ? WHERE end_snapshot IS NULL",
                [.integer(snapshot)]
            )
            ended += database.connection.changedRows
        }
        return ended > 0
    }

    /// Names the files of a table, with ids from `firstID` on, and writes their statistics.
    ///
    /// Rows are numbered from `firstRow` on, or behind all that the table ever had.
    func nameFiles(
        _ segments: [SegmentRecord],
        of table: Int64,
        plan: TablePlan,
        _ partitionID: Int64? = nil,
        firstID: Int64,
        firstRow: Int64? = nil
    ) throws(CatalogError) {
        var row = if let firstRow { firstRow } else { try nextRowID(of: table) }
        for (id, segment) in zip(firstID..., segments) {
            let values = partitionTexts(of: segment, plan)
            try database.run(
                """
                INSERT INTO ducklake_data_file
                VALUES (?, ?, ?, NULL, NULL, ?, 1, 'parquet', ?, ?, ?, ?, ?, NULL, NULL, NULL)
                """,
                [
                    .integer(id), .integer(table), .integer(snapshot), .text(segment.fileName),
                    .integer(segment.rowCount), .integer(segment.sizeBytes),
                    .integer(segment.footerSizeBytes), .integer(row),
                    values == nil ? nil : partitionID.map { .integer($0) } ?? nil,
                ]
            )
            for (key, value) in (values ?? []).enumerated() {
                try database.run(
                    "INSERT INTO ducklake_file_partition_value VALUES (?, ?, ?, ?)",
                    [.integer(id), .integer(table), .integer(Int64(key)), .optional(value)]
                )
            }
            row += segment.rowCount
            for (index, statistics) in segment.statistics.enumerated() {
                try write(
                    statistics,
                    of: plan.columnIDs[index],
                    storage: plan.columns[index].type.storage,
                    file: id,
                    table: table
                )
            }
        }
    }

    func nextRowID(of table: Int64) throws(CatalogError) -> Int64 {
        let sql = "SELECT next_row_id FROM ducklake_table_stats WHERE table_id = ?"
        return try database.integers(sql, [.integer(table)]).first ?? 0
    }

    /// The tables in which DuckDB keeps small inserts, where the catalog lets it.
    func inlinedTables(of table: Int64) throws(CatalogError) -> [String] {
        let sql = "SELECT table_name FROM ducklake_inlined_data_tables WHERE table_id = ?"
        return try database.texts(sql, [.integer(table)])
    }

    private func write(
        _ statistics: ColumnStatistics,
        of ids: ColumnIDs,
        storage: ColumnStorage,
        file: Int64,
        table: Int64
    ) throws(CatalogError) {
        func text(_ bound: ColumnBound?) -> Value {
            .optional(bound.flatMap { BoundText.text(of: $0, storage: storage) })
        }
        try database.run(
            "INSERT INTO ducklake_file_column_stats VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            [
                .integer(file), .integer(table), .integer(Int64(ids.leaf)),
                .integer(statistics.compressedSizeBytes), .integer(statistics.valueCount),
                .integer(statistics.nullCount), text(statistics.minimum), text(statistics.maximum),
                // The conversion rules let no NaN through.
                storage == .float64 ? false : nil,
            ]
        )
    }
}
