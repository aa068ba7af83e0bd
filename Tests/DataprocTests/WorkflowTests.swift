import API
import Base
import Testing

@testable import Dataproc

@Suite("Workflow templates and autoscaling policies")
struct WorkflowTests {
    private static func template(_ jobs: String, more: String = "") -> String {
        """
        {"id": "daily", "placement": {"managedCluster": {"clusterName": "work",
         "config": {"gceClusterConfig": {"zoneUri": "zone-b"}}}}, "jobs": [\(jobs)]\(more)}
        """
    }

    private static func job(_ step: String, after needs: String = "") -> String {
        let list = needs.isEmpty ? "" : "\"\(needs)\""
        return """
            {"stepId": "\(step)", "prerequisiteStepIds": [\(list)],
             "hadoopJob": {"mainClass": "selftest", "properties": {"otjob:tasks": "1"}}}
            """
    }

    private func nodes(_ operation: JSONValue) -> [String] {
        operation[path: ["metadata", "graph", "nodes"]]?.elements.compactMap {
            $0["state"]?.text
        } ?? []
    }

    private func openJobs(_ fixture: CoreFixture) -> [JobResource] {
        fixture.core.jobs.values.filter { !$0.isEnded }.sorted { $0.serial < $1.serial }
    }

    @Test("steps run after what they need, on a cluster that is gone in the end")
    func course() throws {
        var fixture = CoreFixture()
        let body = Self.template(Self.job("load-2", after: "load-1") + "," + Self.job("load-1"))
        let answer = try fixture.send("POST", "workflowTemplates:instantiateInline", body)
        fixture.pass()
        fixture.supply()
        fixture.pass()
        #expect(nodes(try fixture.operation(answer)) == ["BLOCKED", "RUNNING"])
        for _ in 0..<2 {
            let job = try #require(openJobs(fixture).first)
            #expect(openJobs(fixture).count == 1)
            fixture.observe(job.name.id, .done)
            fixture.pass()
        }
        fixture.pass()
        fixture.pass()
        let operation = try fixture.operation(answer)
        #expect(nodes(operation) == ["COMPLETED", "COMPLETED"])
        #expect(operation["done"] == true)
        #expect(operation["error"] == nil)
        #expect(fixture.core.clusters.isEmpty)
    }

    @Test("a failed step fails those that wait for it, and the cluster is deleted all the same")
    func failure() throws {
        var fixture = CoreFixture()
        let body = Self.template(Self.job("load-1") + "," + Self.job("load-2", after: "load-1"))
        let answer = try fixture.send("POST", "workflowTemplates:instantiateInline", body)
        fixture.pass()
        fixture.supply()
        fixture.pass()
        fixture.observe(try #require(openJobs(fixture).first).name.id, .error, "broken")
        for _ in 0..<4 { fixture.pass() }
        let operation = try fixture.operation(answer)
        #expect(nodes(operation) == ["FAILED", "FAILED"])
        #expect(operation[path: ["error", "message"]]?.text?.contains("broken") ?? false)
        #expect(fixture.core.clusters.isEmpty)
    }

    @Test("a workflow in a zone without room ends with the zone's error")
    func exhausted() throws {
        var fixture = CoreFixture()
        fixture.world.pools[1].maxWorkers = 1
        let body = Self.template(Self.job("load-1"))
        let answer = try fixture.send("POST", "workflowTemplates:instantiateInline", body)
        for _ in 0..<4 { fixture.pass() }
        let operation = try fixture.operation(answer)
        #expect(operation[path: ["error", "code"]] == .number("8"))
        #expect(nodes(operation) == ["FAILED"])
        #expect(fixture.core.clusters.isEmpty)
    }

    @Test("parameters fill their fields, and are checked before")
    func parameters() throws {
        var fixture = CoreFixture()
        let parameters = #"""
            , "parameters": [{"name": "TASKS", "fields":
             ["jobs['load-1'].hadoopJob.properties['otjob:tasks']", "labels['kind']"],
             "validation": {"regex": {"regexes": ["[0-9]+"]}}}]
            """#
        try fixture.send(
            "POST",
            "workflowTemplates",
            Self.template(Self.job("load-1"), more: parameters)
        )
        let path = "workflowTemplates/{id}:instantiate"
        for bad in ["{}", #"{"parameters": {"TASKS": "x"}}"#, #"{"parameters": {"OTHER": "1"}}"#] {
            let error = try fixture.refusal("POST", path, bad, id: "daily")
            #expect(error?.code == .invalidArgument, "\(bad)")
        }
        let answer = try fixture.send(
            "POST",
            path,
            #"{"parameters": {"TASKS": "42"}, "version": 1}"#,
            id: "daily"
        )
        #expect(answer[path: ["metadata", "parameters"]] == .object(["TASKS": "42"]))
        fixture.pass()
        fixture.supply()
        fixture.pass()
        let job = try #require(openJobs(fixture).first)
        #expect(job.body[path: ["hadoopJob", "properties", "otjob:tasks"]] == "42")
        #expect(job.labels == ["kind": "42"])
    }

    @Test("each change of a template is a version")
    func versions() throws {
        var fixture = CoreFixture()
        let body = Self.template(Self.job("load-1"))
        #expect(try fixture.send("POST", "workflowTemplates", body)["version"] == .number("1"))
        #expect(try fixture.refusal("POST", "workflowTemplates", body)?.code == .alreadyExists)
        let next = try fixture.send("PUT", "workflowTemplates/{id}", body, id: "daily")
        #expect(next["version"] == .number("2"))
        let old = try fixture.refusal(
            "GET",
            "workflowTemplates/{id}",
            id: "daily",
            query: ["version": "1"]
        )
        #expect(old?.code == .notFound)
    }

    @Test(
        "templates that could not be carried out are refused",
        arguments: [
            template(""), template(job("load-1") + "," + job("load-1")),
            template(job("load-1", after: "load-2") + "," + job("load-2", after: "load-1")),
            template(job("load-1", after: "none")), template(job("x")),
            template(job("load-1"), more: #", "dagTimeout": "1s""#),
            template(
                job("load-1"),
                more: #", "parameters": [{"name": "A", "fields": ["jobs['x'].a"]}]"#
            ),
        ]
    )
    func refused(body: String) throws {
        var fixture = CoreFixture()
        let error = try fixture.refusal("POST", "workflowTemplates", body)
        #expect(error?.code == .invalidArgument)
    }

    @Test("a policy scales its cluster by the queued tasks, within bounds and not too often")
    func autoscaling() throws {
        var fixture = CoreFixture()
        let policy = """
            {"id": "grow", "workerConfig": {"minInstances": 2, "maxInstances": 6},
             "basicAlgorithm": {"cooldownPeriod": "120s",
             "yarnConfig": {"scaleUpFactor": 1.0, "scaleDownFactor": 1.0}}}
            """
        try fixture.send("POST", "autoscalingPolicies", policy)
        try fixture.send(
            "POST",
            "clusters",
            """
            {"clusterName": "etl", "config": {"gceClusterConfig": {"zoneUri": "zone-b"},
             "autoscalingConfig": {"policyUri": "projects/p/regions/r/autoscalingPolicies/grow"}}}
            """
        )
        fixture.supply()
        let inUse = try fixture.refusal("DELETE", "autoscalingPolicies/{id}", id: "grow")
        #expect(inUse?.code == .failedPrecondition)
        try fixture.submit("one")
        fixture.world.pools[1].queuedTasks = 100
        fixture.pass()
        #expect(fixture.core.claims == ["zone-b": 6])
        fixture.supply()
        fixture.observe("one", .done)
        fixture.world.pools[1].queuedTasks = 0
        fixture.pass(60)
        #expect(fixture.core.claims == ["zone-b": 6])
        fixture.pass(120)
        #expect(fixture.core.claims == ["zone-b": 2])
    }

    @Test(
        "a policy that makes no sense is refused",
        arguments: [
            #"{"id": "grow"}"#, #"{"id": "g", "workerConfig": {"maxInstances": 3}}"#,
            #"{"id": "grow", "workerConfig": {"minInstances": 4, "maxInstances": 3}}"#,
            #"{"id": "grow", "workerConfig": {"maxInstances": 3}, "basicAlgorithm": {"cooldownPeriod": "1s"}}"#,
        ]
    )
    func badPolicy(body: String) throws {
        var fixture = CoreFixture()
        let error = try fixture.refusal("POST", "autoscalingPolicies", body)
        #expect(error?.code == .invalidArgument)
    }
}
