/// A job file of the user's, sent whole.
package struct JobFileText: Codable, Equatable, Sendable {
    /// The path it was given as; errors name it.
    package var name: String
    package var text: String

    package init(
        name: String,
        text: String
    ) {
        self.name = name
        self.text = text
    }

    private enum CodingKeys: String, CodingKey {
        case name
        case text
    }
}

/// What `otjob submit` and `explain` ask for.
package struct SubmitRequest: Codable, Equatable, Sendable {
    /// Names of jobs or of one workflow.
    package var jobs: [String]
    /// Job files sent along.
    package var files: [JobFileText]
    /// Absolute path of a folder, a file or a glob on the coordinator's machine; nil for the raw store.
    package var input: String?
    /// Datasets, URLs and paths to bring into the raw store, none for all datasets; nil for a submit of jobs.
    package var ingest: [String]?
    /// Whether a workflow does what nothing has changed for, too; nil is no.
    package var force: Bool?
    /// Parameters of the jobs.
    package var set: [String: String]
    /// The only pool to use.
    package var pool: String?
    /// Submitting the same one twice gives the first job's id.
    package var requestID: String?

    package init(
        jobs: [String] = [],
        files: [JobFileText] = [],
        input: String? = nil,
        ingest: [String]? = nil,
        force: Bool? = nil,
        set: [String: String] = [:],
        pool: String? = nil,
        requestID: String? = nil
    ) {
        self.jobs = jobs
        self.files = files
        self.input = input
        self.ingest = ingest
        self.force = force
        self.set = set
        self.pool = pool
        self.requestID = requestID
    }

    private enum CodingKeys: String, CodingKey {
        case jobs
        case files
        case input
        case ingest
        case force
        case set
        case pool
        case requestID = "request_id"
    }
}

/// The answer to a submit.
package struct SubmitResponse: Codable, Equatable, Sendable {
    package var id: String

    package init(
        id: String
    ) {
        self.id = id
    }

    private enum CodingKeys: String, CodingKey {
        case id
    }
}
