/// The body of `POST /api/store/expire`.
package struct ExpireRequest: Codable, Equatable, Sendable {
    /// Versions that were replaced longer ago are forgotten.
    package var olderThanSeconds: Int64

    package init(olderThanSeconds: Int64) { self.olderThanSeconds = olderThanSeconds }

    private enum CodingKeys: String, CodingKey { case olderThanSeconds = "older_than_seconds" }
}

/// How many versions are forgotten, and how many files no version names since.
package struct ExpireResponse: Codable, Equatable, Sendable {
    package var versions: Int
    package var files: Int

    package init(versions: Int, files: Int) {
        self.versions = versions
        self.files = files
    }

    private enum CodingKeys: String, CodingKey {
        case versions
        case files
    }
}

/// The body of `POST /api/tables/SCHEMA/TABLE/restore`.
package struct RestoreRequest: Codable, Equatable, Sendable {
    /// The version whose content is to be that of the newest.
    package var version: Int64

    package init(version: Int64) { self.version = version }

    private enum CodingKeys: String, CodingKey { case version }
}

/// The body of `POST /api/store/compact`.
package struct CompactRequest: Codable, Equatable, Sendable {
    /// Both nil for all tables.
    package var schema: String?
    package var table: String?

    package init(schema: String? = nil, table: String? = nil) {
        self.schema = schema
        self.table = table
    }

    private enum CodingKeys: String, CodingKey {
        case schema
        case table
    }
}

/// Which tables have fewer files, and whether all was done.
package struct CompactResponse: Codable, Equatable, Sendable {
    package struct Table: Codable, Equatable, Sendable {
        package var schema: String
        package var table: String
        /// How many files fewer it has.
        package var fewerFiles: Int

        package init(schema: String, table: String, fewerFiles: Int) {
            self.schema = schema
            self.table = table
            self.fewerFiles = fewerFiles
        }

        private enum CodingKeys: String, CodingKey {
            case schema
            case table
            case fewerFiles = "fewer_files"
        }
    }

    /// Those that changed.
    package var tables: [Table]
    /// Whether all was done; where not, the same request goes on with it.
    package var isComplete: Bool

    package init(tables: [Table], isComplete: Bool) {
        self.tables = tables
        self.isComplete = isComplete
    }

    private enum CodingKeys: String, CodingKey {
        case tables
        case isComplete = "is_complete"
    }
}

/// How many files were deleted, and how many are still in their time of grace.
package struct VacuumResponse: Codable, Equatable, Sendable {
    package var files: Int
    package var waiting: Int

    package init(files: Int, waiting: Int) {
        self.files = files
        self.waiting = waiting
    }

    private enum CodingKeys: String, CodingKey {
        case files
        case waiting
    }
}
