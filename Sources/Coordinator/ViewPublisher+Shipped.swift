import Catalog
import Columns
import Jobs
import Query

/// Publishing the shipped views as a step of a workflow, which comes again and again.
extension ViewPublisher {
    /// Publishes those that are not there as they should be; `completion` gets whether there were any.
    ///
    /// DuckDB is asked only where it could say anything new: that all shipped views work upon the
    /// tables that the shipped jobs declare is what tests of the program show.
    func publishWhatIsMissing(
        _ views: [ViewText],
        of jobs: [JobDeclaration],
        _ completion: @escaping (Result<Bool, StoreChangeError>) -> Void
    ) {
        publishWhatIsMissing(views, of: jobs, triesLeft: Self.tries, completion)
    }

    private func publishWhatIsMissing(
        _ views: [ViewText],
        of jobs: [JobDeclaration],
        triesLeft: Int,
        _ completion: @escaping (Result<Bool, StoreChangeError>) -> Void
    ) {
        publisher.ask { (catalog) throws(CatalogError) in
            (
                schemas: try catalog.schemas(),
                areThere: try Self.areThere(views, in: catalog),
                areKnownToWork: try Self.areKnownToWork(views, upon: jobs, in: catalog)
            )
        } _: { [self] outcome in
            guard case .success(let look) = outcome else {
                return completion(.failure(.unavailable("the catalog cannot be read")))
            }
            guard look.areKnownToWork else {
                return publish(views) { completion($0.map { _ in !look.areThere }) }
            }
            guard !look.areThere else { return completion(.success(false)) }
            commit(views, look.schemas) { [self] outcome in
                guard case .failure(.catalog(.schemaChanged)) = outcome, triesLeft > 1 else {
                    let result = outcome.mapError(StoreChangeError.init)
                    return completion(result.map { _ in true })
                }
                publishWhatIsMissing(views, of: jobs, triesLeft: triesLeft - 1, completion)
            }
        }
    }

    private static func areThere(
        _ views: [ViewText],
        in catalog: Catalog
    ) throws(CatalogError) -> Bool {
        let stored = try catalog.views()
        return views.allSatisfy { view in
            stored.contains {
                ($0.schema, $0.name, $0.sql) == (view.schema, view.name, view.sql)
            }
        }
    }

    /// Whether these are all shipped views, and all tables that they read are as declared.
    private static func areKnownToWork(
        _ views: [ViewText],
        upon jobs: [JobDeclaration],
        in catalog: Catalog
    ) throws(CatalogError) -> Bool {
        guard Set(views.map(\.name)) == Set(ShippedViews.all.map(\.name)) else { return false }
        for job in jobs {
            let isAsDeclared = try catalog.hasTable(
                schema: job.schema,
                table: job.table,
                columns: job.transform.columns
            )
            guard isAsDeclared else { return false }
        }
        return true
    }
}
