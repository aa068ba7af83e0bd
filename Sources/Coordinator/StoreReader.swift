import Base
import Catalog
import Dispatch
import Query
import Transport

/// Reads the table store for pages, beside whatever is being published.
///
/// It has a connection to the catalog of its own: a publication may take long, and pages may not.
/// DuckDB has a queue of its own again. `@unchecked Sendable`: the catalog belongs to `queue`, what
/// counts questions to the loop.
final class StoreReader: @unchecked Sendable {
    /// Questions to DuckDB that wait; whoever asks one more is told to ask again.
    static let waitingLimit = 8
    /// A publication holds readers up for a moment only; see docs/formats/catalog.md.
    private static let busyTimeout = Duration.seconds(5)

    private let queue = DispatchQueue(label: "store-reader")
    private let rowsQueue = DispatchQueue(label: "store-rows")
    private let loop: EventLoop
    private let store: StoreFolder
    private var catalog: Catalog?
    private var waiting = 0

    init(loop: EventLoop, store: StoreFolder) {
        self.loop = loop
        self.store = store
    }

    /// Asks the catalog.
    func ask<Value: Sendable>(
        _ question: @escaping @Sendable (Catalog) throws(CatalogError) -> Value,
        _ completion: @escaping (Result<Value, CatalogError>) -> Void
    ) {
        let answer = LoopBound(completion, loop: loop)
        queue.async { [self] in
            let result = Result { () throws(CatalogError) in try question(try opened()) }
            loop.execute { answer.value(result) }
        }
    }

    private func opened() throws(CatalogError) -> Catalog {
        if let catalog { return catalog }
        let catalog = try Catalog(
            path: store.catalog,
            dataPath: store.dataPath,
            busyTimeout: Self.busyTimeout
        )
        self.catalog = catalog
        return catalog
    }

    /// Lets DuckDB read some rows.
    func rows(
        from source: RowSource,
        columns: [String],
        tail: String = "",
        _ completion: @escaping (Result<[[String?]], QueryError>) -> Void
    ) {
        guard waiting < Self.waitingLimit else {
            return completion(.failure(.notRun("too many tables are being read; try again")))
        }
        waiting += 1
        let answer = LoopBound(completion, loop: loop)
        rowsQueue.async { [self] in
            let result = Result { () throws(QueryError) in
                try DuckDB.find().rows(
                    from: source,
                    columns: columns,
                    tail: tail,
                    store: store
                )
            }
            loop.execute { [self] in
                waiting -= 1
                answer.value(result)
            }
        }
    }
}
