import Base
import Columns
import Database

/// The merged statistics of a table, which hold for the newest snapshot only.
extension Commit {
    /// Writes counts and bounds of the table over its live files, those just named included.
    ///
    /// DuckDB answers min, max and IS NULL from these rows while `record_count` is the number of
    /// live rows. Where rows were deleted (bounds then only enclose), the count is therefore that
    /// of the files without the deletes, which turns these answers off.
    func writeStatistics(
        of table: Int64,
        layout: ColumnLayout,
        addedRows: Int64
    ) throws(CatalogError) {
        let nextRow = try nextRowID(of: table) + addedRows
        try database.run(
            "DELETE FROM ducklake_table_stats WHERE table_id = ?",
            [.integer(table)]
        )
        try database.run(
            """
            INSERT INTO ducklake_table_stats
            SELECT ?1, coalesce(sum(record_count), 0), ?2, coalesce(sum(file_size_bytes), 0)
            FROM ducklake_data_file WHERE table_id = ?1 AND end_snapshot IS NULL
            """,
            [.integer(table), .integer(nextRow)]
        )
        try database.run(
            "DELETE FROM ducklake_table_column_stats WHERE table_id = ?",
            [.integer(table)]
        )
        for (column, merged) in try mergedStatistics(of: table, layout: layout) {
            try database.run(
                "INSERT INTO ducklake_table_column_stats VALUES (?, ?, ?, ?, ?, ?, NULL)",
                [
                    .integer(table), .integer(column), .boolean(merged.containsNull),
                    merged.storage == .float64 ? .boolean(merged.containsNaN) : nil,
                    .optional(merged.minimum), .optional(merged.maximum),
                ]
            )
        }
    }

    /// The statistics of each leaf column, by its id and in its order.
    private func mergedStatistics(
        of table: Int64,
        layout: ColumnLayout
    ) throws(CatalogError) -> [(column: Int64, merged: MergedStatistics)] {
        var byColumn: [Int64: MergedStatistics] = [:]
        for target in layout.targets {
            let storage = target.declaration.type.storage
            byColumn[Int64(target.ids.leaf)] = MergedStatistics(storage: storage)
        }
        _ = try database.query(
            """
            SELECT s.column_id, s.value_count, s.null_count, s.min_value, s.max_value,
                s.contains_nan
            FROM ducklake_data_file f JOIN ducklake_file_column_stats s
                ON s.table_id = f.table_id AND s.data_file_id = f.data_file_id
            WHERE f.table_id = ? AND f.end_snapshot IS NULL AND f.record_count <> 0
            """,
            [.integer(table)]
        ) { row throws(DatabaseError) in
            byColumn[try row.integer(0)]?.add(
                valueCount: row.optionalInteger(1),
                nullCount: row.optionalInteger(2),
                minimum: row.optionalText(3),
                maximum: row.optionalText(4),
                containsNaN: row.optionalInteger(5) != 0
            )
        }
        let files = try database.integers(
            """
            SELECT count(*) FROM ducklake_data_file
            WHERE table_id = ? AND end_snapshot IS NULL AND record_count <> 0
            """,
            [.integer(table)]
        ).first
        let hasHiddenRows = try hasLiveInlinedRows(of: table)
        return layout.targets.compactMap { target in
            let column = Int64(target.ids.leaf)
            guard var merged = byColumn[column] else { return nil }
            // A file without a row of statistics may hold anything.
            if hasHiddenRows || merged.fileCount != files { merged.addUnknown() }
            return (column, merged)
        }
    }

    /// Whether DuckDB may keep rows, or deletes of rows, of this table in the catalog itself.
    private func hasLiveInlinedRows(of table: Int64) throws(CatalogError) -> Bool {
        for name in try inlinedTables(of: table) {
            let sql = "SELECT count(*) FROM \(quoted(name)) WHERE end_snapshot IS NULL"
            if try database.integers(sql) != [0] { return true }
        }
        return try database.hasTable("ducklake_inlined_delete_\(table)")
    }
}

/// Statistics of one column merged over files, as text.
struct MergedStatistics: Hashable {
    let storage: ColumnStorage
    private(set) var containsNull = false
    private(set) var containsNaN = false
    private(set) var minimum: String?
    private(set) var maximum: String?
    /// Files whose statistics were added.
    private(set) var fileCount: Int64 = 0
    /// Whether some value may lie outside of any bound we know.
    private var isUnbounded = false

    init(storage: ColumnStorage) { self.storage = storage }

    /// Adds rows of which nothing is known.
    mutating func addUnknown() {
        containsNull = true
        containsNaN = true
        dropBounds()
    }

    /// Adds the statistics of a file that has rows; a count that is nil is not known.
    mutating func add(
        valueCount: Int64?,
        nullCount: Int64?,
        minimum: String?,
        maximum: String?,
        containsNaN: Bool
    ) {
        fileCount += 1
        if nullCount != 0 { containsNull = true }
        if containsNaN { self.containsNaN = true }
        if valueCount == 0 || isUnbounded { return }
        guard let minimum, let maximum else { return dropBounds() }
        guard let oldMinimum = self.minimum, let oldMaximum = self.maximum else {
            (self.minimum, self.maximum) = (minimum, maximum)
            return
        }
        let isLower = BoundText.isLess(minimum, oldMinimum, storage: storage)
        let isHigher = BoundText.isLess(oldMaximum, maximum, storage: storage)
        guard let isLower, let isHigher else { return dropBounds() }
        if isLower { self.minimum = minimum }
        if isHigher { self.maximum = maximum }
    }

    private mutating func dropBounds() {
        isUnbounded = true
        (minimum, maximum) = (nil, nil)
    }
}
