import Columns
import Database

/// A column as the catalog has it; those within a list or struct have a parent.
struct StoredColumn: Hashable {
    let id: Int64
    let order: Int64
    let name: String
    let type: String
    let allowsNull: Bool
    let parent: Int64?
}

/// What the newest snapshot says about one table, or about the place where it will be.
struct TableState: Hashable {
    /// Nil when the schema must be created.
    let schemaID: Int64?
    /// Nil when the table must be created.
    let tableID: Int64?
    /// The absolute folder of its files, with a slash at its end.
    let directory: String
    /// The live columns in order, those within others included.
    let columns: [StoredColumn]
    /// Above every id that a column of this table ever had.
    let nextColumnID: Int64

    /// The columns that are not part of another one.
    var topLevel: [StoredColumn] { columns.filter { $0.parent == nil } }

    func children(of column: StoredColumn) -> [StoredColumn] {
        columns.filter { $0.parent == column.id }
    }

    /// Whether `column` is stored as `storage`; a list must be one of strings.
    func column(_ column: StoredColumn, isStoredAs storage: ColumnStorage) -> Bool {
        guard column.type == storage.duckLakeType else { return false }
        guard storage == .stringList else { return true }
        return children(of: column).map(\.type) == ["varchar"]
    }

    /// The ids under which files hold `column`.
    func ids(of column: StoredColumn) -> ColumnIDs {
        ColumnIDs(
            column: Int32(clamping: column.id),
            element: column.type == ColumnStorage.stringList.duckLakeType
                ? children(of: column).first.map { Int32(clamping: $0.id) } : nil
        )
    }

    /// The type as SQL writes it: `varchar[]`, `struct(a int32, b varchar)`, `map(varchar, int64)`.
    func typeText(of column: StoredColumn) -> String {
        let children = children(of: column)
        let types = children.map { typeText(of: $0) }
        switch column.type {
        case "list": return types.joined() + "[]"
        case "struct":
            let fields = zip(children, types).map { "\($0.name) \($1)" }
            return "struct(\(fields.joined(separator: ", ")))"
        case "map": return "map(\(types.joined(separator: ", ")))"
        default: return column.type
        }
    }
}

extension ColumnStorage {
    /// The name of the type in `ducklake_column`; the elements of a list have a row of their own.
    var duckLakeType: String {
        switch self {
        case .string: "varchar"
        case .int32: "int32"
        case .int64: "int64"
        case .float64: "float64"
        case .boolean: "boolean"
        case .date: "date"
        case .timestamp: "timestamp"
        case .stringList: "list"
        }
    }
}

extension CatalogDatabase {
    /// Looks a table up in the newest snapshot; a view of that name is an error.
    ///
    /// Names are compared as DuckDB does, without regard to case.
    func tableState(
        schema: String,
        table: String,
        dataPath: String
    ) throws(CatalogError) -> TableState {
        let schemaRow = try liveSchema(schema)
        guard let schemaRow else {
            return .missing(schemaID: nil, directory: "\(dataPath)\(schema)/\(table)/")
        }
        let schemaFolder = schemaRow.path.resolved(in: dataPath)
        let views = try integers(
            """
            SELECT view_id FROM ducklake_view
            WHERE end_snapshot IS NULL AND schema_id = ? AND lower(view_name) = lower(?)
            """,
            [.integer(schemaRow.id), .text(table)]
        )
        guard views.isEmpty else { throw .nameTaken(name: "\(schema).\(table)", by: "view") }
        guard let tableRow = try liveTable(table, schemaID: schemaRow.id) else {
            return .missing(schemaID: schemaRow.id, directory: "\(schemaFolder)\(table)/")
        }
        return TableState(
            schemaID: schemaRow.id,
            tableID: tableRow.id,
            directory: tableRow.path.resolved(in: schemaFolder),
            columns: try liveColumns(tableID: tableRow.id),
            nextColumnID: try integers(
                "SELECT coalesce(max(column_id), 0) + 1 FROM ducklake_column WHERE table_id = ?",
                [.integer(tableRow.id)]
            ).first ?? 1
        )
    }

    func liveSchema(_ name: String) throws(CatalogError) -> (id: Int64, path: StoredPath)? {
        try query(
            """
            SELECT schema_id, path, path_is_relative FROM ducklake_schema
            WHERE end_snapshot IS NULL AND lower(schema_name) = lower(?)
            """,
            [.text(name)]
        ) { row throws(DatabaseError) in
            (id: try row.integer(0), path: try StoredPath(row, at: 1))
        }.first
    }

    func liveTable(
        _ name: String,
        schemaID: Int64
    ) throws(CatalogError) -> (id: Int64, path: StoredPath)? {
        try query(
            """
            SELECT table_id, path, path_is_relative FROM ducklake_table
            WHERE end_snapshot IS NULL AND schema_id = ? AND lower(table_name) = lower(?)
            """,
            [.integer(schemaID), .text(name)]
        ) { row throws(DatabaseError) in
            (id: try row.integer(0), path: try StoredPath(row, at: 1))
        }.first
    }

    func liveColumns(tableID: Int64) throws(CatalogError) -> [StoredColumn] {
        try query(
            """
            SELECT column_id, column_order, column_name, column_type, nulls_allowed, parent_column
            FROM ducklake_column WHERE table_id = ? AND end_snapshot IS NULL
            ORDER BY column_order, column_id
            """,
            [.integer(tableID)]
        ) { row throws(DatabaseError) in
            StoredColumn(
                id: try row.integer(0),
                order: try row.integer(1),
                name: try row.text(2),
                type: try row.text(3),
                allowsNull: row.optionalInteger(4) != 0,
                parent: row.optionalInteger(5)
            )
        }
    }
}

extension TableState {
    fileprivate static func missing(schemaID: Int64?, directory: String) -> TableState {
        TableState(
            schemaID: schemaID,
            tableID: nil,
            directory: directory,
            columns: [],
            nextColumnID: 1
        )
    }
}

/// A path of the catalog: absolute, or relative to the folder of what contains it.
struct StoredPath: Hashable {
    let text: String
    let isRelative: Bool

    /// Reads the two neighbouring columns `path` and `path_is_relative`.
    init(_ row: borrowing Row, at column: Int) throws(DatabaseError) {
        text = row.optionalText(column) ?? ""
        isRelative = row.optionalInteger(column + 1) != 0
    }

    /// The absolute path, where relative ones count from `folder`, which ends in a slash.
    func resolved(in folder: String) -> String { isRelative ? folder + text : text }
}
