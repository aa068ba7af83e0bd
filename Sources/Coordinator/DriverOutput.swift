import Base
import Dataproc
import HTTP
import Storage
import Transport

/// What jobs of the Dataproc API say, as the objects of a bucket that gcloud tails.
///
/// A job's output is `JOB/driveroutput.000000000`, which grows until the job has ended; then there is
/// an empty `JOB/driveroutput.000000001`, which tells that nothing follows.
struct DriverOutput {
    /// What is shown of a job's log: its beginning, which stays the same while the log grows.
    static let limitBytes = 1 << 20
    private static let names = ["driveroutput.000000000", "driveroutput.000000001"]

    /// What is asked for of an object.
    struct Request {
        var name: String
        var wantsContent: Bool
        /// The first and the last byte that are wanted.
        var range: ClosedRange<Int>?

        init(name: String, _ request: HTTPRequest) {
            self.name = name
            wantsContent = request.query["alt"] == "media"
            range = request.header("Range").flatMap(Self.range)
        }

        /// `bytes=0-99` or `bytes=0-` (RFC 9110 section 14.1.2); other forms are not honoured.
        private static func range(_ header: String) -> ClosedRange<Int>? {
            guard header.hasPrefix("bytes=") else { return nil }
            let ends = header.dropFirst("bytes=".count).split(
                separator: "-",
                omittingEmptySubsequences: false
            )
            guard ends.count == 2, let first = Int(ends[0]), first >= 0 else { return nil }
            let last = ends[1].isEmpty ? Int.max : Int(ends[1]) ?? -1
            return first <= last ? first...last : nil
        }
    }

    /// Which part of a job's output an object is; nil for one that is none.
    static func part(named name: String) -> Int? { names.firstIndex(of: name) }

    /// The answer to who asks for an object with this content.
    static func answer(_ request: Request, _ content: [UInt8]) -> HTTPResponse {
        let type = "text/plain; charset=utf-8"
        guard request.wantsContent else {
            let path = "/storage/v1/b/\(JobResource.logBucket)/o/\(request.name)"
            let object = JSONValue.object([
                "kind": "storage#object", "bucket": .string(JobResource.logBucket),
                "name": .string(request.name), "size": .string("\(content.count)"),
                "generation": "1", "contentType": .string(type),
                "mediaLink": .string(path + "?alt=media"),
            ])
            return .json(JSONText.bytes(of: object))
        }
        guard let range = request.range else {
            return HTTPResponse(status: 200, headers: [("Content-Type", type)], body: content)
        }
        guard range.lowerBound < content.count else {
            return .error(416, "the object has \(content.count) bytes")
        }
        let part = content[range.lowerBound...min(range.upperBound, content.count - 1)]
        let place = "bytes \(part.startIndex)-\(part.endIndex - 1)/\(content.count)"
        return HTTPResponse(
            status: 206,
            headers: [("Content-Type", type), ("Content-Range", place)],
            body: Array(part)
        )
    }
}

/// The part of Cloud Storage's API that gcloud needs to tail a job.
extension CoordinatorShell {
    func addStorageRoutes(to router: inout Router) {
        let bucket = "/storage/v1/b/\(JobResource.logBucket)/o/"
        // The object's name is percent-encoded; its slash was decoded with the path.
        router.add(.get, bucket + "clusters/{uuid}/diagnostic") {
            [unowned self] request, parameters, exchange in
            let name = "clusters/\(parameters["uuid"] ?? "")/diagnostic"
            guard let content = dataproc?.diagnostic(of: parameters["uuid"] ?? "") else {
                return exchange.respond(.notFound("there is no object '\(name)'"))
            }
            exchange.respond(DriverOutput.answer(.init(name: name, request), content))
        }
        router.add(.get, bucket + "{job}/{part}") {
            [unowned self] request, parameters, exchange in
            let (job, part) = (parameters["job"] ?? "", parameters["part"] ?? "")
            let object = DriverOutput.Request(name: "\(job)/\(part)", request)
            guard let part = DriverOutput.part(named: part),
                let job = dataproc?.core.jobs.values.first(where: { $0.uuid == job })
            else {
                return exchange.respond(.notFound("there is no object '\(object.name)'"))
            }
            answer(object, part, of: job, exchange)
        }
    }

    private func answer(
        _ request: DriverOutput.Request,
        _ part: Int,
        of job: JobResource,
        _ exchange: HTTPExchange
    ) {
        guard part == 0 else {
            return exchange.respond(
                job.isEnded
                    ? DriverOutput.answer(request, [])
                    : .notFound("the job '\(job.name.id)' has not ended")
            )
        }
        guard logReads < Self.logReadsLimit, !exchange.isCrowded else {
            return exchange.respond(.error(503, "too many logs are being read; try again"))
        }
        logReads += 1
        let path =
            job.link.map { logPath(JobID($0)) } ?? dataproc?.queries.path(of: job.uuid) ?? ""
        let answer = LoopBound((exchange: exchange, shell: self), loop: loop)
        JobLog.read(path, .course) { [loop] bytes in
            loop.execute {
                answer.value.shell.logReads -= 1
                let content = Array(bytes.prefix(DriverOutput.limitBytes))
                answer.value.exchange.respond(
                    content.isEmpty
                        ? .notFound("there is no output yet")
                        : DriverOutput.answer(request, content)
                )
            }
        }
    }
}
