import API
import Base
import Catalog
import HTTP
import Transport

/// Compacting tables when a user asks for it: one version after another, with others in between.
extension CoordinatorShell {
    /// How long one request goes on; what is left is for the next one.
    private static let compactionTime = Duration.seconds(5)

    func compact(_ request: CompactRequest, _ exchange: HTTPExchange) {
        let end = EventLoop.now() + Self.compactionTime
        guard let schema = request.schema, let table = request.table else {
            return publisher.ask { (catalog) throws(CatalogError) in
                try catalog.tables().map { TableName(schema: $0.schema, table: $0.table) }
            } _: { [unowned self] outcome in
                switch outcome {
                case .success(let names): compact(names[...], [], until: end, exchange)
                case .failure(let error):
                    exchange.respond(.error(503, "the catalog cannot be read: \(error)"))
                }
            }
        }
        compact([TableName(schema: schema, table: table)], [], until: end, exchange)
    }

    private func compact(
        _ tables: ArraySlice<TableName>,
        _ done: [CompactedTable],
        until end: Instant,
        _ exchange: HTTPExchange
    ) {
        guard let table = tables.first, EventLoop.now() < end else {
            return exchange.respond(
                json: CompactResponse(tables: done.summaries, isComplete: tables.isEmpty)
            )
        }
        publisher.compactOnce(table, reign: jobStore.reign) { [unowned self] outcome in
            switch outcome {
            case .success(let step):
                let rest = step.isComplete ? tables.dropFirst() : tables
                compact(rest, done + [step], until: end, exchange)
            case .failure(let error): exchange.respond(error)
            }
        }
    }
}

extension [CompactedTable] {
    /// One for each table that changed.
    fileprivate var summaries: [CompactResponse.Table] {
        var sums: [CompactResponse.Table] = []
        for step in self where step.fewerFiles > 0 {
            let (schema, table) = (step.table.schema, step.table.table)
            if let last = sums.indices.last,
                (sums[last].schema, sums[last].table) == (schema, table)
            {
                sums[last].fewerFiles += step.fewerFiles
            } else {
                sums.append(
                    CompactResponse.Table(
                        schema: schema,
                        table: table,
                        fewerFiles: step.fewerFiles
                    )
                )
            }
        }
        return sums
    }
}
