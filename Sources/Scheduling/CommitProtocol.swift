package import Base

/// An error of a catalog, as far as it decides about another try.
package protocol CommitFailure: Error {
    /// Whether another program held the catalog too long; the same call may be made again.
    var isBusy: Bool { get }
}

/// How one publication is tried until it is known whether it has happened.
///
/// ```
///   publish ──▶ snapshot: done
///      ▲  └───▶ error: lookUp ──▶ key is known: done
///      │                    ├───▶ key is absent, the catalog was busy: publish again
///      └────────────────────┘───▶ key is absent, another error: failed, nothing happened
///                           └───▶ error: lookUp again, a second later; in the end: unknown
/// ```
///
/// An error of a publication leaves open whether it happened (failure-model.md, "Unknown outcome"),
/// so the commit key is looked up before anything else is done. Pure: the caller carries the action
/// out and hands the answer back.
package struct CommitProtocol<Failure: CommitFailure> {
    package enum Action {
        /// Publish under the commit key; answered by `published`.
        case publish
        /// Look the commit key up after this time; answered by `lookedUp`.
        case lookUp(after: Duration)
        case done(SnapshotID)
        /// Nothing was published.
        case failed(Failure)
        /// The catalog does not say whether it was published: nothing may be deleted.
        case unknown(Failure)
    }

    /// Tries of one publication, each of which waits 30 s for readers: ten minutes in all.
    package static var tries: Int { 20 }
    /// Time between look-ups that fail for another reason than a busy catalog.
    package static var pause: Duration { .seconds(1) }

    private var publications = 1
    private var lookUps = 1
    private var failure: Failure?

    package init() {}

    /// What follows from the answer to a publication.
    package mutating func published(_ answer: Result<SnapshotID, Failure>) -> Action {
        switch answer {
        case .success(let snapshot):
            return .done(snapshot)
        case .failure(let error):
            failure = error
            lookUps = 1
            return .lookUp(after: .zero)
        }
    }

    /// What follows from the answer to a look-up.
    package mutating func lookedUp(_ answer: Result<SnapshotID?, Failure>) -> Action {
        guard let failure else { preconditionFailure("a look-up before any publication") }
        switch answer {
        case .success(let snapshot?):
            return .done(snapshot)
        case .success(nil):
            guard failure.isBusy, publications < Self.tries else { return .failed(failure) }
            publications += 1
            return .publish
        case .failure(let error):
            guard lookUps < Self.tries else { return .unknown(error) }
            lookUps += 1
            return .lookUp(after: error.isBusy ? .zero : Self.pause)
        }
    }
}
