/// Several jobs under one name: what a job file with `workflow:` says.
package struct WorkflowDeclaration: Sendable, Equatable {
    package let name: String
    /// At least one, none twice; loaded by the size of their inputs, not in this order.
    package let jobs: [String]
    /// Where each of `jobs` stands, for the error that one does not exist.
    package let locations: [SourceLocation]
}

extension WorkflowDeclaration {
    init(_ node: YAMLNode) throws(ConfigurationError) {
        let mapping = try YAMLMapping(node, "a workflow", keys: ["workflow", "jobs"])
        name = try mapping.required("workflow").name("workflow")
        let elements = try mapping.required("jobs").elements("jobs")
        guard !elements.isEmpty else {
            throw try mapping.required("jobs").error("'jobs' must list at least one job")
        }
        var jobs: [String] = []
        for element in elements {
            let job = try element.name("jobs")
            guard !jobs.contains(job) else { throw element.error("'\(job)' is listed twice") }
            guard job != SelftestDeclaration.name else {
                throw element.error("'\(job)' loads no table and cannot be part of a workflow")
            }
            jobs.append(job)
        }
        self.jobs = jobs
        locations = elements.map(\.location)
    }
}
