/// A version of one table, as people look at it.
package struct TableVersion: Codable, Equatable, Sendable {
    package var snapshot: Int64
    /// RFC 3339; nil where it is not known.
    package var time: String?
    package var rows: Int64
    package var files: Int64
    package var bytes: Int64
    /// The job that made it; nil where another program did.
    package var job: String?
    package var message: String?

    package init(
        snapshot: Int64,
        time: String?,
        rows: Int64,
        files: Int64,
        bytes: Int64,
        job: String?,
        message: String?
    ) {
        self.snapshot = snapshot
        self.time = time
        self.rows = rows
        self.files = files
        self.bytes = bytes
        self.job = job
        self.message = message
    }
}

/// A file of a table's newest version.
package struct TableFile: Codable, Equatable, Sendable {
    package var path: String
    package var rows: Int64
    package var bytes: Int64
    package var snapshot: Int64

    package init(path: String, rows: Int64, bytes: Int64, snapshot: Int64) {
        self.path = path
        self.rows = rows
        self.bytes = bytes
        self.snapshot = snapshot
    }
}

/// A column of a table with what is known of its values.
package struct TableColumn: Codable, Equatable, Sendable {
    package var name: String
    package var type: String
    package var nullable: Bool
    package var nulls: Int64?
    package var minimum: String?
    package var maximum: String?
    package var bytes: Int64?

    package init(
        name: String,
        type: String,
        nullable: Bool,
        nulls: Int64? = nil,
        minimum: String? = nil,
        maximum: String? = nil,
        bytes: Int64? = nil
    ) {
        self.name = name
        self.type = type
        self.nullable = nullable
        self.nulls = nulls
        self.minimum = minimum
        self.maximum = maximum
        self.bytes = bytes
    }
}

/// One table: its columns, its newest versions and files, and how many of these there are.
package struct TableInspection: Codable, Equatable, Sendable {
    package var schema: String
    package var table: String
    package var columns: [TableColumn]
    /// The newest first.
    package var versions: [TableVersion]
    package var versionCount: Int64
    package var files: [TableFile]
    package var fileCount: Int64

    package init(
        schema: String,
        table: String,
        columns: [TableColumn],
        versions: [TableVersion],
        versionCount: Int64,
        files: [TableFile],
        fileCount: Int64
    ) {
        self.schema = schema
        self.table = table
        self.columns = columns
        self.versions = versions
        self.versionCount = versionCount
        self.files = files
        self.fileCount = fileCount
    }
}
