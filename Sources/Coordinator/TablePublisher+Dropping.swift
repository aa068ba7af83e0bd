import Base
import Catalog
import Query
import Transport

/// Dropping tables.
extension TablePublisher {
    /// Ends a table, and with it the table of its rejected rows; older versions still show both.
    ///
    /// One that a view reads stays: the view would fail from then on.
    func drop(
        _ table: TableName,
        reign: Reign,
        _ completion: @escaping (Result<SnapshotID, StoreChangeError>) -> Void
    ) {
        perform(completion) { [self] () throws(StoreChangeError) in
            let found: (views: [String], tables: [TableName])
            do throws(CatalogError) {
                found = try (views(reading: table), tables(of: table))
            } catch {
                throw StoreChangeError(.catalog(error))
            }
            guard found.views.isEmpty else {
                throw .invalid(
                    "\(table) is read by views; drop them first: otjob views drop "
                        + found.views.joined(separator: " ")
                )
            }
            do throws(PublishError) {
                return try drop(found.tables, reign: reign)
            } catch {
                throw StoreChangeError(error)
            }
        }
    }

    // MARK: On the queue

    private func views(reading table: TableName) throws(CatalogError) -> [String] {
        try catalog.views()
            .filter { SQLNames.mentions($0.sql, schema: table.schema, name: table.table) }
            .map { "\($0.schema).\($0.name)" }
    }

    /// The table, and that of its rejected rows where there is one.
    private func tables(of table: TableName) throws(CatalogError) -> [TableName] {
        let rejects = table.table + "_rejects"
        let hasRejects = try catalog.tables().contains {
            $0.schema == table.schema && $0.table == rejects
        }
        return [table] + (hasRejects ? [TableName(schema: table.schema, table: rejects)] : [])
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
