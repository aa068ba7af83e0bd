/// A table as it is listed.
package struct TableSummary: Codable, Equatable, Sendable {
    package var schema: String
    package var table: String
    package var rows: Int64
    package var files: Int
    package var bytes: Int64
    /// The version that wrote its content.
    package var snapshot: Int64
    /// The job that did.
    package var job: String?

    package init(
        schema: String,
        table: String,
        rows: Int64,
        files: Int,
        bytes: Int64,
        snapshot: Int64,
        job: String? = nil
    ) {
        self.schema = schema
        self.table = table
        self.rows = rows
        self.files = files
        self.bytes = bytes
        self.snapshot = snapshot
        self.job = job
    }

    private enum CodingKeys: String, CodingKey {
        case schema
        case table
        case rows
        case files
        case bytes
        case snapshot
        case job
    }

    /// Writes what is nil as null, so that every key is always there.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(schema, forKey: .schema)
        try container.encode(table, forKey: .table)
        try container.encode(rows, forKey: .rows)
        try container.encode(files, forKey: .files)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(snapshot, forKey: .snapshot)
        try container.encode(job, forKey: .job)
    }
}

/// A column as it is described.
package struct ColumnSummary: Codable, Equatable, Sendable {
    package var name: String
    /// As DuckDB writes it.
    package var type: String
    package var nullable: Bool

    package init(
        name: String,
        type: String,
        nullable: Bool
    ) {
        self.name = name
        self.type = type
        self.nullable = nullable
    }

    private enum CodingKeys: String, CodingKey {
        case name
        case type
        case nullable
    }
}

/// A table with its columns.
package struct TableDescription: Codable, Equatable, Sendable {
    package var schema: String
    package var table: String
    package var columns: [ColumnSummary]

    package init(
        schema: String,
        table: String,
        columns: [ColumnSummary]
    ) {
        self.schema = schema
        self.table = table
        self.columns = columns
    }

    private enum CodingKeys: String, CodingKey {
        case schema
        case table
        case columns
    }
}

/// A version of the table store.
package struct SnapshotSummary: Codable, Equatable, Sendable {
    package var id: Int64
    package var time: String
    package var changes: String
    package var message: String?
    package var job: String?

    package init(
        id: Int64,
        time: String,
        changes: String,
        message: String? = nil,
        job: String? = nil
    ) {
        self.id = id
        self.time = time
        self.changes = changes
        self.message = message
        self.job = job
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case time
        case changes
        case message
        case job
    }

    /// Writes what is nil as null, so that every key is always there.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(time, forKey: .time)
        try container.encode(changes, forKey: .changes)
        try container.encode(message, forKey: .message)
        try container.encode(job, forKey: .job)
    }
}

/// Where the table store lies.
package struct StoreLocation: Codable, Equatable, Sendable {
    package var catalog: String
    package var dataPath: String

    package init(
        catalog: String,
        dataPath: String
    ) {
        self.catalog = catalog
        self.dataPath = dataPath
    }

    private enum CodingKeys: String, CodingKey {
        case catalog
        case dataPath = "data_path"
    }
}
