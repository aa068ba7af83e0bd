import Base
import Catalog
import Jobs
import Query
import Transport

/// Dropping tables.
extension TablePublisher {
    /// Ends a table, and with it the table of its rejected rows; older versions still show both.
    ///
    /// Where a view reads one of them, both stay: the view would fail from then on. The names know
    /// no case, as in SQL.
    func drop(
        _ table: TableName,
        reign: Reign,
        _ completion: @escaping (Result<SnapshotID, StoreChangeError>) -> Void
    ) {
        perform(completion) { [self] () throws(StoreChangeError) in
            let (tables, views): ([TableName], [String])
            do throws(CatalogError) {
                tables = try self.tables(of: table)
                views = try self.views(reading: tables)
            } catch {
                throw StoreChangeError(.catalog(error))
            }
            guard views.isEmpty else {
                throw .invalid(
                    "\(table) is read by views; drop them first: otjob views drop "
                        + views.joined(separator: " ")
                )
            }
            do throws(PublishError) {
                return try drop(tables, reign: reign)
            } catch {
                throw StoreChangeError(error)
            }
        }
    }

    // MARK: On the queue

    /// The table, and that of its rejected rows where there is one, as the catalog spells them.
    private func tables(of table: TableName) throws(CatalogError) -> [TableName] {
        guard let found = try catalog.table(table)?.name else { throw .noTable(name: "\(table)") }
        let rejects = TableName(
            schema: found.schema,
            table: found.table + JobDeclaration.rejectsSuffix
        )
        return [found, try catalog.table(rejects)?.name].compactMap { $0 }
    }

    private func views(reading tables: [TableName]) throws(CatalogError) -> [String] {
        try catalog.views()
            .filter { view in
                tables.contains {
                    SQLNames.mentions(view.sql, schema: $0.schema, name: $0.table)
                }
            }
            .map { "\($0.schema).\($0.name)" }
    }

    private func drop(
        _ tables: [TableName],
        reign: Reign
    ) throws(PublishError) -> SnapshotID {
        try commit(
            Publication(
                commitKey: takeOwnKey(of: reign),
                reign: reign,
                job: Self.noJob,
                author: "otcluster",
                message: "dropped " + tables.map(\.description).joined(separator: ", "),
                extraInfo: "{}",
                tables: [],
                droppedTables: tables
            )
        )
    }
}
