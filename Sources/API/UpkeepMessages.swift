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
