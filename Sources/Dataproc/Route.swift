/// One kind of request: how it looks, and what it does.
package struct Route: Sendable {
    package let method: String
    /// Below `/v1/projects/{project}/regions/{region}/`; `{id}` stands for the resource.
    package let path: String
    private let parameters: Set<String>
    private let body: MessageSchema
    private let action: @Sendable (inout DataprocCore, Call) throws(RPCError) -> JSONValue

    private init(
        _ method: String,
        _ path: String,
        query parameters: Set<String> = [],
        body: MessageSchema = [:],
        _ action:
            @escaping @Sendable (inout DataprocCore, Call) throws(RPCError) -> JSONValue
    ) {
        self.method = method
        self.path = path
        self.parameters = parameters
        self.body = body
        self.action = action
    }

    /// What a request is made of.
    package struct Request {
        package var place: ResourceName
        package var query: [String: String]
        package var body: [UInt8]

        package init(place: ResourceName, query: [String: String] = [:], body: [UInt8] = []) {
            self.place = place
            self.query = query
            self.body = body
        }
    }

    /// Reads a request by the rules of the wire, and does what it asks for.
    package func answer(
        _ request: Request,
        _ core: inout DataprocCore,
        in world: World,
        at now: Moment,
        refusal: (JobWork) -> String?
    ) throws(RPCError) -> JSONValue {
        let query = try Query(request.query, allowed: parameters)
        var value = JSONValue.object([:])
        if !request.body.isEmpty {
            do throws(JSONTextError) {
                value = try JSONText.parse(request.body)
            } catch {
                throw .invalid(error.description)
            }
        }
        let body = try body.read(value)
        return try withoutActuallyEscaping(refusal) { (refusal) throws(RPCError) in
            let call = Call(
                place: request.place,
                query: query,
                body: body,
                world: world,
                now: now,
                refusal: refusal
            )
            return try action(&core, call)
        }
    }

    private static let page: Set = ["pageSize", "pageToken"]
    private static let lifecycle: MessageSchema = ["clusterUuid": .string, "requestId": .string]
    private static let diagnosis: MessageSchema = [
        "diagnosisInterval": .message(["startTime": .timestamp, "endTime": .timestamp]),
        "job": .string, "jobs": .list(.string),
        "tarballAccess": .enumeration(
            EnumSchema([
                "TARBALL_ACCESS_UNSPECIFIED", "GOOGLE_CLOUD_SUPPORT", "GOOGLE_DATAPROC_DIAGNOSE",
            ])
        ), "tarballGcsDir": .string, "yarnApplicationId": .string,
        "yarnApplicationIds": .list(.string),
    ]

    /// All kinds, those with a verb behind the id before those without.
    package static let all = clusters + jobs + operations + templates + policies

    private static let clusters = [
        Route(
            "POST",
            "clusters",
            query: ["requestId", "actionOnFailedPrimaryWorkers"],
            body: ClusterSchema.cluster
        ) { core, call throws(RPCError) in try core.createCluster(call) },
        Route("GET", "clusters", query: page.union(["filter"])) {
            core,
            call throws(RPCError) in try core.listClusters(call)
        },
        Route("POST", "clusters/{id}:stop", body: lifecycle) {
            core,
            call throws(RPCError) in try core.switchCluster(call, on: false)
        },
        Route("POST", "clusters/{id}:start", body: lifecycle) {
            core,
            call throws(RPCError) in try core.switchCluster(call, on: true)
        },
        Route("POST", "clusters/{id}:diagnose", body: diagnosis) {
            core,
            call throws(RPCError) in try core.diagnoseCluster(call)
        },
        Route("GET", "clusters/{id}") { core, call throws(RPCError) in
            try core.cluster(call.place).json(dashboard: call.world.dashboard)
        },
        Route(
            "PATCH",
            "clusters/{id}",
            query: ["updateMask", "gracefulDecommissionTimeout", "requestId"],
            body: ClusterSchema.cluster
        ) { core, call throws(RPCError) in try core.updateCluster(call) },
        Route(
            "DELETE",
            "clusters/{id}",
            query: ["clusterUuid", "gracefulTerminationTimeout", "requestId"]
        ) { core, call throws(RPCError) in try core.deleteCluster(call) },
    ]

    private static let jobs = [
        Route("POST", "jobs:submit", body: JobSchema.submission) {
            core,
            call throws(RPCError) in try core.submitJob(call)
        },
        Route("POST", "jobs:submitAsOperation", body: JobSchema.submission) {
            core,
            call throws(RPCError) in try core.submitJobAsOperation(call)
        },
        Route(
            "GET",
            "jobs",
            query: page.union(["filter", "clusterName", "jobStateMatcher"])
        ) { core, call throws(RPCError) in try core.listJobs(call) },
        Route("POST", "jobs/{id}:cancel") { core, call throws(RPCError) in
            try core.cancelJob(call)
        },
        Route("GET", "jobs/{id}") { core, call throws(RPCError) in
            try core.job(call.place).json(dashboard: call.world.dashboard)
        },
        Route("PATCH", "jobs/{id}", query: ["updateMask"], body: JobSchema.job) {
            core,
            call throws(RPCError) in try core.updateJob(call)
        },
        Route("DELETE", "jobs/{id}") { core, call throws(RPCError) in try core.deleteJob(call) },
    ]

    private static let operations = [
        Route(
            "GET",
            "operations",
            query: page.union(["filter", "returnPartialSuccess"])
        ) { core, call throws(RPCError) in try core.listOperations(call) },
        Route("POST", "operations/{id}:cancel") { core, call throws(RPCError) in
            try core.cancelOperation(call)
        },
        Route("GET", "operations/{id}") { core, call throws(RPCError) in
            core.render(try core.operation(call.place))
        },
        Route("DELETE", "operations/{id}") { core, call throws(RPCError) in
            try core.deleteOperation(call)
        },
    ]

    private static let templates = [
        Route("POST", "workflowTemplates", body: JobSchema.template) {
            core,
            call throws(RPCError) in try core.createTemplate(call)
        },
        Route("GET", "workflowTemplates", query: page) { core, call throws(RPCError) in
            try core.listTemplates(call)
        },
        Route(
            "POST",
            "workflowTemplates:instantiateInline",
            query: ["requestId"],
            body: JobSchema.template
        ) { core, call throws(RPCError) in try core.instantiateInline(call) },
        Route(
            "POST",
            "workflowTemplates/{id}:instantiate",
            body: JobSchema.instantiation
        ) { core, call throws(RPCError) in try core.instantiateTemplate(call) },
        Route("GET", "workflowTemplates/{id}", query: ["version"]) {
            core,
            call throws(RPCError) in try core.getTemplate(call)
        },
        Route("PUT", "workflowTemplates/{id}", body: JobSchema.template) {
            core,
            call throws(RPCError) in try core.updateTemplate(call)
        },
        Route("DELETE", "workflowTemplates/{id}", query: ["version"]) {
            core,
            call throws(RPCError) in try core.deleteTemplate(call)
        },
    ]

    private static let policies = [
        Route("POST", "autoscalingPolicies", body: JobSchema.policy) {
            core,
            call throws(RPCError) in try core.createPolicy(call)
        },
        Route("GET", "autoscalingPolicies", query: page) { core, call throws(RPCError) in
            try core.listPolicies(call)
        },
        Route("GET", "autoscalingPolicies/{id}") { core, call throws(RPCError) in
            try core.policy(call.place).json()
        },
        Route("PUT", "autoscalingPolicies/{id}", body: JobSchema.policy) {
            core,
            call throws(RPCError) in try core.updatePolicy(call)
        },
        Route("DELETE", "autoscalingPolicies/{id}") { core, call throws(RPCError) in
            try core.deletePolicy(call)
        },
    ]

    /// Parts of the API that are not there: answered with 501, so that a client knows.
    package static let unimplemented: [(method: String, path: String)] =
        ["batches", "sessions", "sessionTemplates"].flatMap { collection in
            ["POST", "GET"].map { ($0, collection) }
                + ["GET", "PATCH", "DELETE"].map { ($0, collection + "/{id}") }
        } + [
            ("POST", "clusters/{cluster}/nodeGroups"),
            ("GET", "clusters/{cluster}/nodeGroups/{id}"),
            ("POST", "clusters/{cluster}/nodeGroups/{id}:resize"),
            ("POST", "clusters/{cluster}/nodeGroups/{id}:repair"),
            ("POST", "clusters/{id}:repair"), ("POST", "clusters/{id}:injectCredentials"),
        ]
}
