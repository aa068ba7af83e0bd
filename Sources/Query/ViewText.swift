import Base

/// A view as it is to be published: its place, and a SELECT that names tables as `schema.table`.
package struct ViewText: Hashable, Sendable {
    /// Bytes of one SELECT; it is stored with every version of the view.
    package static let maximumBytes = 16 << 10
    /// Views of one publication; a guess.
    package static let maximumCount = 64

    package let schema: String
    package let name: String
    package let sql: String

    /// Takes a name or `schema.name`, and the SQL without blanks and semicolons at its end.
    ///
    /// The text alone is looked at; what it names is for ``DuckDB/check(_:store:)``.
    package init(name: String, sql: String) throws(QueryError) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ Names.isValid($0) }) else {
            throw .badView(
                "'\(name)' is no name of a view: use a letter a-z, then at most 62 of a-z, 0-9, _"
            )
        }
        self.init(
            schema: parts.count == 2 ? String(parts[0]) : "ott",
            name: String(parts[parts.count - 1]),
            trimming: sql
        )
        guard self.sql.utf8.count <= Self.maximumBytes else {
            throw problem("is longer than \(Self.maximumBytes) bytes")
        }
        do throws(QueryRefusal) {
            try QueryGuard.check(self.sql)
        } catch {
            throw problem(error.description)
        }
    }

    /// Takes the SQL of a view that is part of the program: nobody else has a hand in it.
    package init(shipped name: String, sql: String) {
        self.init(schema: "ott", name: name, trimming: sql)
    }

    private init(schema: String, name: String, trimming sql: String) {
        let end = sql.unicodeScalars.lastIndex { $0 != ";" && !$0.properties.isWhitespace }
        self.schema = schema
        self.name = name
        self.sql = end.map { String(sql.unicodeScalars[...$0]) } ?? ""
    }

    package func isNamed(as other: ViewText) -> Bool {
        (schema, name) == (other.schema, other.name)
    }

    /// The error that says what is wrong with this view.
    func problem(_ text: String) -> QueryError { .badView("view \(schema).\(name): \(text)") }

    /// Sorts views so that each stands behind those that it reads.
    static func ordered(_ views: [ViewText]) throws(QueryError) -> [ViewText] {
        var left = views
        var sorted: [ViewText] = []
        while !left.isEmpty {
            let ready = left.filter { view in
                !left.contains { $0 != view && view.reads($0) }
            }
            guard !ready.isEmpty else {
                let names = left.map { "\($0.schema).\($0.name)" }.joined(separator: ", ")
                throw .badView("views that read each other in a circle: \(names)")
            }
            sorted += ready
            left.removeAll { ready.contains($0) }
        }
        return sorted
    }

    private func reads(_ other: ViewText) -> Bool {
        SQLNames.mentions(sql, schema: other.schema, name: other.name)
    }
}
