import Base

/// Decides how one file is downloaded: what is asked for, when again, and when that has failed.
///
/// Pure: the caller sends the requests, stores the bytes and waits.
///
/// ```
///            begin            responded, received          transferred
///   (new) ─────────▶ request ─────────────────────▶ request ─────────────▶ end
///                       ▲                                      │
///                       └────────── waited ◀── wait ◀──────────┘
/// ```
///
/// A file that breaks off is asked for from there on, under the condition that it is the same
/// version still. One that changed meanwhile begins anew.
package struct Download: Sendable {
    /// What the answer to the running request means.
    private enum Verdict {
        case storing
        case notModified
        case redirected(to: String?)
        /// To be asked for from the beginning.
        case startOver(reason: String)
        /// To be tried again, not before the source wants it.
        case tryAgain(reason: String, after: Duration?)
        case failed(reason: String)
    }

    private let source: SourceAddress
    private let policy: DownloadPolicy
    /// The version that is there already, if any: it is not downloaded again.
    private let known: RemoteVersion?
    private var generator: SeededGenerator

    private var address: SourceAddress
    private var verdict: Verdict?
    /// The version that is being stored, and how much of it is.
    private var version = RemoteVersion()
    private(set) var storedSizeBytes: Int64 = 0
    private var requestOffset: Int64 = 0

    /// Requests sent, and tries in a row that brought nothing.
    package private(set) var requests = 0
    private var fruitlessTries = 0
    private var redirects = 0
    private var restarts = 0

    package init(
        from source: SourceAddress,
        policy: DownloadPolicy,
        known: RemoteVersion? = nil,
        seed: UInt64
    ) {
        self.source = source
        self.policy = policy
        self.known = known
        address = source
        generator = SeededGenerator(seed: seed)
    }

    /// Begins, or goes on with what an earlier run has stored.
    package mutating func begin(with partial: PartialFile? = nil) -> DownloadCommand {
        if let partial, partial.sizeBytes > 0, partial.version.rangeValidator != nil {
            version = partial.version
            storedSizeBytes = partial.sizeBytes
            // All but its last check was done.
            if version.sizeBytes == storedSizeBytes { return .end(.received(version)) }
        }
        return request()
    }

    private mutating func request() -> DownloadCommand {
        if let reason = policy.refusal(of: address) { return .end(.failed(reason: reason)) }
        guard requests < DownloadPolicy.requests else {
            return .end(.failed(reason: "\(source) was not there after \(requests) requests"))
        }
        requests += 1
        verdict = nil
        requestOffset = storedSizeBytes
        var request = DownloadRequest(
            address: address,
            offset: storedSizeBytes,
            mustBePublic: policy.mustBePublic(address)
        )
        if storedSizeBytes > 0 {
            request.fields.append(.init(name: "Range", value: "bytes=\(storedSizeBytes)-"))
            if let validator = version.rangeValidator {
                request.fields.append(.init(name: "If-Range", value: validator))
            }
        } else if let known {
            if let etag = known.etag {
                request.fields.append(.init(name: "If-None-Match", value: etag))
            } else if let lastModified = known.lastModified {
                request.fields.append(.init(name: "If-Modified-Since", value: lastModified))
            }
        }
        return .request(request)
    }

    // MARK: While a request runs

    /// Judges the head of an answer.
    package mutating func responded(_ head: ResponseHead) -> BodyHandling {
        let (judgement, handling) = judge(head)
        verdict = judgement
        return handling
    }

    private mutating func judge(_ head: ResponseHead) -> (Verdict, BodyHandling) {
        switch head.status {
        case 200:
            version = head.version
            version.sizeBytes = head.contentLength
            storedSizeBytes = 0
            requestOffset = 0
            if let reason = tooLarge(head.contentLength) {
                return (.failed(reason: reason), .ignore)
            }
            return (.storing, .store(at: 0))
        case 206: return judgeRest(head)
        case 304 where requestOffset == 0 && known != nil: return (.notModified, .ignore)
        case 301, 302, 303, 307, 308: return (.redirected(to: head.location), .ignore)
        case 412, 416:
            let reason = "\(address) has no byte \(requestOffset) any more"
            return (.startOver(reason: reason), .ignore)
        case 408, 425, 429, 500...:
            let reason = "\(address) answered with status \(head.status)"
            return (.tryAgain(reason: reason, after: head.retryAfter), .ignore)
        default:
            return (.failed(reason: "\(address) answered with status \(head.status)"), .ignore)
        }
    }

    /// Judges an answer that goes on where the last one broke off.
    private mutating func judgeRest(_ head: ResponseHead) -> (Verdict, BodyHandling) {
        var found = head.version
        found.sizeBytes = head.contentRange?.totalSizeBytes
        guard let range = head.contentRange, range.first == requestOffset, requestOffset > 0,
            version.mayEqual(found)
        else {
            let reason = "\(address) changed while it was downloaded"
            return (.startOver(reason: reason), .ignore)
        }
        version.sizeBytes = version.sizeBytes ?? found.sizeBytes
        if let reason = tooLarge(version.sizeBytes) { return (.failed(reason: reason), .ignore) }
        return (.storing, .store(at: requestOffset))
    }

    private func tooLarge(_ sizeBytes: Int64?) -> String? {
        guard let sizeBytes, sizeBytes > policy.maximumSizeBytes else { return nil }
        return "\(address) has \(ByteCount(sizeBytes)), more than downloads.max_size allows, "
            + "\(ByteCount(policy.maximumSizeBytes))"
    }

    /// Counts bytes that were stored; false where there are more than may be.
    package mutating func received(_ count: Int) -> Bool {
        storedSizeBytes += Int64(count)
        guard let reason = tooLarge(storedSizeBytes) else { return true }
        verdict = .failed(reason: reason)
        return false
    }

    // MARK: Between requests

    /// What follows the end of a request.
    package mutating func transferred(_ end: TransferEnd) -> DownloadCommand {
        switch (verdict, end) {
        case (_, .refused(let reason)): return .end(.failed(reason: reason))
        case (.failed(let reason)?, _): return .end(.failed(reason: reason))
        case (.notModified?, _): return .end(.notModified)
        case (.redirected(let target)?, _): return follow(target)
        case (.startOver(let reason)?, _): return startOver(reason: reason)
        case (.tryAgain(let reason, let delay)?, _): return tryAgain(reason: reason, after: delay)
        case (.storing?, .complete): return complete()
        case (nil, .complete):
            return tryAgain(reason: "\(address) gave no answer", after: nil)
        case (_, .brokeOff(let reason)):
            return tryAgain(reason: "\(address): \(reason)", after: nil)
        }
    }

    /// Goes on after a wait.
    package mutating func waited() -> DownloadCommand { request() }

    private mutating func complete() -> DownloadCommand {
        if let sizeBytes = version.sizeBytes, storedSizeBytes != sizeBytes {
            let reason = "\(address) ended after \(storedSizeBytes) of \(sizeBytes) bytes"
            if storedSizeBytes > sizeBytes { return startOver(reason: reason) }
            return tryAgain(reason: reason, after: nil)
        }
        return .end(.received(version))
    }

    private mutating func follow(_ location: String?) -> DownloadCommand {
        redirects += 1
        guard redirects <= DownloadPolicy.redirects else {
            let reason = "\(source) redirects more than \(DownloadPolicy.redirects) times"
            return .end(.failed(reason: reason))
        }
        do throws(SourceAddressError) {
            address = try SourceAddress(location ?? "")
        } catch {
            return .end(.failed(reason: "\(address) redirects to another place: \(error)"))
        }
        return request()
    }

    private mutating func startOver(reason: String) -> DownloadCommand {
        restarts += 1
        guard restarts <= DownloadPolicy.restarts else {
            return .end(.failed(reason: "\(reason), \(restarts) times"))
        }
        storedSizeBytes = 0
        version = RemoteVersion()
        address = source
        redirects = 0
        return request()
    }

    private mutating func tryAgain(reason: String, after wanted: Duration?) -> DownloadCommand {
        let brought = storedSizeBytes - requestOffset
        fruitlessTries = brought >= DownloadPolicy.worthwhileSizeBytes ? 0 : fruitlessTries + 1
        guard fruitlessTries < policy.tries else {
            return .end(.failed(reason: "\(reason) (\(fruitlessTries) tries)"))
        }
        if let wanted, wanted > DownloadPolicy.longestRetryAfter {
            let seconds = wanted.seconds
            return .end(.failed(reason: "\(reason), and not to be asked for \(seconds) s"))
        }
        // Without a validator nobody could tell whether the rest is of the same version.
        if version.rangeValidator == nil { storedSizeBytes = 0 }
        address = source
        redirects = 0
        return .wait(max(wanted ?? .zero, backOff()))
    }

    /// Twice as long each time, and up to a quarter more: many clients must not come all at once.
    private mutating func backOff() -> Duration {
        let delay = policy.retryDelay.doubled(
            fruitlessTries - 1,
            upTo: DownloadPolicy.lastRetryDelay
        )
        return delay + delay * Int(generator.next() & 63) / 256
    }
}
