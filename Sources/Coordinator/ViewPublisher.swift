import Base
import Catalog
import Dispatch
import Query
import Transport

/// Publishes views of their own, which belong to no table's job.
///
/// DuckDB tries them first, on a queue of its own and against the version that is then the newest.
/// The version that shows them must follow one with the same tables and views: where a load came
/// in between that changed some, they are tried again. Lives on the loop.
final class ViewPublisher {
    /// Tries until loads that create or alter tables must leave a gap of a second.
    static let tries = 5

    private let queue = DispatchQueue(label: "views")
    private let loop: EventLoop
    let publisher: TablePublisher
    private let reign: Reign
    private let store: StoreFolder

    init(loop: EventLoop, publisher: TablePublisher, reign: Reign, store: StoreFolder) {
        self.loop = loop
        self.publisher = publisher
        self.reign = reign
        self.store = store
    }

    /// Publishes all views in one version, or none; those that are there already stay as they are.
    func publish(
        _ views: [ViewText],
        _ completion: @escaping (Result<SnapshotID, StoreChangeError>) -> Void
    ) {
        publish(views, triesLeft: Self.tries, completion)
    }

    private func publish(
        _ views: [ViewText],
        triesLeft: Int,
        _ completion: @escaping (Result<SnapshotID, StoreChangeError>) -> Void
    ) {
        publisher.ask { (catalog) throws(CatalogError) in
            try catalog.schemas()
        } _: { [self] outcome in
            guard case .success(let schemas) = outcome else {
                return completion(.failure(.unavailable("the catalog cannot be read")))
            }
            check(views, schemas) { [self] error in
                if let error { return completion(.failure(error)) }
                commit(views, schemas) { [self] outcome in
                    guard case .failure(.catalog(.schemaChanged)) = outcome, triesLeft > 1 else {
                        return completion(outcome.mapError(StoreChangeError.init))
                    }
                    publish(views, triesLeft: triesLeft - 1, completion)
                }
            }
        }
    }

    /// Ends views; none of them where one is not there.
    func drop(
        _ views: [ViewName],
        _ completion: @escaping (Result<SnapshotID, StoreChangeError>) -> Void
    ) {
        let changes = ViewChanges(dropped: views)
        publisher.publish(changes, reign: reign) { completion($0.mapError(StoreChangeError.init)) }
    }

    func commit(
        _ views: [ViewText],
        _ schemas: CatalogSchemas,
        _ completion: @escaping (Result<SnapshotID, PublishError>) -> Void
    ) {
        let changes = ViewChanges(
            published: views.map {
                ViewPublication(schema: $0.schema, name: $0.name, sql: $0.sql)
            },
            schemaVersion: schemas.version
        )
        publisher.publish(changes, reign: reign, completion)
    }

    /// Lets DuckDB try the views; `completion` gets what is wrong with them.
    private func check(
        _ views: [ViewText],
        _ schemas: CatalogSchemas,
        _ completion: @escaping (StoreChangeError?) -> Void
    ) {
        let answer = LoopBound(completion, loop: loop)
        queue.async { [loop, store] in
            let outcome = Result { () throws(QueryError) in
                try DuckDB.find().check(views, schemas: schemas.names, store: store)
            }
            loop.execute {
                switch outcome {
                case .success: answer.value(nil)
                case .failure(.badView(let text)): answer.value(.invalid(text))
                case .failure(let error): answer.value(.unavailable(error.description))
                }
            }
        }
    }
}

/// Views that come and go in one version, without any table.
struct ViewChanges: Sendable {
    var published: [ViewPublication] = []
    var dropped: [ViewName] = []
    /// What the views were checked against.
    var schemaVersion: Int64?

    var message: String {
        let names = published.map(\.name) + dropped.map { "\($0.name) dropped" }
        return "views: " + names.joined(separator: ", ")
    }
}

extension TablePublisher {
    /// Publishes changes to views; where all are as they should be, no version is made.
    func publish(
        _ changes: ViewChanges,
        reign: Reign,
        _ completion: @escaping (Result<SnapshotID, PublishError>) -> Void
    ) {
        perform(completion) { [self] () throws(PublishError) in
            try commit(
                Publication(
                    commitKey: takeOwnKey(of: reign),
                    reign: reign,
                    job: Self.noJob,
                    author: "otcluster",
                    message: changes.message,
                    extraInfo: "{}",
                    tables: [],
                    views: changes.published,
                    droppedViews: changes.dropped,
                    schemaVersion: changes.schemaVersion
                )
            )
        }
    }
}
