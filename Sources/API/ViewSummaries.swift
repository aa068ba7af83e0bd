/// A view as it is listed.
package struct ViewSummary: Codable, Equatable, Sendable {
    package var schema: String
    package var view: String
    /// The version that made it what it is.
    package var snapshot: Int64
    package var sql: String

    package init(schema: String, view: String, snapshot: Int64, sql: String) {
        self.schema = schema
        self.view = view
        self.snapshot = snapshot
        self.sql = sql
    }

    private enum CodingKeys: String, CodingKey {
        case schema
        case view
        case snapshot
        case sql
    }
}

/// Answers `GET /api/views`.
package struct ViewList: Codable, Equatable, Sendable {
    package var views: [ViewSummary]

    package init(views: [ViewSummary]) { self.views = views }

    private enum CodingKeys: String, CodingKey { case views }
}

/// A view to be published: its name, with or without a schema, and a SELECT.
package struct NamedSQL: Codable, Equatable, Sendable {
    package var name: String
    package var sql: String

    package init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }

    private enum CodingKeys: String, CodingKey {
        case name
        case sql
    }
}

/// The body of `POST /api/views`: views to be published together, or none of them.
package struct PublishViewsRequest: Codable, Equatable, Sendable {
    package var views: [NamedSQL]

    package init(views: [NamedSQL]) { self.views = views }

    private enum CodingKeys: String, CodingKey { case views }
}

/// The body of `POST /api/views/drop`.
package struct DropViewsRequest: Codable, Equatable, Sendable {
    /// Names with or without a schema.
    package var names: [String]

    package init(names: [String]) { self.names = names }

    private enum CodingKeys: String, CodingKey { case names }
}

/// Says which version of the store shows what was asked for.
package struct VersionResponse: Codable, Equatable, Sendable {
    package var snapshot: Int64

    package init(snapshot: Int64) { self.snapshot = snapshot }

    private enum CodingKeys: String, CodingKey { case snapshot }
}
