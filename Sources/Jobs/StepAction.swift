/// What a step does that loads no table: the coordinator carries it out.
package enum StepAction: Sendable, Equatable {
    /// Brings a file into the raw store, unless it is there already.
    case ingest(SourceDeclaration)
    /// Publishes shipped views, all in one version.
    case views([String])

    /// What it does, in a word.
    package var kind: String {
        switch self {
        case .ingest: "ingest"
        case .views: "views"
        }
    }

    /// What the step is called.
    package var name: String {
        switch self {
        case .ingest(let source): "ingest_\(source.dataset)"
        case .views: "views"
        }
    }
}
