import API
import Base
import Testing

@testable import Dataproc

@Suite("Clusters")
struct ClusterTests {
    @Test("a cluster runs as soon as its zone has the workers that it claims")
    func create() throws {
        var fixture = CoreFixture()
        let answer = try fixture.create("etl")
        #expect(answer["done"] == false)
        #expect(fixture.core.claims == ["zone-b": 2])
        fixture.pass()
        #expect(fixture.state(of: "etl") == "CREATING")
        fixture.supply()
        let operation = try fixture.operation(answer)
        #expect(operation["done"] == true)
        #expect(operation[path: ["response", "@type"]]?.text?.hasSuffix("v1.Cluster") ?? false)
        #expect(operation["error"] == nil)
        #expect(operation[path: ["metadata", "operationType"]] == "CREATE")
        let zone = operation[path: ["response", "config", "gceClusterConfig", "zoneUri"]]
        #expect(zone == "zone-b")
    }

    @Test("a zone without room ends in an error with its name, and nothing is left")
    func exhausted() throws {
        var fixture = CoreFixture()
        let answer = try fixture.create("etl", zone: "zone-a", workers: 3)
        fixture.pass()
        let error = try #require(try fixture.operation(answer)["error"])
        #expect(error["code"] == .number("8"))
        let detail = try #require(error["details"]?.elements.first)
        #expect(detail["reason"] == "ZONE_RESOURCE_POOL_EXHAUSTED")
        #expect(detail["metadata"] == .object(["zone": "zone-a"]))
        #expect(fixture.core.clusters.isEmpty)
        #expect(fixture.core.claims.isEmpty)
        try fixture.create("etl", zone: "zone-b")
    }

    @Test("workers that do not come are waited for as long as the zone may take, and no longer")
    func timeout() throws {
        var fixture = CoreFixture()
        try fixture.create("etl")
        fixture.pass()
        fixture.pass(29)
        #expect(fixture.state(of: "etl") == "CREATING")
        fixture.pass(1)
        #expect(fixture.state(of: "etl") == nil)
    }

    @Test("the older claim comes first")
    func order() throws {
        var fixture = CoreFixture()
        try fixture.create("first", workers: 3)
        try fixture.create("second", workers: 3)
        fixture.world.pools[1].healthyWorkers = 3
        fixture.pass()
        #expect(fixture.state(of: "first") == "RUNNING")
        #expect(fixture.state(of: "second") == "CREATING")
    }

    @Test("with a minimum fewer workers are enough in the end")
    func minimum() throws {
        var fixture = CoreFixture()
        try fixture.send(
            "POST",
            "clusters",
            """
            {"clusterName": "etl", "config": {"gceClusterConfig": {"zoneUri": "zone-b"},
             "workerConfig": {"numInstances": 4, "minNumInstances": 2}}}
            """
        )
        fixture.world.pools[1].healthyWorkers = 3
        fixture.pass()
        #expect(fixture.state(of: "etl") == "CREATING")
        fixture.pass(30)
        #expect(fixture.state(of: "etl") == "RUNNING")
        #expect(fixture.core.claims == ["zone-b": 3])
    }

    @Test("the same request id gives the same operation")
    func requestID() throws {
        var fixture = CoreFixture()
        let first = try fixture.create("etl", query: ["requestId": "a-1"])
        let second = try fixture.create("etl", query: ["requestId": "a-1"])
        #expect(first["name"] == second["name"])
        #expect(
            try fixture.refusal("POST", "clusters", "{\"clusterName\":\"etl\"}")?.code
                == .alreadyExists
        )
        let bad = try fixture.refusal("POST", "clusters", "{}", query: ["requestId": "a b"])
        #expect(bad?.code == .invalidArgument)
    }

    @Test(
        "names are checked",
        arguments: ["", "A", "1a", "a-", "a_b", String(repeating: "a", count: 52)]
    )
    func names(name: String) throws {
        var fixture = CoreFixture()
        let error = try fixture.refusal("POST", "clusters", "{\"clusterName\":\"\(name)\"}")
        #expect(error?.code == .invalidArgument)
    }

    @Test("there are no more clusters than the bound")
    func bound() throws {
        var fixture = CoreFixture()
        for number in 0..<DataprocCore.clustersLimit { try fixture.create("c\(number)") }
        let error = try fixture.refusal("POST", "clusters", "{\"clusterName\":\"more\"}")
        #expect(error?.code == .resourceExhausted)
        #expect(error?.code.http == 429)
    }

    @Test("scaling takes both spellings of a mask, and an unknown one is refused")
    func scale() throws {
        var fixture = CoreFixture()
        try fixture.makeRunning("etl")
        for (mask, workers) in [
            ("config.workerConfig.numInstances", 4), ("config.worker_config.num_instances", 5),
        ] {
            try fixture.send(
                "PATCH",
                "clusters/{id}",
                "{\"config\":{\"workerConfig\":{\"numInstances\":\(workers)}}}",
                id: "etl",
                query: ["updateMask": mask]
            )
            #expect(fixture.state(of: "etl") == "UPDATING")
            fixture.supply()
            #expect(fixture.state(of: "etl") == "RUNNING")
            #expect(fixture.core.claims == ["zone-b": workers])
        }
        let bad = try fixture.refusal(
            "PATCH",
            "clusters/{id}",
            "{}",
            id: "etl",
            query: ["updateMask": "config.tempBucket"]
        )
        #expect(bad?.code == .invalidArgument)
    }

    @Test("an update beyond the zone's room is an error, and the cluster runs at its old size")
    func updateBeyond() throws {
        var fixture = CoreFixture()
        try fixture.makeRunning("etl")
        let answer = try fixture.send(
            "PATCH",
            "clusters/{id}",
            "{\"config\":{\"workerConfig\":{\"numInstances\":9}}}",
            id: "etl",
            query: ["updateMask": "config.worker_config.num_instances"]
        )
        fixture.pass()
        #expect(try fixture.operation(answer)[path: ["error", "code"]] == .number("8"))
        #expect(fixture.state(of: "etl") == "RUNNING")
        #expect(fixture.core.claims == ["zone-b": 2])
    }

    @Test("workers that leave are waited for with a graceful time, and let go without")
    func graceful() throws {
        for (grace, isEvicted) in [("60s", false), ("", true)] {
            var fixture = CoreFixture()
            try fixture.makeRunning("etl", workers: 4)
            fixture.core.commands = []
            try fixture.send(
                "PATCH",
                "clusters/{id}",
                "{\"config\":{\"workerConfig\":{\"numInstances\":2}}}",
                id: "etl",
                query: [
                    "updateMask": "config.worker_config.num_instances",
                    "gracefulDecommissionTimeout": grace,
                ]
            )
            fixture.world.pools[1].healthyWorkers = 2
            fixture.world.pools[1].leavingWorkers = 2
            fixture.pass()
            #expect(fixture.core.takeCommands() == (isEvicted ? [.evict("zone-b")] : []))
            #expect(fixture.state(of: "etl") == (isEvicted ? "RUNNING" : "UPDATING"))
            fixture.pass(60)
            #expect(fixture.state(of: "etl") == "RUNNING")
        }
    }

    @Test("stopping gives the workers back, starting claims them again")
    func stopAndStart() throws {
        var fixture = CoreFixture()
        try fixture.makeRunning("etl")
        try fixture.send("POST", "clusters/{id}:stop", id: "etl")
        fixture.pass()
        #expect(fixture.state(of: "etl") == "STOPPED")
        #expect(fixture.core.claims["zone-b"] == 0)
        try fixture.send("POST", "clusters/{id}:start", id: "etl")
        fixture.supply()
        #expect(fixture.state(of: "etl") == "RUNNING")
        #expect(fixture.core.claims == ["zone-b": 2])
    }

    @Test("a cluster that is idle for long enough is deleted, one that works is not")
    func idle() throws {
        var fixture = CoreFixture()
        try fixture.send(
            "POST",
            "clusters",
            #"{"clusterName":"etl","config":{"lifecycleConfig":{"idleDeleteTtl":"600s"}}}"#
        )
        fixture.supply()
        try fixture.submit("one")
        for _ in 0..<3 { fixture.pass(400) }
        #expect(fixture.state(of: "etl") == "RUNNING")
        fixture.observe("one", .done)
        fixture.pass(500)
        #expect(fixture.state(of: "etl") == "RUNNING")
        fixture.pass(600)
        fixture.pass()
        #expect(fixture.state(of: "etl") == nil)
    }

    @Test("GET changes nothing")
    func reading() throws {
        var fixture = CoreFixture()
        try fixture.makeRunning("etl")
        try fixture.submit("one")
        _ = fixture.core.takeChanges()
        _ = fixture.core.takeCommands()
        for route in Route.all where route.method == "GET" {
            _ = try? fixture.send("GET", route.path, id: "etl")
            _ = try? fixture.send("GET", route.path, id: "one")
        }
        #expect(fixture.core.takeChanges().isEmpty)
        #expect(fixture.core.takeCommands().isEmpty)
    }
}
