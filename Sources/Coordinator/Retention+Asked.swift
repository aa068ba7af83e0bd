import Base
import Catalog
import Transport

/// What a vacuum came to.
struct VacuumReport: Sendable {
    /// Files that are gone.
    var files = 0
    /// Files that no version names, too young to go: a reader may have begun with one that did.
    var waiting = 0
}

/// Forgetting when a user asks for it, rather than when it is time to.
extension Retention {
    /// Forgets all versions that were replaced longer than `age` ago.
    ///
    /// Their files are scheduled for deletion, and outlive them by the grace that readers have.
    func expire(
        olderThan age: Duration,
        _ completion: @escaping (Result<ExpiryReport, CatalogError>) -> Void
    ) {
        expire(RetentionPolicy(jobs: age, logs: age, versions: age), ExpiryReport(), completion)
    }

    private func expire(
        _ policy: RetentionPolicy,
        _ before: ExpiryReport,
        _ completion: @escaping (Result<ExpiryReport, CatalogError>) -> Void
    ) {
        let now = now()
        publisher.ask { (catalog) throws(CatalogError) in
            let versions = try catalog.versions()
            let expired = policy.expired(versions, limit: Self.versionsPerStep, at: now)
            return expired.isEmpty ? ExpiryReport() : try catalog.expire(expired, at: now)
        } _: { [unowned self] outcome in
            guard case .success(let step) = outcome else { return completion(outcome) }
            let report = ExpiryReport(
                snapshots: before.snapshots + step.snapshots,
                files: before.files + step.files
            )
            guard step.snapshots == Self.versionsPerStep else {
                return completion(.success(report))
            }
            expire(policy, report, completion)
        }
    }

    /// Deletes the files that no version names, as far as their grace is over.
    ///
    /// Those that versions named once, and those that were written for a version that never came.
    func vacuum(
        of store: String,
        _ completion: @escaping (Result<VacuumReport, CatalogError>) -> Void
    ) {
        vacuum(VacuumReport()) { [unowned self] outcome in
            guard case .success(var report) = outcome else { return completion(outcome) }
            let sweep = StoreSweep(directory: store, now: EventLoop.wallTime())
            publisher.sweep(sweep) { outcome in
                completion(
                    outcome.map { swept in
                        report.files += swept.count
                        return report
                    }
                )
            }
        }
    }

    private func vacuum(
        _ before: VacuumReport,
        _ completion: @escaping (Result<VacuumReport, CatalogError>) -> Void
    ) {
        let (policy, now) = (policy, now())
        publisher.ask { (catalog) throws(CatalogError) in
            let deleted = try Self.deleteFiles(in: catalog, policy, at: now)
            return (deleted, left: try catalog.scheduledFiles().count)
        } _: { [unowned self] outcome in
            switch outcome {
            case .failure(let error): completion(.failure(error))
            case .success(let (deleted, left)):
                let report = VacuumReport(files: before.files + deleted, waiting: left)
                guard deleted == Self.filesPerStep else { return completion(.success(report)) }
                vacuum(report, completion)
            }
        }
    }
}
