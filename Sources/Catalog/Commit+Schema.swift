import Base
import Columns
import Database

/// Rows of schemas, tables, columns and views.
extension Commit {
    /// Returns the new table's id; its schema is created too where it is missing.
    mutating func createTable(
        _ plan: TablePlan,
        _ layout: ColumnLayout,
        _ state: TableState
    ) throws(CatalogError) -> Int64 {
        let schema = try takeSchema(plan.schema, known: state.schemaID)
        let table = takeCatalogID()
        try database.run(
            "INSERT INTO ducklake_table VALUES (?, ?, ?, NULL, ?, ?, ?, 1)",
            [
                .integer(table), .text(randomUUID()), .integer(snapshot), .integer(schema),
                .text(plan.table), .text(plan.table + "/"),
            ]
        )
        for target in layout.targets { try add(target, to: table) }
        noteSchemaChange("created_table:\(quoted(plan.schema)).\(quoted(plan.table))")
        return table
    }

    /// Ends the rows of dropped and changed columns and writes the new ones.
    func alterColumns(of table: Int64, to layout: ColumnLayout) throws(CatalogError) {
        for column in layout.dropped {
            try end(column, of: table)
            try endLayoutHints(of: table, on: column)
        }
        for target in layout.targets where !target.isUnchanged {
            if let stored = target.stored {
                try end(stored, of: table)
                try change(stored, of: table, to: target)
            } else {
                try add(target, to: table)
            }
        }
    }

    /// Creates or replaces a view; one that has this SQL already is left alone.
    mutating func write(_ view: ViewPublication) throws(CatalogError) {
        let name = "\(view.schema).\(view.name)"
        let known = try database.liveSchema(view.schema)?.id
        let schema = try takeSchema(view.schema, known: known)
        guard try database.liveTable(view.name, schemaID: schema) == nil else {
            throw .nameTaken(name: name, by: "table")
        }
        guard let stored = try liveView(view.name, schemaID: schema) else {
            try insert(view, schema: schema, id: takeCatalogID(), uuid: randomUUID())
            noteSchemaChange("created_view:\(quoted(view.schema)).\(quoted(view.name))")
            return
        }
        guard stored.sql != view.sql else { return }
        try endView(stored.id)
        try insert(view, schema: schema, id: stored.id, uuid: stored.uuid)
        noteSchemaChange("altered_view:\(stored.id)")
    }

    /// Ends a table with all that it has; older versions still show it.
    mutating func drop(_ name: TableName) throws(CatalogError) {
        guard let schema = try database.liveSchema(name.schema)?.id,
            let table = try database.liveTable(name.table, schemaID: schema)?.id
        else { throw .noTable(name: "\(name)") }
        _ = try endFiles(of: table)
        for (rows, key) in [
            ("ducklake_table", "table_id"), ("ducklake_column", "table_id"),
            ("ducklake_partition_info", "table_id"), ("ducklake_sort_info", "table_id"),
            ("ducklake_column_tag", "table_id"), ("ducklake_tag", "object_id"),
        ] {
            try database.run(
                "UPDATE \(rows) SET end_snapshot = ? WHERE \(key) = ? AND end_snapshot IS NULL",
                [.integer(snapshot), .integer(table)]
            )
        }
        noteSchemaChange("dropped_table:\(table)")
    }

    /// Ends a view.
    mutating func drop(_ view: ViewName) throws(CatalogError) {
        guard let schema = try database.liveSchema(view.schema)?.id,
            let stored = try liveView(view.name, schemaID: schema)
        else { throw .noView(name: "\(view.schema).\(view.name)") }
        try endView(stored.id)
        noteSchemaChange("dropped_view:\(stored.id)")
    }

    private func liveView(
        _ name: String,
        schemaID: Int64
    ) throws(CatalogError) -> (id: Int64, uuid: String, sql: String)? {
        try database.query(
            """
            SELECT view_id, view_uuid, sql FROM ducklake_view
            WHERE end_snapshot IS NULL AND schema_id = ? AND lower(view_name) = lower(?)
            """,
            [.integer(schemaID), .text(name)]
        ) { row throws(DatabaseError) in
            (id: try row.integer(0), uuid: try row.text(1), sql: try row.text(2))
        }.first
    }

    private func endView(_ id: Int64) throws(CatalogError) {
        try database.run(
            "UPDATE ducklake_view SET end_snapshot = ? WHERE view_id = ? AND end_snapshot IS NULL",
            [.integer(snapshot), .integer(id)]
        )
    }

    private func insert(
        _ view: ViewPublication,
        schema: Int64,
        id: Int64,
        uuid: String
    ) throws(CatalogError) {
        try database.run(
            "INSERT INTO ducklake_view VALUES (?, ?, ?, NULL, ?, ?, 'duckdb', ?, '')",
            [
                .integer(id), .text(uuid), .integer(snapshot), .integer(schema), .text(view.name),
                .text(view.sql),
            ]
        )
    }

    /// The id of a schema, which is created where it is missing.
    private mutating func takeSchema(
        _ name: String,
        known: Int64?
    ) throws(CatalogError) -> Int64 {
        if let known { return known }
        let schema = takeCatalogID()
        try database.run(
            "INSERT INTO ducklake_schema VALUES (?, ?, ?, NULL, ?, ?, 1)",
            [
                .integer(schema), .text(randomUUID()), .integer(snapshot), .text(name),
                .text(name + "/"),
            ]
        )
        noteSchemaChange("created_schema:\(quoted(name))")
        return schema
    }

    private func add(_ target: ColumnLayout.Target, to table: Int64) throws(CatalogError) {
        let storage = target.declaration.type.storage
        try insertColumn(
            Int64(target.ids.column),
            of: table,
            order: target.order,
            name: target.declaration.name,
            type: storage.duckLakeType,
            allowsNull: !target.declaration.isRequired,
            parent: nil
        )
        guard let element = target.ids.element else { return }
        try insertColumn(
            Int64(element),
            of: table,
            order: target.order + 1,
            name: "element",
            type: ColumnStorage.string.duckLakeType,
            allowsNull: true,
            parent: Int64(target.ids.column)
        )
    }

    private func insertColumn(
        _ id: Int64,
        of table: Int64,
        order: Int64,
        name: String,
        type: String,
        allowsNull: Bool,
        parent: Int64?
    ) throws(CatalogError) {
        // Only a column with a plain type can have a default; without one its text is NULL.
        let isList = type == ColumnStorage.stringList.duckLakeType
        try database.run(
            """
            INSERT INTO ducklake_column
            VALUES (?, ?, NULL, ?, ?, ?, ?, NULL, 'NULL', ?, ?, ?, 'duckdb')
            """,
            [
                .integer(id), .integer(snapshot), .integer(table), .integer(order), .text(name),
                .text(type), .boolean(allowsNull), .optional(parent),
                .text(isList ? "" : "literal"),
            ]
        )
    }

    private func end(_ column: StoredColumn, of table: Int64) throws(CatalogError) {
        try database.run(
            """
            UPDATE ducklake_column SET end_snapshot = ?
            WHERE table_id = ? AND column_id = ? AND end_snapshot IS NULL
            """,
            [.integer(snapshot), .integer(table), .integer(column.id)]
        )
    }

    /// Writes the row that follows the one just ended, with another place or nullability.
    private func change(
        _ column: StoredColumn,
        of table: Int64,
        to target: ColumnLayout.Target
    ) throws(CatalogError) {
        try database.run(
            """
            INSERT INTO ducklake_column
            SELECT column_id, ?1, NULL, table_id, ?2, column_name, column_type, initial_default,
                default_value, ?3, parent_column, default_value_type, default_value_dialect
            FROM ducklake_column WHERE table_id = ?4 AND column_id = ?5 AND end_snapshot = ?1
            """,
            [
                .integer(snapshot), .integer(target.order),
                .boolean(!target.declaration.isRequired), .integer(table), .integer(column.id),
            ]
        )
    }

    /// Ends partitioning and sorting that another program set up on a column which goes.
    private func endLayoutHints(
        of table: Int64,
        on column: StoredColumn
    ) throws(CatalogError) {
        try database.run(
            """
            UPDATE ducklake_partition_info SET end_snapshot = ?1
            WHERE table_id = ?2 AND end_snapshot IS NULL AND partition_id IN (
                SELECT partition_id FROM ducklake_partition_column
                WHERE table_id = ?2 AND column_id = ?3)
            """,
            [.integer(snapshot), .integer(table), .integer(column.id)]
        )
        // Sort keys are expressions, which would have to be parsed to see whether they use it.
        try database.run(
            """
            UPDATE ducklake_sort_info SET end_snapshot = ?
            WHERE table_id = ? AND end_snapshot IS NULL
            """,
            [.integer(snapshot), .integer(table)]
        )
    }
}
