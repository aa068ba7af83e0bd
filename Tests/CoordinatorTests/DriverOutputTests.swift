import Dataproc
import HTTP
import Testing

@testable import Coordinator

@Suite("The output of jobs, as objects of a bucket")
struct DriverOutputTests {
    private func request(_ query: [String: String] = [:], range: String? = nil) -> HTTPRequest {
        HTTPRequest(
            method: .get,
            path: "/",
            query: query,
            headers: range.map { [("Range", $0)] } ?? []
        )
    }

    private func answer(_ request: HTTPRequest, _ content: String) -> HTTPResponse {
        DriverOutput.answer(.init(name: "job/driveroutput.000000000", request), Array(content.utf8))
    }

    @Test("an object tells its size, as a text")
    func metadata() throws {
        let object = try JSONText.parse(answer(request(["alt": "json"]), "hello").body)
        #expect(object["size"] == "5")
        #expect(object["kind"] == "storage#object")
        #expect(object["name"] == "job/driveroutput.000000000")
    }

    @Test(
        "a range gives these bytes",
        arguments: [
            ("bytes=0-1", 206, "he"), ("bytes=3-", 206, "lo"), ("bytes=1-100", 206, "ello"),
            ("bytes=-2", 200, "hello"), ("lines=0-1", 200, "hello"), ("bytes=3-1", 200, "hello"),
        ]
    )
    func ranges(range: String, status: Int, content: String) {
        let answer = answer(request(["alt": "media"], range: range), "hello")
        #expect(answer.status == status)
        #expect(String(decoding: answer.body, as: UTF8.self) == content)
    }

    @Test("a range behind the end is refused, also of an empty object")
    func behindTheEnd() {
        #expect(answer(request(["alt": "media"], range: "bytes=5-"), "hello").status == 416)
        #expect(answer(request(["alt": "media"], range: "bytes=0-0"), "").status == 416)
    }

    @Test("only the two objects of a job's output are there")
    func parts() {
        #expect(DriverOutput.part(named: "driveroutput.000000000") == 0)
        #expect(DriverOutput.part(named: "driveroutput.000000001") == 1)
        #expect(DriverOutput.part(named: "driveroutput.000000002") == nil)
        #expect(DriverOutput.part(named: "driveroutput") == nil)
    }
}
