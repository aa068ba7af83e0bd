import Base

/// Workflow templates and autoscaling policies: what requests ask of them.
extension DataprocCore {
    /// Templates, and policies, of all projects together; guesses at what no team has.
    static let templatesLimit = 200
    static let policiesLimit = 200

    // MARK: Templates

    mutating func createTemplate(_ call: Call) throws(RPCError) -> JSONValue {
        let name = call.place.sibling(call.body["id"]?.text ?? "")
        try Self.checkID(name.id, "'id' of a template")
        guard templates[name] == nil else {
            throw RPCError(.alreadyExists, "there is a template '\(name.id)' already")
        }
        try Self.checkRoom(templates.count, Self.templatesLimit, "templates")
        try WorkflowRules.check(call.body)
        let time = call.now.wall.rfc3339
        let template = TemplateResource(
            name: name,
            body: call.body,
            version: 1,
            created: time,
            updated: time
        )
        put(template)
        return template.json()
    }

    func template(_ name: ResourceName, version: Int?) throws(RPCError) -> TemplateResource {
        guard let template = templates[name] else { throw .notFound("template '\(name.id)'") }
        guard version ?? 0 == 0 || version == template.version else {
            throw .notFound("version \(version ?? 0) of the template '\(name.id)'")
        }
        return template
    }

    func getTemplate(_ call: Call) throws(RPCError) -> JSONValue {
        try template(call.place, version: try call.query.integer("version")).json()
    }

    func listTemplates(_ call: Call) throws(RPCError) -> JSONValue {
        let found = templates.values.filter { $0.name.isIn(call.place) }
        let items = found.sorted { $0.name < $1.name }.map { (key: $0.name.id, item: $0) }
        return try Page.answer("templates", items, call.query) { $0.json() }
    }

    mutating func updateTemplate(_ call: Call) throws(RPCError) -> JSONValue {
        let version = call.body["version"]?.integer
        var template = try template(call.place, version: nil)
        guard version ?? 0 == 0 || version == template.version else {
            throw .refused("the template's version is \(template.version), not \(version ?? 0)")
        }
        try WorkflowRules.check(call.body)
        template.body = call.body
        template.version += 1
        template.updated = call.now.wall.rfc3339
        put(template)
        return template.json()
    }

    mutating func deleteTemplate(_ call: Call) throws(RPCError) -> JSONValue {
        let template = try template(call.place, version: try call.query.integer("version"))
        remove(.template, template.name)
        return .object([:])
    }

    mutating func instantiateTemplate(_ call: Call) throws(RPCError) -> JSONValue {
        let requestID = call.body["requestId"]?.text
        if let first = try known(requestID, in: call.place) { return render(first) }
        let template = try template(call.place, version: call.body["version"]?.integer)
        return try instantiate(
            template.body,
            template: template.name.path("workflowTemplates"),
            version: template.version,
            parameters: call.body["parameters"]?.textFields ?? [:],
            requestID: requestID,
            call
        )
    }

    mutating func instantiateInline(_ call: Call) throws(RPCError) -> JSONValue {
        let requestID = call.query["requestId"]
        if let first = try known(requestID, in: call.place) { return render(first) }
        try WorkflowRules.check(call.body)
        return try instantiate(
            call.body,
            template: "",
            version: 0,
            parameters: [:],
            requestID: requestID,
            call
        )
    }

    private mutating func instantiate(
        _ body: JSONValue,
        template: String,
        version: Int,
        parameters: [String: String],
        requestID: String?,
        _ call: Call
    ) throws(RPCError) -> JSONValue {
        let body = try WorkflowRules.filled(body, with: parameters)
        try WorkflowRules.check(body)
        // What cannot be submitted would fail in the midst.
        for job in body["jobs"]?.elements ?? [] {
            let work = try translation.work(of: job, zone: call.world.pools.first?.name ?? "")
            if let refusal = call.refusal(work) { throw .invalid(refusal) }
        }
        var cluster: ClusterResource?
        if let selector = body[path: ["placement", "clusterSelector"]] {
            cluster = try self.cluster(
                with: selector["clusterLabels"]?.textFields ?? [:],
                zone: selector["zone"]?.text.flatMap {
                    $0.split(separator: "/").last.map(String.init)
                },
                in: call.place
            )
        }
        var run = WorkflowRun(
            template: template,
            version: version,
            parameters: parameters,
            body: body,
            cluster: cluster?.name.id
        )
        run.clusterUUID = cluster?.uuid
        let operation = begin(
            .workflow(run),
            "WORKFLOW",
            "Carry out a workflow template",
            cluster: (call.place.sibling(cluster?.name.id ?? ""), cluster?.uuid ?? ""),
            labels: body["labels"]?.textFields ?? [:],
            requestID: requestID,
            at: call.now
        )
        return render(operation)
    }

    static func checkID(_ id: String, _ what: String) throws(RPCError) {
        guard ResourceRules.isID(id) else {
            throw .invalid("\(what) must be 3 to 50 letters, digits, _ and -, none of these last")
        }
    }

    // MARK: Policies

    mutating func createPolicy(_ call: Call) throws(RPCError) -> JSONValue {
        let name = call.place.sibling(call.body["id"]?.text ?? "")
        try Self.checkID(name.id, "'id' of a policy")
        guard policies[name] == nil else {
            throw RPCError(.alreadyExists, "there is a policy '\(name.id)' already")
        }
        try Self.checkRoom(policies.count, Self.policiesLimit, "policies")
        try AutoscalingRules.check(call.body)
        let policy = PolicyResource(name: name, body: call.body)
        put(policy)
        return policy.json()
    }

    func policy(_ name: ResourceName) throws(RPCError) -> PolicyResource {
        guard let policy = policies[name] else {
            throw .notFound("autoscaling policy '\(name.id)'")
        }
        return policy
    }

    func listPolicies(_ call: Call) throws(RPCError) -> JSONValue {
        let found = policies.values.filter { $0.name.isIn(call.place) }
        let items = found.sorted { $0.name < $1.name }.map { (key: $0.name.id, item: $0) }
        return try Page.answer("policies", items, call.query) { $0.json() }
    }

    mutating func updatePolicy(_ call: Call) throws(RPCError) -> JSONValue {
        var policy = try policy(call.place)
        try AutoscalingRules.check(call.body)
        policy.body = call.body
        put(policy)
        return policy.json()
    }

    mutating func deletePolicy(_ call: Call) throws(RPCError) -> JSONValue {
        let policy = try policy(call.place)
        let users = clusters.values.filter { cluster in
            cluster.name.isIn(policy.name) && cluster.policy == policy.name.id
        }
        guard users.isEmpty else {
            let names = users.map(\.name.id).sorted().joined(separator: ", ")
            throw .refused("the policy '\(policy.name.id)' is in use by \(names)")
        }
        remove(.policy, policy.name)
        return .object([:])
    }
}
