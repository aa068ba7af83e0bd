import Base
import Ingestion
import Testing

@Suite("A download ends with the whole file, or with what is wrong")
struct DownloadTests {
    private static let source = "https://data.example/title.gz"
    private static let policy = DownloadPolicy(
        hosts: ["data.example", "mirror.example"],
        insecureHosts: ["10.0.0.1:8000"],
        maximumSizeBytes: 100 << 20,
        tries: 3,
        retryDelay: .seconds(1)
    )

    private func download(
        _ source: String = source,
        known: RemoteVersion? = nil
    ) throws -> Download {
        Download(from: try SourceAddress(source), policy: Self.policy, known: known, seed: 1)
    }

    private static func head(
        _ status: Int,
        etag: String? = nil,
        length: Int64? = nil,
        range: String? = nil
    ) -> ResponseHead {
        var head = ResponseHead(status: status)
        head.version.etag = etag
        head.contentLength = length
        head.contentRange = range.flatMap { ContentRange($0) }
        return head
    }

    @Test("a file that comes at once is received with its version")
    func whole() throws {
        var download = try download()
        let request = try #require(download.begin().request)
        #expect(request.offset == 0)
        #expect(request.fields.isEmpty)
        #expect(request.mustBePublic)
        let handling = download.responded(Self.head(200, etag: "\"a\"", length: 10))
        #expect(handling == .store(at: 0))
        #expect(download.received(10) == true)
        let version = RemoteVersion(etag: "\"a\"", sizeBytes: 10)
        #expect(download.transferred(.complete) == .end(.received(version)))
        #expect(download.requests == 1)
    }

    @Test("what is known is asked for on the condition that it has changed")
    func conditional() throws {
        var download = try download(known: RemoteVersion(etag: "W/\"a\"", lastModified: "x"))
        let request = try #require(download.begin().request)
        #expect(request.fields == [.init(name: "If-None-Match", value: "W/\"a\"")])
        #expect(download.responded(Self.head(304)) == .ignore)
        #expect(download.transferred(.complete) == .end(.notModified))

        var dated = try self.download(known: RemoteVersion(lastModified: "x"))
        #expect(
            dated.begin().request?.fields == [.init(name: "If-Modified-Since", value: "x")]
        )
    }

    @Test("a 304 that nobody asked for is an error")
    func unaskedNotModified() throws {
        var download = try download()
        _ = download.begin()
        _ = download.responded(Self.head(304))
        #expect(download.transferred(.complete).failure?.contains("status 304") ?? false)
    }

    @Test("a file that breaks off is gone on with, on the condition that it is the same")
    func resumed() throws {
        var download = try download()
        _ = download.begin()
        _ = download.responded(Self.head(200, etag: "\"a\"", length: 10))
        #expect(download.received(4) == true)
        #expect(download.transferred(.brokeOff(reason: "reset")).delay != nil)
        let request = try #require(download.waited().request)
        #expect(request.offset == 4)
        #expect(
            request.fields == [
                .init(name: "Range", value: "bytes=4-"), .init(name: "If-Range", value: "\"a\""),
            ]
        )
        let rest = Self.head(206, etag: "\"a\"", length: 6, range: "bytes 4-9/10")
        #expect(download.responded(rest) == .store(at: 4))
        #expect(download.received(6) == true)
        let version = RemoteVersion(etag: "\"a\"", sizeBytes: 10)
        #expect(download.transferred(.complete) == .end(.received(version)))
    }

    @Test("an earlier run's beginning is gone on with; one that is whole is not asked for again")
    func earlierRun() throws {
        let version = RemoteVersion(etag: "\"a\"", sizeBytes: 10)
        var download = try download()
        let partial = PartialFile(version: version, sizeBytes: 4)
        #expect(download.begin(with: partial).request?.offset == 4)
        var whole = try self.download()
        let end = whole.begin(with: PartialFile(version: version, sizeBytes: 10))
        #expect(end == .end(.received(version)))
        var unknown = try self.download()
        let noVersion = PartialFile(version: RemoteVersion(), sizeBytes: 4)
        #expect(unknown.begin(with: noVersion).request?.offset == 0)
    }

    @Test("without a validator the file begins anew, as a weak one is none")
    func noValidator() throws {
        for etag in [nil, "W/\"a\""] {
            var download = try download()
            _ = download.begin()
            _ = download.responded(Self.head(200, etag: etag, length: 10))
            #expect(download.received(4) == true)
            _ = download.transferred(.brokeOff(reason: "reset"))
            #expect(download.waited().request?.offset == 0)
        }
    }

    @Test(
        "a rest of another version begins anew, and after three times the download has failed",
        arguments: [
            head(206, etag: "\"b\"", range: "bytes 4-9/10"),
            head(206, etag: "\"a\"", range: "bytes 4-10/11"),
            head(206, etag: "\"a\"", range: "bytes 0-9/10"),
            head(206, etag: "\"a\""), head(416), head(412),
        ]
    )
    func changedBetweenRanges(answer: ResponseHead) throws {
        var download = try download()
        var command = download.begin()
        // Three restarts, and then one too many.
        for _ in 1...4 {
            #expect(command.request?.offset == 0)
            _ = download.responded(Self.head(200, etag: "\"a\"", length: 10))
            #expect(download.received(4) == true)
            _ = download.transferred(.brokeOff(reason: "reset"))
            #expect(download.waited().request?.offset == 4)
            #expect(download.responded(answer) == .ignore)
            command = download.transferred(.complete)
            guard command.failure == nil else { return }
        }
        Issue.record("it goes on for ever")
    }

    @Test("tries that bring nothing are bounded, and the waits between them double")
    func bounded() throws {
        var download = try download()
        var command = download.begin()
        var delays: [Duration] = []
        while command.request != nil {
            let end = download.transferred(.brokeOff(reason: "refused"))
            guard let delay = end.delay else {
                command = end
                break
            }
            delays.append(delay)
            command = download.waited()
        }
        #expect(command.failure == "\(Self.source): refused (3 tries)")
        #expect(delays.count == 2)
        for (delay, floor) in zip(delays, [1, 2]) {
            #expect(delay >= .seconds(floor))
            #expect(delay <= .seconds(floor) * 5 / 4)
        }
    }

    @Test("a source that breaks off after much each time ends, too")
    func manyPieces() throws {
        var download = try download()
        var command = download.begin()
        while let request = command.request {
            if request.offset == 0 {
                _ = download.responded(Self.head(200, etag: "\"a\""))
            } else {
                let rest = "bytes \(request.offset)-\(Int64.max - 1)/*"
                _ = download.responded(Self.head(206, etag: "\"a\"", range: rest))
            }
            let isTaken = download.received(1 << 20)
            #expect(isTaken || download.requests > 100)
            let end = download.transferred(.brokeOff(reason: "reset"))
            command = end.delay == nil ? end : download.waited()
        }
        // The largest file that is taken comes before the bound on requests.
        #expect(command.failure?.contains("downloads.max_size") ?? false)
        #expect(download.requests == 101)
    }

    @Test(
        "what is for good is not tried again",
        arguments: [400, 401, 403, 404, 410, 451, 206, 300]
    )
    func permanent(status: Int) throws {
        var download = try download()
        _ = download.begin()
        #expect(download.responded(Self.head(status)) == .ignore)
        let end = download.transferred(.complete)
        if status == 206 {
            #expect(end.request != nil)
        } else {
            #expect(end.failure == "\(Self.source) answered with status \(status)")
        }
    }

    @Test("what passes is tried again", arguments: [408, 425, 429, 500, 502, 503, 504])
    func passing(status: Int) throws {
        var download = try download()
        _ = download.begin()
        #expect(download.responded(Self.head(status)) == .ignore)
        #expect(download.transferred(.complete).delay != nil)
    }

    @Test("a source is asked when it says, unless that is too long")
    func retryAfter() throws {
        var download = try download()
        _ = download.begin()
        var busy = Self.head(429)
        busy.retryAfter = .seconds(7)
        _ = download.responded(busy)
        #expect(download.transferred(.complete).delay == .seconds(7))
        _ = download.waited()
        busy.retryAfter = .seconds(601)
        _ = download.responded(busy)
        let reason = try #require(download.transferred(.complete).failure)
        #expect(reason.contains("601"))
    }

    @Test("redirections are followed three times, and each is checked")
    func redirects() throws {
        var download = try download()
        var command = download.begin()
        var moved = Self.head(302)
        for number in 1...3 {
            moved.location = "https://mirror.example/\(number)"
            _ = download.responded(moved)
            command = download.transferred(.complete)
            #expect(command.request?.address.path == "/\(number)")
        }
        _ = download.responded(moved)
        #expect(download.transferred(.complete).failure?.contains("more than 3 times") ?? false)
    }

    @Test(
        "a redirection to a place that is not allowed is refused",
        arguments: [
            "https://evil.example/x", "http://data.example/x", "https://data.example:444/x",
            "file:///etc/passwd", "https://data.example@evil.example/", "",
        ]
    )
    func badRedirect(location: String) throws {
        var download = try download()
        _ = download.begin()
        var moved = Self.head(301)
        moved.location = location
        _ = download.responded(moved)
        #expect(download.transferred(.complete).failure != nil)
    }

    @Test("a source that is not allowed is not asked at all")
    func hosts() throws {
        for source in ["https://evil.example/x", "http://data.example/x", "http://10.0.0.1/x"] {
            var download = try download(source)
            #expect(download.begin().failure != nil)
            #expect(download.requests == 0)
        }
        var inside = try download("http://10.0.0.1:8000/x")
        #expect(inside.begin().request?.mustBePublic == false)
    }

    @Test("a source that is not what the name should lead to is not tried again")
    func refusedAddress() throws {
        var download = try download()
        _ = download.begin()
        let end = download.transferred(.refused(reason: "private"))
        #expect(end == .end(.failed(reason: "private")))
    }

    @Test("a file that is too large is refused by what is announced and by what comes")
    func tooLarge() throws {
        var download = try download()
        _ = download.begin()
        #expect(download.responded(Self.head(200, length: 100 << 20 + 1)) == .ignore)
        #expect(download.transferred(.complete).failure?.contains("max_size") ?? false)

        var silent = try self.download()
        _ = silent.begin()
        _ = silent.responded(Self.head(200))
        #expect(silent.received(100 << 20) == true)
        #expect(silent.received(1) == false)
        let end = silent.transferred(.brokeOff(reason: "stopped"))
        #expect(end.failure?.contains("max_size") ?? false)
    }

    @Test("an answer that ends before its length is gone on with")
    func shorterThanSaid() throws {
        var download = try download()
        _ = download.begin()
        _ = download.responded(Self.head(200, etag: "\"a\"", length: 10))
        #expect(download.received(9) == true)
        #expect(download.transferred(.complete).delay != nil)
        #expect(download.waited().request?.offset == 9)
    }

    @Test(
        "content ranges are read strictly",
        arguments: [
            ("bytes 0-9/10", 0, 10), ("bytes 4-9/*", 4, nil), ("BYTES 1-1/2", 1, 2),
            ("bytes 4-9", nil, nil), ("bytes 9-4/10", nil, nil), ("bytes */10", nil, nil),
            ("bytes 0-9/9", nil, nil), ("bytes -1-9/10", nil, nil), ("items 0-9/10", nil, nil),
            ("bytes 0-99999999999999999999/10", nil, nil),
        ] as [(String, Int64?, Int64?)]
    )
    func contentRange(text: String, first: Int64?, total: Int64?) {
        #expect(ContentRange(text)?.first == first)
        #expect(ContentRange(text)?.totalSizeBytes == total)
    }
}

extension DownloadCommand {
    fileprivate var request: DownloadRequest? {
        if case .request(let request) = self { request } else { nil }
    }

    fileprivate var delay: Duration? {
        if case .wait(let delay) = self { delay } else { nil }
    }

    fileprivate var failure: String? {
        if case .end(.failed(let reason)) = self { reason } else { nil }
    }
}
