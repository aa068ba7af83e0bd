/// What a step does that loads no table: the coordinator carries it out.
package enum StepAction: Sendable, Equatable {
    /// Brings a file into the raw store, unless it is there already.
    case ingest(SourceDeclaration)
    /// Publishes shipped views, all in one version.
    case views([String])
    /// Takes down what there is and what is missing in the tables of these jobs.
    case quality([JobDeclaration])

    /// What it does, in a word.
    package var kind: String {
        switch self {
        case .ingest: "ingest"
        case .views: "views"
        case .quality: "quality"
        }
    }

    /// What the step is called.
    package var name: String {
        switch self {
        case .ingest(let source): "ingest_\(source.dataset)"
        case .views, .quality: kind
        }
    }
}
