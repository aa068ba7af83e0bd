import API
import Base
import Testing

@testable import Dataproc

@Suite("Jobs")
struct JobTests {
    private func running() throws -> CoreFixture {
        var fixture = CoreFixture()
        try fixture.makeRunning("etl")
        return fixture
    }

    @Test("a job is ordered once, runs in its cluster's zone and ends with what becomes of it")
    func course() throws {
        var fixture = try running()
        try fixture.submit("one")
        let job = try #require(fixture.core.jobs[fixture.place.sibling("one")])
        let request = SubmitRequest(jobs: ["selftest"], pool: "zone-b")
        #expect(
            fixture.core.takeCommands()
                == [.submit(job.name, request, requestID: "dataproc \(job.uuid)")]
        )
        fixture.core.submitted(job.name, as: JobID(7), at: fixture.now)
        #expect(fixture.jobState("one") == "SETUP_DONE")
        fixture.observe("one", .running)
        fixture.observe("one", .done)
        #expect(fixture.jobState("one") == "DONE")
        fixture.observe("one", .running)
        #expect(fixture.jobState("one") == "DONE")
        let history = fixture.core.jobs[job.name]?.status.history.map(\.state)
        #expect(history == ["PENDING", "SETUP_DONE", "RUNNING"])
    }

    @Test("a cancelled job is cancelled as soon as it is known, and only once")
    func cancel() throws {
        var fixture = try running()
        try fixture.submit("one")
        _ = fixture.core.takeCommands()
        let answer = try fixture.send("POST", "jobs/{id}:cancel", id: "one")
        #expect(answer[path: ["status", "state"]] == "CANCEL_PENDING")
        try fixture.send("POST", "jobs/{id}:cancel", id: "one")
        #expect(fixture.core.takeCommands().isEmpty)
        fixture.core.submitted(fixture.place.sibling("one"), as: JobID(7), at: fixture.now)
        #expect(fixture.core.takeCommands() == [.cancel(JobID(7))])
        fixture.observe("one", .running)
        #expect(fixture.jobState("one") == "CANCEL_STARTED")
        fixture.observe("one", .cancelled)
        #expect(fixture.jobState("one") == "CANCELLED")
        let late = try fixture.refusal("POST", "jobs/{id}:cancel", id: "one")
        #expect(late?.code == .failedPrecondition)
        #expect(late?.code.http == 400)
    }

    @Test("questions to the store are cancelled at once, whatever it still answers")
    func cancelQuery() throws {
        var fixture = try running()
        try fixture.send(
            "POST",
            "jobs:submit",
            """
            {"job": {"reference": {"jobId": "ask"}, "placement": {"clusterName": "etl"},
             "sparkSqlJob": {"queryList": {"queries": ["SELECT 1"]}}}}
            """
        )
        let name = fixture.place.sibling("ask")
        #expect(fixture.core.takeCommands() == [.query(name, ["SELECT 1"])])
        fixture.observe("ask", .running)
        try fixture.send("POST", "jobs/{id}:cancel", id: "ask")
        #expect(fixture.jobState("ask") == "CANCELLED")
        fixture.observe("ask", .done)
        #expect(fixture.jobState("ask") == "CANCELLED")
        let uuid = try #require(fixture.core.jobs[name]?.uuid)
        try fixture.send("DELETE", "jobs/{id}", id: "ask")
        #expect(fixture.core.takeCommands() == [.forgetAnswers(uuid: uuid)])
    }

    @Test("only jobs that are over are deleted")
    func delete() throws {
        var fixture = try running()
        try fixture.submit("one")
        #expect(try fixture.refusal("DELETE", "jobs/{id}", id: "one")?.code == .failedPrecondition)
        fixture.observe("one", .error, "why")
        #expect(try fixture.send("DELETE", "jobs/{id}", id: "one") == .object([:]))
        #expect(try fixture.refusal("GET", "jobs/{id}", id: "one")?.code == .notFound)
    }

    @Test("a job on a cluster that does not run is refused")
    func notRunning() throws {
        var fixture = CoreFixture()
        try fixture.create("etl")
        #expect(throws: RPCError.self) { try fixture.submit("one") }
        #expect(fixture.core.jobs.isEmpty)
    }

    @Test("a cluster's jobs end before it does")
    func deletedCluster() throws {
        var fixture = try running()
        try fixture.submit("one")
        fixture.core.submitted(fixture.place.sibling("one"), as: JobID(7), at: fixture.now)
        _ = fixture.core.takeCommands()
        let answer = try fixture.send("DELETE", "clusters/{id}", id: "etl")
        fixture.pass()
        #expect(fixture.core.takeCommands() == [.cancel(JobID(7))])
        fixture.observe("one", .cancelled)
        fixture.pass()
        let operation = try fixture.operation(answer)
        #expect(operation[path: ["response", "@type"]]?.text?.hasSuffix("Empty") ?? false)
        #expect(fixture.core.clusters.isEmpty)
    }

    @Test("a failed job is begun again as often as it may")
    func retries() throws {
        var fixture = try running()
        try fixture.send(
            "POST",
            "jobs:submit",
            """
            {"job": {"reference": {"jobId": "one"}, "placement": {"clusterName": "etl"},
             "hadoopJob": {"mainClass": "selftest"}, "scheduling": {"maxFailuresPerHour": 1}}}
            """
        )
        let name = fixture.place.sibling("one")
        fixture.core.submitted(name, as: JobID(7), at: fixture.now)
        _ = fixture.core.takeCommands()
        fixture.observe("one", .error, "first")
        #expect(fixture.core.takeCommands() == [.retry(name, JobID(7))])
        #expect(fixture.jobState("one") == "ATTEMPT_FAILURE")
        fixture.observe("one", .running)
        fixture.observe("one", .error, "second")
        #expect(fixture.jobState("one") == "ERROR")
    }

    @Test("lists take filters, matchers and the cluster's name, the newest first")
    func lists() throws {
        var fixture = try running()
        for id in ["one", "two", "three"] { try fixture.submit(id) }
        fixture.observe("two", .done)
        func ids(_ query: [String: String]) throws -> [String] {
            let answer = try fixture.send("GET", "jobs", query: query)
            return answer["jobs"]?.elements.compactMap { $0[path: ["reference", "jobId"]]?.text }
                ?? []
        }
        #expect(try ids([:]) == ["three", "two", "one"])
        #expect(try ids(["jobStateMatcher": "1"]) == ["three", "one"])
        #expect(try ids(["jobStateMatcher": "NON_ACTIVE"]) == ["two"])
        #expect(try ids(["jobStateMatcher": "1", "filter": "status.state = DONE"]) == ["two"])
        #expect(try ids(["clusterName": "other"]) == [])
        #expect(try ids(["pageSize": "2"]) == ["three", "two"])
    }

    @Test("the state goes on from its records, and what was not submitted is submitted again")
    func restart() throws {
        var fixture = try running()
        try fixture.create("more", workers: 3)
        try fixture.submit("one")
        var next = CoreFixture()
        for change in fixture.core.takeChanges() {
            let body = try #require(change.body)
            try next.core.restore(change.key.kind, body)
        }
        next.core.resume()
        #expect(next.core.takeCommands() == fixture.core.takeCommands())
        #expect(next.core.claims == ["zone-b": 5])
        next.pass()
        next.pass(30)
        #expect(next.state(of: "more") == nil, "an operation under way ends")
        let open = next.core.operations.values.filter { !$0.isDone }
        #expect(open.isEmpty)
    }
}
