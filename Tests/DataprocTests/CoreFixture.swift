import API
import Base
import Testing

@testable import Dataproc

/// A core with two pools, a clock that the test turns, and a planner that knows two jobs.
struct CoreFixture {
    var core = DataprocCore(
        translation: JobTranslation(
            aliases: ["transform_title_basics": "title_basics"],
            buckets: ["raw": "/data"],
            jobs: ["title_basics", "selftest"]
        ),
        seed: 1
    )
    var world = World(
        pools: [
            World.Pool(
                name: "zone-a",
                startsWorkers: true,
                healthyWorkers: 0,
                maxWorkers: 2,
                acquireTimeout: .seconds(30)
            ),
            World.Pool(
                name: "zone-b",
                startsWorkers: true,
                healthyWorkers: 0,
                maxWorkers: 8,
                acquireTimeout: .seconds(30)
            ),
        ],
        dashboard: "http://localhost:8080/"
    )
    private(set) var seconds: Int64 = 0
    let place = ResourceName(project: "p", region: "r", id: "")

    var now: Moment {
        Moment(
            wall: WallTime(microseconds: 1_800_000_000_000_000 + seconds * 1_000_000),
            instant: Instant(nanoseconds: seconds * 1_000_000_000)
        )
    }

    /// Time passes, and the core looks around.
    mutating func pass(_ seconds: Int64 = 1) {
        self.seconds += seconds
        core.advance(in: world, at: now)
    }

    /// Gives the pools the workers that are claimed, as far as they may have them, at once.
    mutating func supply() {
        for index in world.pools.indices {
            let wanted = core.claims[world.pools[index].name] ?? 0
            world.pools[index].healthyWorkers = min(wanted, world.pools[index].maxWorkers)
        }
        pass()
    }

    @discardableResult
    mutating func send(
        _ method: String,
        _ path: String,
        _ body: String = "",
        id: String = "",
        query: [String: String] = [:]
    ) throws -> JSONValue {
        let route = try #require(Route.all.first { $0.method == method && $0.path == path })
        let request = Route.Request(
            place: place.sibling(id),
            query: query,
            body: Array(body.utf8)
        )
        return try route.answer(request, &core, in: world, at: now) { _ in nil }
    }

    /// The code that a request is refused with.
    mutating func refusal(
        _ method: String,
        _ path: String,
        _ body: String = "",
        id: String = "",
        query: [String: String] = [:]
    ) throws -> RPCError? {
        do {
            try send(method, path, body, id: id, query: query)
            return nil
        } catch let error as RPCError {
            return error
        }
    }

    @discardableResult
    mutating func create(
        _ name: String,
        zone: String = "zone-b",
        workers: Int = 2,
        query: [String: String] = [:]
    ) throws -> JSONValue {
        let body = """
            {"clusterName": "\(name)", "config": {"gceClusterConfig": {"zoneUri": "\(zone)"},
             "workerConfig": {"numInstances": \(workers)}}}
            """
        return try send("POST", "clusters", body, query: query)
    }

    mutating func makeRunning(_ name: String, workers: Int = 2) throws {
        try create(name, workers: workers)
        supply()
        #expect(state(of: name) == "RUNNING")
    }

    func state(of cluster: String) -> String? {
        core.clusters[place.sibling(cluster)]?.status.state
    }

    mutating func operation(_ answer: JSONValue) throws -> JSONValue {
        let id = try #require(answer["name"]?.text?.split(separator: "/").last)
        return try send("GET", "operations/{id}", id: String(id))
    }

    @discardableResult
    mutating func submit(_ id: String, to cluster: String = "etl") throws -> JSONValue {
        try send(
            "POST",
            "jobs:submit",
            """
            {"job": {"reference": {"jobId": "\(id)"}, "placement": {"clusterName": "\(cluster)"},
             "hadoopJob": {"mainClass": "selftest"}}}
            """
        )
    }

    func jobState(_ id: String) -> String? { core.jobs[place.sibling(id)]?.status.state }

    mutating func observe(_ id: String, _ state: JobState, _ reason: String? = nil) {
        core.observe(place.sibling(id), .init(state: state, reason: reason), at: now)
    }
}
