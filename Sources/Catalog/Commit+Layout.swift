import Columns
import Database

/// Rows of partitions and sort orders: https://ducklake.select/docs/stable/specification.
extension Commit {
    /// Makes the table's partitioning and order those of the plan; the id of the partitioning, if any.
    ///
    /// What a replace does not name is ended, whoever set it up; an append that names nothing leaves
    /// it as it is. Files keep the partitioning that they were written by.
    mutating func writeLayout(
        _ plan: TablePlan,
        of table: Int64,
        isNew: Bool
    ) throws(CatalogError) -> Int64? {
        let leavesAlone = plan.mode == .append && plan.partitionBy.isEmpty
        if leavesAlone, plan.sortedBy.isEmpty { return nil }
        let known = try livePartition(of: table)
        let wanted = plan.partitionBy.map { field in
            PartitionKey(
                column: Int64(plan.columnIDs[field.column].column),
                transform: field.transform.duckLakeName
            )
        }
        let order = plan.sortedBy.map { quoted(plan.columns[$0].name) }
        var isChanged = try writeSortOrder(order, of: table)
        defer { if isChanged, !isNew { noteAlteration(of: table) } }
        if leavesAlone { return nil }
        if known.keys == wanted { return known.id }
        isChanged = true
        try endLive("ducklake_partition_info", of: table)
        guard !wanted.isEmpty else { return nil }
        let id = takeCatalogID()
        try database.run(
            "INSERT INTO ducklake_partition_info VALUES (?, ?, ?, NULL)",
            [.integer(id), .integer(table), .integer(snapshot)]
        )
        for (index, key) in wanted.enumerated() {
            try database.run(
                "INSERT INTO ducklake_partition_column VALUES (?, ?, ?, ?, ?)",
                [
                    .integer(id), .integer(table), .integer(Int64(index)), .integer(key.column),
                    .text(key.transform),
                ]
            )
        }
        return id
    }

    /// The values of a segment's partition as text; nil where it has none, or none that can be written.
    ///
    /// A file without a partition is read by every query, which is right for any rows.
    func partitionTexts(of segment: SegmentRecord, _ plan: TablePlan) -> [String?]? {
        guard let values = segment.partition, !values.isEmpty else { return nil }
        var texts: [String?] = []
        for (value, field) in zip(values, plan.partitionBy) {
            guard let value else {
                texts.append(nil)
                continue
            }
            let storage = plan.columns[field.column].type.storage
            guard let text = field.text(of: value, storage) else { return nil }
            texts.append(text)
        }
        return texts
    }

    private struct PartitionKey: Equatable {
        let column: Int64
        let transform: String
    }

    private func livePartition(
        of table: Int64
    ) throws(CatalogError) -> (id: Int64?, keys: [PartitionKey]) {
        let rows = try database.query(
            """
            SELECT partition_id, column_id, transform
            FROM ducklake_partition_info JOIN ducklake_partition_column USING (partition_id, table_id)
            WHERE table_id = ? AND end_snapshot IS NULL ORDER BY partition_key_index
            """,
            [.integer(table)]
        ) { row throws(DatabaseError) in
            (
                try row.integer(0),
                PartitionKey(column: try row.integer(1), transform: try row.text(2))
            )
        }
        return (rows.first?.0, rows.map(\.1))
    }

    /// Makes the table's order the given one, ascending with nulls last; whether that is a change.
    private mutating func writeSortOrder(
        _ columns: [String],
        of table: Int64
    ) throws(CatalogError) -> Bool {
        let known = try database.texts(
            """
            SELECT expression || ' ' || sort_direction || ' ' || null_order
            FROM ducklake_sort_info JOIN ducklake_sort_expression USING (sort_id, table_id)
            WHERE table_id = ? AND end_snapshot IS NULL ORDER BY sort_key_index
            """,
            [.integer(table)]
        )
        guard known != columns.map({ "\($0) ASC NULLS_LAST" }) else { return false }
        try endLive("ducklake_sort_info", of: table)
        guard !columns.isEmpty else { return true }
        let id = takeCatalogID()
        try database.run(
            "INSERT INTO ducklake_sort_info VALUES (?, ?, ?, NULL)",
            [.integer(id), .integer(table), .integer(snapshot)]
        )
        for (index, column) in columns.enumerated() {
            try database.run(
                """
                INSERT INTO ducklake_sort_expression
                VALUES (?, ?, ?, ?, 'duckdb', 'ASC', 'NULLS_LAST')
                """,
                [.integer(id), .integer(table), .integer(Int64(index)), .text(column)]
            )
        }
        return true
    }

    private func endLive(_ rows: String, of table: Int64) throws(CatalogError) {
        try database.run(
            "UPDATE \(rows) SET end_snapshot = ? WHERE table_id = ? AND end_snapshot IS NULL",
            [.integer(snapshot), .integer(table)]
        )
    }
}

extension PartitionField.Transform {
    /// The word in `ducklake_partition_column`.
    fileprivate var duckLakeName: String {
        switch self {
        case .identity: "identity"
        case .year: "year"
        case .month: "month"
        case .day: "day"
        case .bucket(let count): "bucket(\(count))"
        }
    }
}

extension PartitionField {
    /// The text of a value in `ducklake_file_partition_value`, as DuckDB casts it.
    fileprivate func text(of value: ColumnBound, _ storage: ColumnStorage) -> String? {
        switch (transform, value) {
        case (.identity, .boolean(let isTrue)): isTrue ? "true" : "false"
        case (.identity, _): BoundText.text(of: value, storage: storage)
        case (_, .integer(let number)): "\(number)"
        default: nil
        }
    }
}
