/// Several steps under one name: what a job file with `workflow:` says.
package struct WorkflowDeclaration: Sendable, Equatable {
    package let name: String
    /// At least one, no name twice, each after those that it needs.
    package let steps: [WorkflowStep]
}

extension WorkflowDeclaration {
    init(_ node: YAMLNode) throws(ConfigurationError) {
        let mapping = try YAMLMapping(node, "a workflow", keys: ["workflow", "jobs", "steps"])
        name = try mapping.required("workflow").name("workflow")
        if let jobs = mapping["jobs"] {
            if let steps = mapping.keyLocation("steps") {
                throw steps.error("a workflow has 'jobs' or 'steps', not both")
            }
            steps = [try Self.step(loading: jobs)]
        } else {
            guard let list = mapping["steps"] else {
                throw mapping.location.error("'steps' is missing here, or 'jobs' to load in turn")
            }
            steps = try Self.ordered(try list.elements("steps"))
            guard !steps.isEmpty else {
                throw list.error("'steps' must list at least one step")
            }
        }
    }

    /// The short form: jobs that are loaded, whatever has changed.
    private static func step(loading node: YAMLNode) throws(ConfigurationError) -> WorkflowStep {
        let elements = try node.elements("jobs")
        let jobs = try WorkflowStep.names(elements, "jobs")
        guard !jobs.isEmpty else { throw node.error("'jobs' must list at least one job") }
        return WorkflowStep(
            name: "load",
            work: .load(jobs),
            locations: elements.map(\.location),
            needs: [],
            rules: WorkflowRules()
        )
    }

    /// The steps, each after those that it needs; otherwise as they are declared.
    private static func ordered(
        _ nodes: [YAMLNode]
    ) throws(ConfigurationError) -> [WorkflowStep] {
        var waiting: [(step: WorkflowStep, node: YAMLNode)] = []
        for node in nodes {
            let step = try WorkflowStep(node)
            guard !waiting.contains(where: { $0.step.name == step.name }) else {
                throw node.error("two steps are named '\(step.name)'")
            }
            waiting.append((step, node))
        }
        let names = waiting.map(\.step.name)
        for (step, node) in waiting {
            for need in step.needs where !names.contains(need) {
                throw node.error(
                    "the step '\(step.name)' needs '\(need)', which is no step; "
                        + Spelling.suggestion(for: need, in: names)
                        + "known are \(names.joined(separator: ", "))"
                )
            }
        }
        var ordered: [WorkflowStep] = []
        while !waiting.isEmpty {
            let ready = waiting.firstIndex { candidate in
                candidate.step.needs.allSatisfy { need in ordered.contains { $0.name == need } }
            }
            guard let ready else {
                let circle = waiting.map { "'\($0.step.name)'" }.joined(separator: ", ")
                throw waiting[0].node.error(
                    "no order of these steps begins: \(circle) need each other"
                )
            }
            ordered.append(waiting.remove(at: ready).step)
        }
        return ordered
    }
}
