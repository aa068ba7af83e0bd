import API
import Base
import FuzzSupport
import Transport

@testable import HTTP

/// What a client may put into a request: paths, parameters, hosts, bodies.
enum HTTPFuzzer: FuzzTarget {
    private static let patterns = [
        "/v1/projects/{p}/jobs/{id}:cancel", "/api/jobs/{id}", "/", "/{a}/{b}",
    ]
    .map { PathPattern($0) }

    /// Escaping a text and taking the escapes off again gives the text.
    private static func checkEscapes(_ text: String) {
        if let decoded = PercentCoding.decode(text) {
            precondition(!decoded.utf8.contains(0), "a NUL was let through")
        }
        guard !text.utf8.contains(0) else { return }
        let again = PercentCoding.decode(PercentCoding.encode(text))
        precondition(again.map { Array($0.utf8) } == Array(text.utf8), "escaping changed the text")
    }

    private static func checkPath(_ text: String) {
        let segments = PathPattern.segments(of: text)
        for pattern in patterns {
            guard let holes = pattern.match(segments) else { continue }
            let isWhole = holes.values.allSatisfy { !$0.isEmpty && !$0.contains("/") }
            precondition(isWhole, "a parameter is empty, or is more than one segment")
        }
    }

    private static func checkGuard(_ text: String) {
        guard let address = HostPort("127.0.0.1:8080") else { preconditionFailure("no address") }
        let request = HTTPRequest(
            method: .post,
            path: "/",
            headers: [("Host", text), ("Origin", text), ("Content-Type", text)],
            body: [123, 125]
        )
        let refusal = RequestGuard(address: address, moreHosts: [])
            .refusal(of: request) { nil }
        precondition(refusal != nil, "an Origin that is a Host was let through")
        _ = HostPort(text)
    }

    private static func checkBody(_ bytes: UnsafeRawBufferPointer) {
        do throws(JSONError) {
            let request = try JSON.decode(SubmitRequest.self, from: Array(bytes))
            let again = try JSON.decode(SubmitRequest.self, from: JSON.encode(request))
            precondition(again == request, "a request changed")
        } catch {
            precondition(!error.description.isEmpty, "an error without a message")
        }
    }

    private static let seedTexts: [(UInt8, String)] = [
        (0, "a%20b%C3%A9+c%"), (1, "a=b&c=%2B+d&=&e"), (2, "/v1/projects/p/jobs/7:cancel"),
        (3, "localhost:8080"), (3, "[::1]:8080"),
        (4, #"{"jobs":["a"],"files":[{"name":"b","text":"c"}],"input":null,"set":{"d":"e"}}"#),
    ]

    static var seeds: [[UInt8]] { seedTexts.map { [$0.0] + Array($0.1.utf8) } }

    static func read(_ bytes: UnsafeRawBufferPointer) {
        var input = FuzzInput(bytes)
        switch input.choice(5) {
        case 0: checkEscapes(input.text)
        case 1: _ = PercentCoding.parameters(of: input.text)
        case 2: checkPath(input.text)
        case 3: checkGuard(input.text)
        default: checkBody(input.rest)
        }
    }
}

@_cdecl("LLVMFuzzerInitialize")
package func begin(_: UnsafeRawPointer, _: UnsafeRawPointer) -> CInt { HTTPFuzzer.begin() }
