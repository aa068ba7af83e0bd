import Base
import Testing

@testable import Dataproc

@Suite("The wire")
struct WireTests {
    @Test(
        "what is not JSON is refused",
        arguments: [
            "", "{", "[1,]", #"{"a":1,"a":2}"#, "01", "1.", "nul", #""\ud800""#, #""\x""#, "{} {}",
            "\"\n\"", "-", "+1", "[1 2]", String(repeating: "[", count: 70),
        ]
    )
    func badJSON(text: String) {
        #expect(throws: JSONTextError.self) { try JSONText.parse(Array(text.utf8)) }
    }

    @Test(
        "JSON is read and written back the same",
        arguments: [
            "null", "true", "-1.5e+10", "9223372036854775807", #""ä\"\\""#, "[]", "{}",
            #"{"a":[1,{"b":null}],"c":"x"}"#,
        ]
    )
    func roundTrip(text: String) throws {
        let value = try JSONText.parse(Array(text.utf8))
        #expect(String(decoding: JSONText.bytes(of: value), as: UTF8.self) == text)
    }

    @Test("garbage neither stops the parser nor passes as something else")
    func garbage() throws {
        var random = SeededGenerator(seed: 7)
        let letters = Array(#"{}[]",:\u0019eE+-.truefalsn "#.utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
                letters.randomElement(using: &random) ?? 0
            }
            guard let value = try? JSONText.parse(bytes) else { continue }
            #expect(try JSONText.parse(JSONText.bytes(of: value)) == value)
        }
    }

    @Test(
        "durations are seconds with a fraction",
        arguments: [
            ("30s", Duration.seconds(30)), ("1.5s", .milliseconds(1500)), ("0s", .zero),
            ("-2s", .seconds(-2)), ("0.000000001s", .nanoseconds(1)),
        ]
    )
    func durations(text: String, duration: Duration) {
        #expect(ProtoText.duration(text) == duration)
        #expect(ProtoText.text(duration) == text)
    }

    @Test(
        "other words are no durations",
        arguments: ["30", "s", "1.s", "1m", "1.5", "1e3s", "1.1.1s"]
    )
    func badDurations(text: String) {
        #expect(ProtoText.duration(text) == nil)
    }

    @Test("times are RFC 3339 with T and Z, or an offset")
    func times() {
        let text = "2026-11-23T20:08:10.123456Z"
        #expect(ProtoText.timestamp(text)?.rfc3339 == text)
        let shifted = "2026-11-23T21:08:10.123456+01:00"
        #expect(ProtoText.timestamp(shifted)?.rfc3339 == text)
        #expect(ProtoText.timestamp("2024-02-29T00:00:00Z") != nil)
        for bad in ["2026-02-29T00:00:00Z", "2026-11-23 20:08:10Z", "2026-11-23T20:08:10", ""] {
            #expect(ProtoText.timestamp(bad) == nil, "\(bad)")
        }
    }

    private func read(_ text: String) throws -> JSONValue {
        try ClusterSchema.cluster.read(try JSONText.parse(Array(text.utf8)))
    }

    @Test("fields come in either case, enumerations as names or numbers, integers as texts")
    func forms() throws {
        let one = try read(
            #"""
            {"cluster_name":"x","config":{"secondary_worker_config":{"num_instances":"3",
             "preemptibility":3},"software_config":{"optional_components":[1,"DOCKER"]}}}
            """#
        )
        let other = try read(
            #"""
            {"clusterName":"x","config":{"secondaryWorkerConfig":{"numInstances":3,
             "preemptibility":"SPOT"},"softwareConfig":{"optionalComponents":["JUPYTER",13]}}}
            """#
        )
        #expect(one == other)
        #expect(one[path: ["config", "secondaryWorkerConfig", "numInstances"]] == .number("3"))
    }

    @Test("below labels, metadata and properties every name is taken as it stands")
    func maps() throws {
        let text =
            #"{"config":{"softwareConfig":{"properties":{"core:a_b.c":"1"}}},"labels":{"x_y":"z"}}"#
        let value = try read(text)
        #expect(String(decoding: JSONText.bytes(of: value), as: UTF8.self) == text)
    }

    @Test(
        "what does not fit is refused with its path",
        arguments: [
            (#"{"nme":"x"}"#, "'nme'"),
            (
                #"{"config":{"workerConfig":{"numInstance":1}}}"#,
                "'config.workerConfig.numInstance'"
            ),
            (#"{"config":{"worker_config":{"num_instances":"many"}}}"#, "num_instances"),
            (#"{"config":{"workerConfig":{"preemptibility":9}}}"#, "preemptibility"),
            (#"{"config":{"lifecycleConfig":{"idleDeleteTtl":"5m"}}}"#, "idleDeleteTtl"),
            (#"{"labels":{"a":1}}"#, "labels.a"),
            (#"{"clusterName":"x","cluster_name":"y"}"#, "twice"),
            ("[]", "the body"),
        ]
    )
    func refusals(text: String, told: String) throws {
        let error = #expect(throws: RPCError.self) { try read(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(told) ?? false, "\(String(describing: error))")
    }

    @Test("what only the server writes may be sent back to it")
    func outputs() throws {
        let value = try read(#"{"clusterName":"x","status":{"state":"RUNNING","new":1}}"#)
        #expect(value == .object(["clusterName": "x"]))
    }

    @Test("parameters that all of Google's clients send are ignored, a misspelt one is not")
    func query() throws {
        let sent = ["$alt": "json;enum-encoding=int", "alt": "json", "page_size": "5"]
        let query = try Query(sent, allowed: ["pageSize"])
        #expect(try query.integer("pageSize") == 5)
        #expect(throws: RPCError.self) { try Query(["pagesize": "5"], allowed: ["pageSize"]) }
    }
}
