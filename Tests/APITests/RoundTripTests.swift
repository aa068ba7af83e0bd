import API
import Base
import Testing

@Suite("Round trips")
struct RoundTripTests {
    private func roundTrip<Value: Codable & Equatable>(_ value: Value) throws -> Bool {
        try JSON.decode(Value.self, from: JSON.encode(value)) == value
    }

    private let request = SubmitRequest(
        jobs: ["imdb"],
        files: [JobFileText(name: "a/b.yaml", text: "job: \"x\"\n\t\\ größe 東京 \u{1}")],
        input: "/in/*.gz",
        set: ["tasks": "5", "": ""],
        pool: "zone-a",
        requestID: "r-1"
    )

    @Test("what one side encodes the other decodes to the same")
    func values() throws {
        #expect(try roundTrip(request))
        #expect(try roundTrip(SubmitRequest()))
        let job = JobSummary(
            id: "7",
            name: "n",
            state: .done,
            reason: "r",
            created: "c",
            ended: "e"
        )
        #expect(try roundTrip(JobList(jobs: [job])))
        #expect(try roundTrip(TableList(tables: [])))
        #expect(try roundTrip(ScaleRequest(workers: 3)))
        #expect(try roundTrip(TokenRequest(pool: "p", name: "n", lifetimeSeconds: 60)))
        #expect(try roundTrip(TokenRequest(pool: "p")))
        let token = TokenResponse(id: "1", pool: "p", name: "n", token: "t", expires: "e")
        #expect(try roundTrip(token))
        #expect(try roundTrip(TokenList(tokens: [])))
        #expect(try roundTrip(JoinRequest(pool: "p", request: "r\n")))
        #expect(try roundTrip(JoinResponse(certificate: "c\n", authority: "a\n")))
        #expect(try roundTrip(RevokeRequest(worker: "zone-a/rack-1")))
        #expect(try roundTrip(RevokeResponse(pool: "p", name: "n")))
        let view = ViewSummary(schema: "s", view: "v", snapshot: 4, sql: "SELECT 1")
        #expect(try roundTrip(ViewList(views: [view])))
        let named = NamedSQL(name: "v", sql: "SELECT '\n'")
        #expect(try roundTrip(PublishViewsRequest(views: [named])))
        #expect(try roundTrip(DropViewsRequest(names: ["s.v"])))
        #expect(try roundTrip(VersionResponse(snapshot: 5)))
        #expect(try roundTrip(ExpireRequest(olderThanSeconds: 86_400)))
        #expect(try roundTrip(ExpireResponse(versions: 3, files: 4)))
        #expect(try roundTrip(VacuumResponse(files: 5, waiting: 6)))
        let step = ExplainedStep(job: "j", bytes: Int64.max, chunksEstimate: 1)
        #expect(try roundTrip(Explanation(pool: nil, steps: [step])))
        let column = ColumnSummary(name: "n", type: "VARCHAR[]", nullable: true)
        #expect(try roundTrip(TableDescription(schema: "s", table: "t", columns: [column])))
        #expect(try roundTrip(ErrorBody(error: ErrorDetail(code: 404, status: "S", message: "m"))))
        #expect(try roundTrip(VersionInfo(version: "1", protocolVersion: 2)))
    }

    @Test("keys that are left out count as null, and keys of a later version are passed over")
    func lenient() throws {
        let text = #"{"id":"1","name":"n","state":"DONE","created":"c","later":[1,{"a":2}]}"#
        let job = try JSON.decode(JobSummary.self, from: Array(text.utf8))
        #expect(job == JobSummary(id: "1", name: "n", state: .done, created: "c"))
    }

    @Test("slashes are not escaped")
    func slashes() {
        let text = String(decoding: JSON.encode(["a/b"]), as: UTF8.self)
        #expect(text == #"["a/b"]"#)
    }

    @Test(
        "an error names the key that is wrong",
        arguments: [
            (#"{"code":1}"#, "the key 'error' is missing at the top"),
            (#"{"error":{"code":"x"}}"#, "a value of the wrong type at 'error.code'"),
            (#"{"error":{"code":1,"status":"S"}}"#, "the key 'message' is missing at 'error'"),
            (#"{"error":null}"#, "a value of the wrong type at 'error'"),
        ]
    )
    func errors(text: String, description: String) {
        let error = #expect(throws: JSONError.self) {
            try JSON.decode(ErrorBody.self, from: Array(text.utf8))
        }
        #expect(error?.description == description)
    }

    @Test("an unknown state is an error, not a guess")
    func unknownState() {
        let text = #"{"id":"1","name":"n","state":"done","created":"c"}"#
        #expect(throws: JSONError.self) {
            try JSON.decode(JobSummary.self, from: Array(text.utf8))
        }
    }

    @Test("random bytes and changed texts are decoded or refused, never a crash")
    func garbage() {
        var generator = SeededGenerator(seed: 11)
        let whole = JSON.encode(request)
        var refused = 0
        for round in 0..<2000 {
            var bytes = whole
            if round % 2 == 0 {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(
                    truncatingIfNeeded: generator.next()
                )
            } else {
                bytes = (0..<Int(generator.next() % 64)).map { _ in
                    UInt8(truncatingIfNeeded: generator.next())
                }
            }
            do throws(JSONError) {
                _ = try JSON.decode(SubmitRequest.self, from: bytes)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 1000)
    }
}

@Suite("Routes")
struct RoutesTests {
    @Test("paths are those of the API")
    func paths() {
        #expect(Routes.jobEvents("7") == "/api/jobs/7/events")
        #expect(Routes.cancelJob("7") == "/api/jobs/7/cancel")
        #expect(Routes.jobLogs("7") == "/api/jobs/7/logs")
        #expect(Routes.drainWorker("3") == "/api/workers/3/drain")
        #expect(Routes.scalePool("zone-a") == "/api/pools/zone-a/scale")
        #expect(Routes.table("ott", "t") == "/api/tables/ott/t")
    }
}
